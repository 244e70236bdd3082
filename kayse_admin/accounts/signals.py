"""What allauth and Django tell by signals and the record keeps: where a session began, changes of second factors."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
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
    mfa.authenticator_added.connect(_added, dispatch_uid="accounts.factor_added")
    mfa.authenticator_removed.connect(_removed, dispatch_uid="accounts.factor_removed")
    mfa.authenticator_reset.connect(_renewed, dispatch_uid="accounts.factor_reset")
    mfa.authentication_failed.connect(_wrong_code, dispatch_uid="accounts.factor_failed")


def _signed_in(request: HttpRequest, **_: Any) -> None:
    sessions.begin(request)


def _added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record(request, user, f"added: {authenticator.get_type_display()}")


def _removed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    request.session.pop(PROTECTED, None)
    _record(request, user, f"removed: {authenticator.get_type_display()}")


def _renewed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record(request, user, f"made anew: {authenticator.get_type_display()}")


def _wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    failed(request, user, "wrong second factor")


def _record(request: HttpRequest, user: User, detail: str) -> None:
    recorder.fact(build_actor(request), Action.SECOND_FACTOR_CHANGE, target(user), detail=detail)
