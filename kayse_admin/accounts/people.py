"""Changing what a person may do, on the record."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target


def set_roles(actor: Actor, person: User, roles: Iterable[Role]) -> None:
    """Give the person exactly these roles; the change and its record are one transaction."""
    wanted = sorted({role.value for role in roles})
    held = set(person.groups.filter(name__in=[role.value for role in Role]).values_list("name", flat=True))
    with transaction.atomic():
        person.groups.remove(*Group.objects.filter(name__in=held))
        person.groups.add(*Group.objects.filter(name__in=wanted))
        recorder.fact(
            actor,
            Action.ROLES_CHANGE,
            Target("user", person.pk, person.display_name),
            before={"roles": sorted(held)},
            after={"roles": wanted},
        )
