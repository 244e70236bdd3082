"""One's own account: what it is, its password, its sessions; and the link by which a password is set."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kayse_admin import htmx
from kayse_admin.accounts import invitations, people, sessions
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.forms import ChangePasswordForm, NewPasswordForm
from kayse_admin.accounts.middleware import second_factor_required
from kayse_admin.accounts.models import Session, User
from kayse_admin.actors import actor_of, build_actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action


def me(request: HttpRequest) -> User:
    """The person who is signed in; only for views below `requires`."""
    return cast(User, request.user)


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, for a form: an empty POST is a form with nothing in it, not no form."""
    return request.POST if request.method == "POST" else None


@require_safe
@requires()
def index(request: HttpRequest) -> HttpResponse:
    """The account page."""
    person = me(request)
    kinds = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    context = {
        "person": person,
        "role": actor_of(request).role,
        "has_password": person.has_usable_password(),
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "has_app": "totp" in kinds,
        "has_keys": "webauthn" in kinds,
        "required": second_factor_required(),
        **sessions_of(person, request.session.session_key),
    }
    return render(request, "accounts/account.html", context)


def sessions_of(person: User, current: str | None = None) -> dict[str, Any]:
    """The person's sessions for a page, newest first; the current one is marked."""
    rows = Session.objects.filter(user=person).order_by("-last_seen_at")
    return {"sessions": list(rows.defer("session_data")), "current_session": current}


@require_POST
@requires()
def end_sessions(request: HttpRequest) -> HttpResponseBase:
    """End all of one's other sessions."""
    ended = people.end_sessions(actor_of(request), me(request), but=request.session.session_key)
    htmx.toast(request, f"{ended} other session{'' if ended == 1 else 's'} ended.")
    return htmx.redirect(request, reverse("account"))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires()
def password(request: HttpRequest) -> HttpResponse | HttpResponseBase:
    """Change the password; every other session of the person ends."""
    person = me(request)
    if not person.has_usable_password():
        raise Http404
    form = ChangePasswordForm(posted(request), person=person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            person.set_password(form.cleaned_data["password"])
            person.save(update_fields=["password"])
            sessions.end(person, but=request.session.session_key)
            recorder.fact(actor_of(request), Action.PASSWORD_CHANGE, people.target(person))
        update_session_auth_hash(request, person)
        htmx.toast(request, "Your password was changed. Your other sessions were ended.")
        return htmx.redirect(request, reverse("account"))
    return render(request, "accounts/password.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse | HttpResponseBase:
    """Choose a password by a link; 404 for a link that is no longer good."""
    person = invitations.person_of(token)
    if person is None:
        return render(request, "accounts/link_over.html", status=404)
    form = NewPasswordForm(posted(request), person=person)
    if request.method == "POST" and form.is_valid():
        if invitations.use(build_actor(request), person, form.cleaned_data["password"]):
            return htmx.redirect(request, settings.LOGIN_URL)
        return render(request, "accounts/link_over.html", status=404)
    context = {"form": form, "person": person}
    return render(request, "accounts/choose_password.html", context, status=422 if form.errors else 200)


@require_safe
@requires()
def confirm_by_provider(request: HttpRequest) -> HttpResponse:
    """For people with neither password nor second factor here: sign in at the provider once more."""
    if not settings.OIDC_ISSUER:
        raise Http404
    query = {
        "process": "login",
        "auth_params": "prompt=login&max_age=0",
        "next": request.GET.get("next", "/"),
    }
    link = f"{reverse('openid_connect_login', args=['sso'])}?{urlencode(query)}"
    return render(
        request, "accounts/confirm_by_provider.html", {"link": link, "provider": settings.OIDC_NAME}
    )
