"""Writing the record: an intent before the vendor is called, an outcome after it, a finding later, or a plain fact.

The intent is committed before anything is sent, in a transaction of its own; the outcome is committed together with
the change of the local copy. What dies in between is found again through `OpenOperation` (see `audit.recovery`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit import owner
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation, Stage
from kayse_admin.audit.records import Finding, Json, Result, Target

#: How long after an unknown outcome the vendor is asked for the first time.
FIRST_LOOK = timedelta(seconds=20)


class AlreadyPerformed(Exception):
    """This operation id has been used: a double click, a resubmitted form, the back button. Nothing was sent now.

    `operation` is its id; `closing` the event that tells its outcome, or None while it is still under way.
    """

    def __init__(self, operation: uuid.UUID) -> None:
        super().__init__("this operation was performed before")
        self.operation = operation
        self.closing = closing_of(operation)

    @property
    def payload(self) -> Json:
        """What was sent then: a form that holds something else now has not been sent."""
        return Event.objects.values_list("payload", flat=True).get(operation=self.operation, opens=True)


def is_begun(operation: uuid.UUID) -> bool:
    """Whether this operation id has been used."""
    return Event.objects.filter(operation=operation, stage=Stage.INTENT).exists()


def intent(
    actor: Actor,
    action: Action,
    target: Target,
    *,
    operation: uuid.UUID,
    payload: Json,
    before: Json = None,
    reason: str = "",
    job: int | None = None,
    together: Callable[[], None] | None = None,
) -> Event:
    """Commit that somebody is about to do this. Raises `AlreadyPerformed` when the operation id was used before.

    `together` is called inside the same transaction: what it writes is committed with the intent, and what it raises
    leaves neither behind. Raises RuntimeError inside another transaction: an intent that could still be rolled back is
    none.
    """
    event = Event(
        operation=operation,
        stage=Stage.INTENT,
        opens=True,
        action=action,
        payload=payload,
        before=before,
        reason=reason[:200],
        job=job,
        **_who(actor),
        **_what(target),
    )
    try:
        with transaction.atomic(durable=True):
            if together:
                together()
            event.save()
            OpenOperation.objects.create(
                operation=operation, owner=owner.me(), actor_id=actor.id, action=action, **_what(target)
            )
    except IntegrityError as error:
        if is_begun(operation):
            raise AlreadyPerformed(operation) from error
        raise
    return event


def outcome(
    begun: Event,
    result: Result,
    *,
    settle: Callable[[], Target | None],
    after: Callable[[], Json] | None = None,
    answer: Json = None,
    http_status: int | None = None,
    duration_ms: int | None = None,
    requests: int = 0,
    detail: str = "",
) -> Event:
    """Commit how the operation ended, together with what `settle` does to the local copy.

    `settle` returns the target as it is known now (a create learns its id), or None to keep the intent's; `after`
    is asked when it has run. If recovery was faster, the same is written as a finding: nothing is ever lost.
    """
    with transaction.atomic():
        target = settle()
        # Whoever writes an outcome takes the operation off the list of those under way, in the same transaction.
        late = not _settle_open(begun.operation, result) and _has_outcome(begun)
        event = _closing(begun, Stage.RECONCILED if late else Stage.OUTCOME, result, target)
        event.after = after() if after else None
        event.answer = answer
        event.http_status, event.duration_ms, event.requests = http_status, duration_ms, requests
        event.detail = detail[:500]
        event.save()
    return event


def _has_outcome(begun: Event) -> bool:
    return Event.objects.filter(operation=begun.operation, stage=Stage.OUTCOME).exists()


def reconciled(begun: Event, finding: Finding, actor: Actor, target: Target | None = None) -> Event:
    """Commit what a later look (or a person) found out about an operation; `target` where it has an id by now."""
    with transaction.atomic():
        stage = Stage.RECONCILED if _has_outcome(begun) else Stage.OUTCOME
        event = _closing(begun, stage, finding.result, target, actor=actor)
        event.after, event.detail, event.requests = finding.after, finding.detail[:500], finding.requests
        event.save()
        _settle_open(begun.operation, finding.result)
    return event


def fact(
    actor: Actor,
    action: Action,
    target: Target,
    *,
    result: Result = "applied",
    detail: str = "",
    reason: str = "",
    before: Json = None,
    after: Json = None,
    payload: Json = None,
) -> Event:
    """Record something that happened here alone, in one event."""
    event = Event(
        stage=Stage.FACT,
        opens=True,
        action=action,
        result=result,
        detail=detail[:500],
        reason=reason[:200],
        before=before,
        after=after,
        payload=payload,
        **_who(actor),
        **_what(target),
    )
    event.save()
    return event


def closing_of(operation: uuid.UUID) -> Event | None:
    """The newest event that tells how an operation ended; None while it is under way."""
    return Event.objects.filter(operation=operation, opens=False).order_by("-id").first()


def _closing(
    begun: Event, stage: Stage, result: Result, target: Target | None, actor: Actor | None = None
) -> Event:
    """An event after the first, which copies who and what from it so that it can be found by the same filters."""
    who: dict[str, Any] = (
        _who(actor)
        if actor
        else {
            "actor_id": begun.actor_id,
            "actor_name": begun.actor_name,
            "actor_role": begun.actor_role,
            "address": begun.address,
            "gesture": begun.gesture,
        }
    )
    what = _what(target or Target(begun.target_kind, begun.target_id, begun.target_label))
    return Event(
        operation=begun.operation,
        stage=stage,
        opens=False,
        begun=begun.pk,
        action=begun.action,
        result=result,
        job=begun.job,
        **who,
        **what,
    )


def _settle_open(operation: uuid.UUID, result: Result) -> bool:
    """Take a finished operation off the working list; keep one whose outcome is not known, for another look.

    Whether it was under way until now, which says that nobody has told its outcome before.
    """
    rows = OpenOperation.objects.filter(operation=operation)
    under_way = rows.filter(state=OpenOperation.State.IN_FLIGHT)
    again = {"state": OpenOperation.State.UNKNOWN, "next_try_at": timezone.now() + FIRST_LOOK}
    for found in (under_way, rows):
        if found.update(**again) if result == "unknown" else found.delete()[0]:
            return found is under_way
    return False


def _who(actor: Actor) -> dict[str, Any]:
    return {
        "actor_id": actor.id,
        "actor_name": actor.name[:200],
        "actor_role": actor.role[:100],
        "address": actor.address[:45],
        "gesture": actor.request_id[:36],
    }


def _what(target: Target) -> dict[str, Any]:
    return {"target_kind": target.kind, "target_id": target.id, "target_label": target.label[:200]}
