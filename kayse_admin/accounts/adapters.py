"""Where allauth meets this house: who may sign in, how often they may try, what is recorded, what is encrypted.

allauth keeps the steps of signing in, the second factors and single sign-on; what is here are its documented hooks.
"""

from __future__ import annotations

import base64
import hashlib
from io import BytesIO
from typing import Any, cast

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.stages import AuthenticateStage
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from qrcode.constants import ERROR_CORRECT_L
from qrcode.image.svg import SvgPathFillImage

from kayse_admin.accounts import limits
from kayse_admin.accounts.confirming import confirmed
from kayse_admin.accounts.middleware import vouched_for
from kayse_admin.accounts.models import User
from kayse_admin.accounts.people import target
from kayse_admin.actors import address_of, build_actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target

#: What allauth would say in a toast and the page says itself.
SILENT = (
    "account/messages/logged_in.txt",
    "account/messages/logged_out.txt",
    "mfa/messages/recovery_codes_generated.txt",
)


class AccountAdapter(DefaultAccountAdapter):
    """Signing in: closed to strangers, limited, recorded."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the audit record tells too (`TRUSTED_PROXY_COUNT`)."""
        return address_of(request)

    def is_safe_url(self, url: str) -> bool:
        """Only paths of this site: never another host, not even one of ours."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def is_ajax(self, request: HttpRequest) -> bool:
        """Every answer is a page; none turns into JSON because a header asks for it."""
        return False

    def get_login_stages(self) -> list[str]:
        """After the password (or single sign-on) comes the second factor, and nothing else."""
        return ["kayse_admin.accounts.adapters.SecondFactorStage"]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth asks again too unless somebody proved who they are a moment ago."""
        return not confirmed(context.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take one try before the password is looked at."""
        if not limits.take(self._tries(request, credentials)):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person, when name and password are right and the account is not disabled."""
        user = super().authenticate(request, **credentials)
        if user is None or not user.is_active:
            return None
        limits.give_back(self._tries(request, credentials))
        return user  # type: ignore[return-value]

    def reauthenticate(self, user: User, password: str) -> bool:  # type: ignore[override]
        """Whether somebody signed in typed their password; a wrong one is recorded."""
        right = super().reauthenticate(user, password)
        if not right:
            failed(context.request, user, "when asked to confirm")
        return right

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:  # type: ignore[override]
        """Single sign-on knows them, we let them in no longer."""
        failed(request, user, "the account is disabled")
        return super().respond_user_inactive(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """Record who came in, by which means; all steps are done."""
        recorder.fact(build_actor(request), Action.SIGN_IN, target(user), detail=_means(request, user))
        return super().post_login(request, user, **kwargs)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Messages as allauth words them, without those that only say what everybody sees."""
        if not any(one in SILENT for one in (*args, *kwargs.values()) if isinstance(one, str)):
            super().add_message(*args, **kwargs)

    def _tries(self, request: HttpRequest, credentials: dict[str, Any]) -> list[limits.Counted]:
        return limits.sign_in(str(credentials.get("username", "")), address_of(request))


class SecondFactorStage(AuthenticateStage):
    """Asks for the second factor of people who have one, unless their provider has asked already."""

    def _should_handle(self, request: HttpRequest) -> bool:
        return super()._should_handle(request) and not vouched_for(request, cast(User, self.login.user))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: secrets are encrypted by a key outside the database; the firm's name is on the prompt."""

    def encrypt(self, text: str) -> str:
        """With a key derived from `SECRET_KEY`."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Also what an earlier key encrypted that `SECRET_KEY_FALLBACKS` still names."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def build_totp_svg(self, url: str) -> str:
        """The QR code as an <svg> in the page: the policy allows no data: images. White, in the dark too."""
        file = BytesIO()
        qrcode.make(url, image_factory=SvgPathFillImage, error_correction=ERROR_CORRECT_L, box_size=14).save(
            file
        )
        return file.getvalue().decode().partition("?>")[2].strip()

    def _get_site_name(self) -> str:
        return f"Kayse Admin {settings.FIRM_NAME}".strip()


def failed(request: HttpRequest, person: User | None, detail: str = "") -> None:
    """Record a failure under the account's name; what was typed is kept only if there is such an account."""
    about = target(person) if person else Target("user", None, "unknown account")
    recorder.fact(build_actor(request), Action.SIGN_IN_FAILED, about, result="rejected", detail=detail)


def _means(request: HttpRequest, user: User) -> str:
    names = {
        "password": "password",  # nosec B105  # a word of a sentence
        "socialaccount": settings.OIDC_NAME,
        "totp": "authenticator app",
        "webauthn": "security key",
        "recovery_codes": "recovery code",
    }
    found = [one.get("type") or one.get("method", "") for one in get_authentication_records(request, user)]
    return "by " + " and ".join(dict.fromkeys(names.get(one, one) for one in found)) if found else ""


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"second factors\n" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
