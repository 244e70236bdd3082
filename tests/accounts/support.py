"""What the tests of accounts share: signing in over HTTP, codes of an authenticator app, people of the record."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.accounts.sessions import PROVED_AT, SIGNED_IN_AT
from kayse_admin.audit.models import Event
from tests.conftest import PASSWORD


def sign_in(browser: Browser, name: str, password: str = PASSWORD, **fields: str) -> int:
    """Post the sign-in form; returns the status."""
    return browser.post("/sign-in/", {"username": name, "password": password, **fields}).status_code


def set_up_app(person: User) -> str:
    """Give the person an authenticator app and recovery codes; returns the app's secret."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    RecoveryCodes.activate(person)
    return secret


def code_of(secret: str, step: int = 0) -> str:
    """What the app shows now, or so many steps of 30 seconds later."""
    return format_hotp_value(hotp_value(secret, int(totp.time.time()) // 30 + step))


def wrong_code(secret: str) -> str:
    """Six digits that are none of the three that would be taken now."""
    right = {code_of(secret, step) for step in (-2, -1, 0, 1, 2)}
    return next(code for code in (f"{number:06}" for number in range(10)) if code not in right)


def recovery_codes(person: User) -> list[str]:
    """The recovery codes that are left."""
    row = Authenticator.objects.get(user=person, type="recovery_codes")
    return RecoveryCodes(row).get_unused_codes()


def facts() -> list[tuple[str, str, str]]:
    """The record, oldest first: action, whose account it is about, detail."""
    return list(Event.objects.order_by("id").values_list("action", "target_label", "detail"))


def aged(browser: Browser, seconds: float) -> SessionBase:
    """Let the browser's session have begun so many seconds earlier; returns it."""
    session = browser.session
    session[SIGNED_IN_AT] -= seconds
    if PROVED_AT in session:
        session[PROVED_AT] -= seconds
    session.save()
    return session
