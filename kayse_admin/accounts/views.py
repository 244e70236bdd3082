"""Signing in and out, and the theme of the pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Role
from kayse_admin.actors import actor_of, build_actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.context_processors import THEMES


class SignIn(LoginView):
    """The sign-in page; each success and each failure is a fact in the audit record."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demo people, who exist only beside the sandbox."""
        context = super().get_context_data(**kwargs)
        if settings.IS_SANDBOX:
            context["demo"] = {
                "people": [{"username": name, "role": role.label} for name, role in DEMO_PEOPLE],
                "password": settings.DEMO_PASSWORD,
            }
        return context

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in and record it."""
        response = super().form_valid(form)
        actor = build_actor(self.request)
        recorder.fact(actor, Action.SIGN_IN, Target("user", actor.id, actor.name))
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Record the failure under the account's name when there is such an account.

        A name that nobody has is not kept: people type their password into the wrong box.
        """
        typed = str(form.data.get("username", ""))[:150]
        found = get_user_model().objects.filter(username=typed).first() if "\x00" not in typed else None
        target = (
            Target("user", found.pk, found.display_name) if found else Target("user", None, "unknown account")
        )
        recorder.fact(build_actor(self.request), Action.SIGN_IN_FAILED, target, result="rejected")
        return self.render_to_response(self.get_context_data(form=form), status=422)


#: Accounts that `make run` makes beside the sandbox, and nowhere else.
DEMO_PEOPLE: tuple[tuple[str, Role], ...] = (
    ("paralegal", Role.PARALEGAL),
    ("manager", Role.MANAGER),
    ("auditor", Role.AUDITOR),
    ("admin", Role.ADMINISTRATOR),
)


@require_POST
@requires()
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session and record it."""
    actor = actor_of(request)
    recorder.fact(actor, Action.SIGN_OUT, Target("user", actor.id, actor.name))
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
