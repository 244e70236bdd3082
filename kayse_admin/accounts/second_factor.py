"""allauth's pages of the second factor where this house wants another answer to a form that is wrong: 422, in place."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView
from django.forms import Form
from django.http import HttpResponse

from kayse_admin.accounts.middleware import second_factor_required


class Enter(AuthenticateView):
    """The second step of signing in."""

    def form_invalid(self, form: Form) -> HttpResponse:
        """The page again."""
        many = any(
            fault.code == "too_many_login_attempts"
            for faults in form.errors.as_data().values()
            for fault in faults
        )
        response = self.get(self.request)
        response.status_code = 429 if many else 422
        return response


class Index(IndexView):
    """What somebody has set up."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether everybody needs one."""
        return super().get_context_data(**kwargs) | {"required": second_factor_required()}


class AddApp(ActivateTOTPView):
    """Setting up an authenticator app."""

    def form_invalid(self, form: Form) -> HttpResponse:
        """The page again, with the same secret."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


class AddKey(AddWebAuthnView):
    """Adding a security key."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth forgets the form that was wrong."""
        return super().get_context_data(**kwargs) | kwargs

    def form_invalid(self, form: Form) -> HttpResponse:
        """The page again, with a new challenge."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


class ConfirmByKey(ReauthenticateWebAuthnView):
    """Confirming who one is by a security key."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth forgets the form that was wrong."""
        return super().get_context_data(**kwargs) | kwargs

    def form_invalid(self, form: Form) -> HttpResponse:
        """The page again, with a new challenge; allauth would lead away from it."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


index = Index.as_view()
enter = Enter.as_view()
add_app = AddApp.as_view()
add_key = AddKey.as_view()
confirm_by_key = ConfirmByKey.as_view()
