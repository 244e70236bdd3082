"""allauth's pages where this house wants another answer to a form that is wrong: the page again, with 422 or 429."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView
from django.forms import BaseForm
from django.http import HttpResponse
from django.views.generic import FormView

from kayse_admin.accounts.middleware import second_factor_required

if TYPE_CHECKING:

    class Base(FormView[Any]):
        """What the pages below are."""

else:
    Base = object


def status_of(form: BaseForm) -> int:
    """429 for a try that the limit refused, else 422."""
    codes = {fault.code for faults in form.errors.as_data().values() for fault in faults}
    return 429 if "too_many_login_attempts" in codes else 422


class Again(Base):
    """A form that is wrong comes back in its page; allauth forgets it in some places, and answers 200."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Keep the form that was wrong."""
        return super().get_context_data(**kwargs) | kwargs

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """The page again."""
        return self.render_to_response(self.get_context_data(form=form), status=status_of(form))


class Index(IndexView):
    """What somebody has set up."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether everybody needs one."""
        return super().get_context_data(**kwargs) | {"required": second_factor_required()}


class Enter(AuthenticateView):
    """The second step of signing in."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """The page again."""
        response = self.get(self.request)
        response.status_code = status_of(form)
        return response


class AddApp(Again, ActivateTOTPView):
    """Setting up an authenticator app."""


class RemoveApp(Again, DeactivateTOTPView):
    """Removing it."""


class AddKey(Again, AddWebAuthnView):
    """Adding a security key."""


class NewCodes(Again, GenerateRecoveryCodesView):
    """Making new recovery codes."""


class Confirm(Again, ReauthenticateView):
    """Confirming who one is by the password."""


class ConfirmByCode(Again, ReauthenticateByCodeView):
    """Confirming who one is by a code."""


class ConfirmByKey(Again, ReauthenticateWebAuthnView):
    """Confirming who one is by a security key."""


index = Index.as_view()
enter = Enter.as_view()
add_app = AddApp.as_view()
remove_app = RemoveApp.as_view()
add_key = AddKey.as_view()
new_codes = NewCodes.as_view()
confirm = Confirm.as_view()
confirm_by_code = ConfirmByCode.as_view()
confirm_by_key = ConfirmByKey.as_view()
