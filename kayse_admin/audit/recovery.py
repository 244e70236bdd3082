"""Operations that nobody finished: the process died in mid-call, or the vendor's answer never came.

Recovery never sends a change again. It looks at the vendor where the API lets it (a verifier registered for the
action), writes what it found as a finding, and leaves to a person what no look can tell. It runs at the start of the
housekeeping process and every minute after.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit import owner, recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation, Stage
from kayse_admin.audit.records import Finding

logger = logging.getLogger("kayse_admin.recovery")

#: Looks at the vendor and says what became of the operation; None when it could not look now.
Verifier = Callable[[Event], Finding | None]

#: An operation of a process on another host counts as left behind after this: many times the longest deadline.
FOREIGN_AGE = timedelta(minutes=10)
#: "It did not happen" is believed only this long after the call: until then the vendor may still be at work on it.
SETTLING = timedelta(minutes=5)
#: Looks at one unknown operation before only a person can say more.
MOST_LOOKS = 5

_verifiers: dict[Action, Verifier] = {}


def register(action: Action, verifier: Verifier) -> None:
    """Name the look that can tell what became of operations of this action."""
    _verifiers[action] = verifier


def verifiable(action: str) -> bool:
    """Whether a look at the vendor can tell what became of such an operation."""
    return action in _verifiers


def next_look(row: OpenOperation) -> datetime | None:
    """When a machine looks what became of the operation; None when only a person can say."""
    return row.next_try_at if verifiable(row.action) and row.tries < MOST_LOOKS else None


def looks_of(operations: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Which of these unknown operations a machine looks at, and when; one query."""
    rows = OpenOperation.objects.filter(operation__in=operations, state=OpenOperation.State.UNKNOWN)
    return {row.operation: at for row in rows if (at := next_look(row))}


def recover() -> int:
    """Close what dead processes left open, and look again at unknown outcomes that are due. Returns how many."""
    done = 0
    for row in OpenOperation.objects.filter(state=OpenOperation.State.IN_FLIGHT).order_by("opened_at"):
        if _is_left_behind(row):
            done += _look(row)
    due = OpenOperation.objects.filter(
        state=OpenOperation.State.UNKNOWN, next_try_at__lte=timezone.now(), tries__lt=MOST_LOOKS
    )
    for row in due.order_by("next_try_at"):
        if verifiable(row.action):
            done += _look(row)
    owner.sweep()
    return done


def _is_left_behind(row: OpenOperation) -> bool:
    dead = owner.is_dead(row.owner)
    if dead is None:
        return timezone.now() - row.opened_at > FOREIGN_AGE
    return dead


def _look(row: OpenOperation) -> bool:
    """Look at one operation and record the finding; False when another process is at it."""
    if not _claim(row):
        return False
    begun = Event.objects.get(operation=row.operation, stage=Stage.INTENT)
    verifier = _verifiers.get(Action(begun.action))
    finding = verifier(begun) if verifier else None
    if finding and finding.result == "not_applied" and timezone.now() - begun.at < SETTLING:
        finding = None  # too early to say that it did not happen
    if finding is None:
        finding = Finding("unknown", _NO_LOOK if verifier is None else _NOT_YET)
        if row.state == OpenOperation.State.UNKNOWN:
            return False  # the record says "unknown" already
    recorder.reconciled(begun, finding, Actor.system("Recovery"))
    OpenOperation.objects.filter(operation=row.operation).update(next_try_at=_next(row))
    logger.info("operation %s: %s", row.operation, finding.result)
    return True


_NO_LOOK = "The dashboard was interrupted and Kayse offers no way to look. Somebody has to check in Kayse."
_NOT_YET = "The dashboard was interrupted; Kayse could not be asked yet."


def _claim(row: OpenOperation) -> bool:
    """Take the row over by a conditional update, so that of two recoveries one does the look."""
    with transaction.atomic():
        return bool(
            OpenOperation.objects.filter(operation=row.operation, tries=row.tries, owner=row.owner).update(
                tries=row.tries + 1, owner=owner.me(), next_try_at=_next(row)
            )
        )


def _next(row: OpenOperation) -> datetime:
    return timezone.now() + timedelta(minutes=2**row.tries)
