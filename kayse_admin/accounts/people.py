"""What administrators change about people, on the record: accounts, roles, sessions, second factors.

Each change and its record are one transaction. Somebody whose account is disabled is out at the next request, because
Django does not return inactive people from a session.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction

from kayse_admin.accounts import sessions
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Capability, Role
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target


class LastAdministrator(Exception):
    """Nobody would be left who can let people in: the change was refused, nothing was changed."""


def target(person: User) -> Target:
    """A person as the record names them."""
    return Target("user", person.pk, person.display_name)


def invite(actor: Actor, fields: dict[str, Any], roles: Iterable[Role]) -> User:
    """Make an account that nobody can sign in to until its link is used (`accounts.invitations`).

    `fields`: username, first_name, last_name, email, checked by a form.
    """
    actor.require(Capability.PEOPLE_EDIT)
    wanted = sorted({role.value for role in roles})
    with transaction.atomic():
        person = User(**fields)
        person.set_unusable_password()
        person.save()
        if person.email:
            # The administrator vouches for it: single sign-on finds the account by this address.
            EmailAddress.objects.create(user=person, email=person.email.lower(), verified=True, primary=True)
        person.groups.set(Group.objects.filter(name__in=wanted))
        recorder.fact(actor, Action.PERSON_INVITE, target(person), after={"roles": wanted})
    return person


def set_roles(actor: Actor, person: User, roles: Iterable[Role], *, reason: str = "") -> None:
    """Give the person exactly these roles. Raises `LastAdministrator`."""
    actor.require(Capability.PEOPLE_EDIT)
    wanted = sorted({role.value for role in roles})
    with transaction.atomic():
        if Role.ADMINISTRATOR.value not in wanted:
            _somebody_else_must_administer(person)
        held = set(
            person.groups.filter(name__in=[role.value for role in Role]).values_list("name", flat=True)
        )
        person.groups.remove(*Group.objects.filter(name__in=held))
        person.groups.add(*Group.objects.filter(name__in=wanted))
        recorder.fact(
            actor,
            Action.ROLES_CHANGE,
            target(person),
            before={"roles": sorted(held)},
            after={"roles": wanted},
            reason=reason,
        )


def disable(actor: Actor, person: User) -> None:
    """Let the person in no longer, from their next request on. Raises `LastAdministrator`."""
    actor.require(Capability.PEOPLE_EDIT)
    with transaction.atomic():
        _somebody_else_must_administer(person)
        User.objects.filter(pk=person.pk).update(is_active=False, link_nonce="")
        ended = sessions.end(person)
        recorder.fact(actor, Action.PERSON_DISABLE, target(person), detail=_ended(ended))


def enable(actor: Actor, person: User) -> None:
    """Let the person in again, with the roles and the password they had."""
    actor.require(Capability.PEOPLE_EDIT)
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=True)
        recorder.fact(actor, Action.PERSON_ENABLE, target(person))


def end_sessions(actor: Actor, person: User, *, but: str | None = None, pk: str | None = None) -> int:
    """End somebody's sessions: all, all but one, or one. Everybody may end their own."""
    if actor.id != person.pk:
        actor.require(Capability.PEOPLE_EDIT)
    with transaction.atomic():
        ended = sessions.end(person, but=but, pk=pk)
        if ended:
            recorder.fact(actor, Action.SESSIONS_END, target(person), detail=_ended(ended))
    return ended


def remove_second_factor(actor: Actor, person: User) -> None:
    """Forget the authenticator app, keys and recovery codes of somebody who lost them, and end their sessions."""
    actor.require(Capability.PEOPLE_EDIT)
    with transaction.atomic():
        Authenticator.objects.filter(user=person).delete()  # each on the record (`accounts.signals`)
        end_sessions(actor, person)


def _somebody_else_must_administer(person: User) -> None:
    """Refuse what would take away the last active administrator; two who do it to each other wait for one another."""
    administrators = Group.objects.select_for_update().get(name=Role.ADMINISTRATOR.value)
    active = User.objects.filter(groups=administrators, is_active=True)
    if active.filter(pk=person.pk).exists() and not active.exclude(pk=person.pk).exists():
        raise LastAdministrator


def _ended(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'} ended"
