"""What people add to the record of an operation: a finding about an unknown outcome, a note, a closer look."""

from __future__ import annotations

import uuid
from typing import Literal

from django.core.exceptions import PermissionDenied
from django.db import transaction

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import queries, recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.reading import is_own, may_read
from kayse_admin.audit.records import Finding, Target


class NotUnknown(Exception):
    """The outcome is known by now, or the operation is still under way: there is nothing to resolve."""


def may_resolve(actor: Actor, opening: Event) -> bool:
    """An administrator may, and the person who did it."""
    return actor.can(Capability.SETTINGS_EDIT) or is_own(actor, opening)


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
        require_unknown(operation)
        return recorder.reconciled(opening, Finding(finding, note), actor)


def require_unknown(operation: uuid.UUID) -> None:
    """Raise `NotUnknown` unless the outcome is unknown, and hold it so until the transaction ends."""
    waiting = OpenOperation.objects.select_for_update().filter(
        operation=operation, state=OpenOperation.State.UNKNOWN
    )
    if not waiting.exists():
        raise NotUnknown


def note(actor: Actor, operation: Operation, words: str) -> None:
    """Add a note; the same words from the same person are one note, however often they are sent."""
    opening = operation.opening
    if not may_read(actor, opening):
        raise PermissionDenied
    if any(one.actor_id == actor.id and one.detail == words for one in queries.notes(opening)):
        return
    recorder.fact(
        actor,
        Action.AUDIT_NOTE,
        _target(operation),
        detail=words,
        payload={"operation": str(opening.operation)},
    )


def reveal(actor: Actor, operation: Operation) -> None:
    """Put on the record that somebody is about to see the personal values of an operation."""
    actor.require(Capability.AUDIT_REVEAL)
    if not may_read(actor, operation.opening):
        raise PermissionDenied
    told = {"operation": str(operation.opening.operation)}
    recorder.fact(actor, Action.CLIENT_REVEAL, _target(operation), payload=told)


def _target(operation: Operation) -> Target:
    """An operation as the target of another: its name must not tell what it hides itself."""
    return Target("operation", operation.opening.pk, str(operation.hiding().sentence))
