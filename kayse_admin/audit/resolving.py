"""A person says what became of an operation that no machine could find out about."""

from __future__ import annotations

import uuid
from typing import Literal

from django.core.exceptions import PermissionDenied
from django.db import transaction

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Finding


class NotUnknown(Exception):
    """The outcome is known by now, or the operation is still under way: there is nothing to resolve."""


def may_resolve(actor: Actor, opening: Event) -> bool:
    """An administrator may, and the person who did it."""
    return actor.can(Capability.SETTINGS_EDIT) or (actor.id is not None and actor.id == opening.actor_id)


def resolve(
    actor: Actor, operation: uuid.UUID, finding: Literal["applied", "not_applied"], note: str
) -> Event:
    """Record a person's finding about an unknown outcome. The local copy is not touched: nobody told its new state.

    Raises `NotUnknown` when somebody (or the recovery) was faster, `PermissionDenied` for anybody else's operation.
    """
    opening = Event.objects.get(operation=operation, opens__in=[True])
    if not may_resolve(actor, opening):
        raise PermissionDenied
    with transaction.atomic():
        waiting = OpenOperation.objects.select_for_update().filter(
            operation=operation, state=OpenOperation.State.UNKNOWN
        )
        if not waiting.exists():
            raise NotUnknown
        return recorder.reconciled(opening, Finding(finding, note), actor)
