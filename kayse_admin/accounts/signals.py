"""What Django and allauth tell by signals: where a session began, what became of second factors."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest

from kayse_admin.accounts import sessions
from kayse_admin.accounts.adapters import failed
from kayse_admin.accounts.middleware import PROTECTED
from kayse_admin.accounts.models import User
from kayse_admin.accounts.people import target
from kayse_admin.actors import build_actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action


def connect() -> None:
    """Listen; called once when the apps are ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.signed_in")
    authentication_failed.connect(_wrong_code, dispatch_uid="accounts.factor_failed")
    # The rows, not allauth's own signals: those come after the commit, and a change without its record must not be.
    post_save.connect(_saved, sender=Authenticator, dispatch_uid="accounts.factor_saved")
    post_delete.connect(_deleted, sender=Authenticator, dispatch_uid="accounts.factor_deleted")


def _signed_in(request: HttpRequest, **_: Any) -> None:
    sessions.begin(request)


def _wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    failed(request, user, "wrong second factor")


def _saved(instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        _record(instance, "added")


def _deleted(instance: Authenticator, **_: Any) -> None:
    _record(instance, "removed")


def _record(factor: Authenticator, what: str) -> None:
    """One fact for each factor, by whoever is at work in this request."""
    request = context.request
    if request is None:
        return
    if what == "removed" and request.user.pk == factor.user_id:
        request.session.pop(PROTECTED, None)
    name = str(factor.get_type_display())
    recorder.fact(
        build_actor(request), Action.SECOND_FACTOR_CHANGE, target(factor.user), detail=f"{what}: {name}"
    )
