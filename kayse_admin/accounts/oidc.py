"""Single sign-on by OpenID Connect: who gets an account, and which roles follow from the provider's groups."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests
from allauth.account.internal.userkit import filter_users_by_email
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.http import HttpRequest

from kayse_admin.accounts import outbound, people
from kayse_admin.accounts.adapters import failed
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Capability, Role
from kayse_admin.actors import Actor, address_of

#: Key of a session: the state of the request in which the provider was asked to make the person sign in again.
ASKED_AGAIN = "oidc_asked_again"


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Lets in whom an administrator invited, and whom `OIDC_GROUP_ROLES` gives a role."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whether a stranger gets an account: only with a role from a group, and not under somebody's address.

        An address that the provider has not verified proves nothing; verified ones were matched before.
        """
        taken = any(filter_users_by_email(address.email) for address in sociallogin.email_addresses)
        welcome = bool(roles_of(sociallogin.account.extra_data)) and not taken
        if not welcome:
            failed(request, None, f"by {settings.OIDC_NAME}: no account, and no group that gives one")
        return welcome

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Roles follow the groups at each sign-in; how fresh the proof is, the provider tells."""
        request.proved_at = proved_at(request, sociallogin)  # type: ignore[attr-defined]  # `sessions.begin` notes it
        if sociallogin.is_existing:
            follow_groups(request, sociallogin)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make the account of somebody whose group gives them a role."""
        person: User = super().save_user(request, sociallogin, form)
        follow_groups(request, sociallogin)
        return person

    def get_requests_session(self) -> requests.Session:
        """A session that calls the hosts of the allow-list only."""
        return outbound.guard(super().get_requests_session())  # type: ignore[no-untyped-call]


def proved_at(request: HttpRequest, sociallogin: SocialLogin) -> float:
    """When the person proved who they are to the provider, in seconds since 1970; 0 when nobody knows.

    A provider lets people through who signed in there hours ago. It tells when that was (`auth_time`, OpenID Connect
    Core 2); one that does not tell is believed only where it was asked to make them sign in again.
    """
    told = (sociallogin.account.extra_data.get("id_token") or {}).get("auth_time")
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    asked = request.session.pop(ASKED_AGAIN, None)
    return time.time() if asked and asked == request.GET.get("state") else 0.0


def roles_of(told: Mapping[str, Any]) -> list[Role]:
    """The roles that the groups among the provider's claims give, by `OIDC_GROUP_ROLES`."""
    groups: set[str] = set()
    for part in ("userinfo", "id_token"):
        claim = (told.get(part) or {}).get(settings.OIDC_GROUPS_CLAIM) or []
        groups.update([claim] if isinstance(claim, str) else map(str, claim))
    known = {role.value: role for role in Role}
    given = {role for group, role in settings.OIDC_GROUP_ROLES.items() if group in groups}
    return [known[name] for name in sorted(given) if name in known]


def follow_groups(request: HttpRequest, sociallogin: SocialLogin) -> None:
    """Give the person the roles of their groups, on the record. The last administrator keeps that role."""
    person = sociallogin.user
    if not settings.OIDC_GROUP_ROLES or not isinstance(person, User):
        return
    wanted = roles_of(sociallogin.account.extra_data)
    held = set(person.groups.values_list("name", flat=True)) & {role.value for role in Role}
    if held == {role.value for role in wanted}:
        return
    provider = Actor(
        id=None,
        name=settings.OIDC_NAME,
        address=address_of(request),
        request_id=getattr(request, "request_id", ""),
        role="System",
        capabilities=frozenset({Capability.PEOPLE_EDIT.value}),
    )
    reason = "groups told at sign-in"
    try:
        people.set_roles(provider, person, wanted, reason=reason)
    except people.LastAdministrator:
        people.set_roles(
            provider, person, [*wanted, Role.ADMINISTRATOR], reason=f"{reason}; nobody else administers"
        )
