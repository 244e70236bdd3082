"""Each request of somebody signed in: is the session still good, and is there the second factor that they need?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from typing import Any, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.sessions.backends.base import SessionBase
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from kayse_admin import errors, htmx
from kayse_admin.accounts import sessions as engine
from kayse_admin.accounts.models import User
from kayse_admin.actors import build_actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: Key of a session whose person was found to have a second factor.
PROTECTED = "second_factor"
#: Addresses that people without the second factor they need can still open: where they set it up, and the way out.
OPEN = frozenset(
    {"sign_out", "theme", "account_reauthenticate", "confirm_by_provider", "healthz", "readyz", "metrics"}
)

logger = logging.getLogger("kayse_admin.accounts")


def sessions(get_response: GetResponse) -> GetResponse:
    """End sessions that are idle or old; keep people without the second factor they need at its set-up."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            _look_after(request)
        except (OperationalError, InterfaceError) as error:
            logger.error("the database did not answer", exc_info=error)
            return errors.unavailable(request)
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, *_: Any) -> HttpResponseBase | None:
        if not (getattr(view, "polled", False) and htmx.is_fragment(request)):
            _note_a_click(request.session)
        name = request.resolver_match.url_name or "" if request.resolver_match else ""
        if not request.user.is_authenticated or name in OPEN or name.startswith("mfa_"):
            return None
        return None if protected(request) else htmx.redirect(request, reverse("mfa_index"))

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def second_factor_required() -> bool:
    """Whether everybody needs a second factor by now."""
    since: str = settings.MFA_REQUIRED_FROM
    return bool(since) and timezone.localdate() >= date.fromisoformat(since)


def protected(request: HttpRequest) -> bool:
    """Whether the signed-in person has the second factor they need. Asks the database once a session."""
    if not second_factor_required() or request.session.get(PROTECTED):
        return True
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    person = cast(User, request.user)
    found = is_mfa_enabled(person, kinds) or vouched_for(request, person)
    if found:
        request.session[PROTECTED] = True
    return found


def vouched_for(request: HttpRequest, person: User) -> bool:
    """Whether they came by single sign-on from a provider that asks for a second factor itself."""
    records = get_authentication_records(request, person)
    return settings.OIDC_PROVIDES_MFA and any(one.get("method") == "socialaccount" for one in records)


def _look_after(request: HttpRequest) -> None:
    session = request.session
    if not session.session_key or SESSION_KEY not in session:
        return
    reason = engine.overdue(session)
    if reason and request.user.is_authenticated:
        actor = build_actor(request)
        told = Target("user", actor.id, actor.name)
        recorder.fact(actor, Action.SIGN_OUT, told, detail=f"by the dashboard, {engine.ended_words(reason)}")
        logout(request)
        request.session_ended = reason  # type: ignore[attr-defined]


def _note_a_click(session: SessionBase) -> None:
    if session.session_key and SESSION_KEY in session:
        engine.touch(session)
