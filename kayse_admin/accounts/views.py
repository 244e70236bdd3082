"""Signing in and out, and the theme of the pages."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.logout import logout
from allauth.account.internal.userkit import get_user_by_username
from allauth.account.views import LoginView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import http_date, url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from kayse_admin.accounts import limits, sessions
from kayse_admin.accounts.adapters import failed
from kayse_admin.accounts.forms import SignInForm
from kayse_admin.accounts.models import User
from kayse_admin.accounts.people import target
from kayse_admin.accounts.roles import Role
from kayse_admin.actors import actor_of, address_of
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.context_processors import THEMES


class SignIn(LoginView):
    """The sign-in page: 302 to where the person was going or to their second factor, 422 or 429 with the form."""

    form_class = SignInForm
    template_name = "accounts/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add single sign-on if there is one, and the demo people, who exist only beside the sandbox."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["next"] = self.get_next_url()  # type: ignore[no-untyped-call]
        context["ended"] = sessions.ended_words(self.request.GET.get("ended", ""))
        context["provider"] = settings.OIDC_NAME if settings.OIDC_ISSUER else ""
        if settings.IS_SANDBOX:
            context["demo"] = {
                "people": [{"username": name, "role": role.label} for name, role in DEMO_PEOPLE],
                "password": settings.DEMO_PASSWORD,
            }
        return context

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        """Record the failure under the account's name when there is such an account.

        A name that nobody has is not kept: people type their password into the wrong box. A try that the limit
        refused was none, and is not recorded: nobody can fill the record that way.
        """
        typed = str(form.data.get("username", ""))[:150].strip()
        if form.has_error("__all__", "too_many_login_attempts"):
            response = self.render_to_response(self.get_context_data(form=form), status=429)
            free = limits.free_at(limits.sign_in(typed, address_of(self.request)))
            response["Retry-After"] = http_date(free.timestamp()) if free else "60"
            return response
        person = get_user_by_username(typed) if typed and "\x00" not in typed else None
        failed(self.request, person if isinstance(person, User) else None)
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_in = require_http_methods(["GET", "HEAD", "POST"])(SignIn.as_view())


#: Accounts that `make run` makes beside the sandbox, and nowhere else.
DEMO_PEOPLE: tuple[tuple[str, Role], ...] = (
    ("paralegal", Role.PARALEGAL),
    ("manager", Role.MANAGER),
    ("auditor", Role.AUDITOR),
    ("admin", Role.ADMINISTRATOR),
)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session, or a sign-in that waits for its second factor, and record it."""
    if isinstance(request.user, User):
        recorder.fact(actor_of(request), Action.SIGN_OUT, target(request.user))
    logout(request)
    response = redirect("sign_in")
    # htmx keeps the current address in the browser's session storage: nothing of it outlives the session.
    response["Clear-Site-Data"] = '"storage"'
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back to the page."""
    chosen = request.POST.get("theme", "")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = redirect(back)
    if chosen in THEMES:
        response.set_cookie(
            "theme", chosen, max_age=31_536_000, samesite="Lax", secure=settings.HTTPS, httponly=True
        )
    return response
