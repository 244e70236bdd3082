"""What people do with a job: start, pause, resume, cancel it, and decide about rows: those of which nobody knows what
became, and those that were held back because something had changed since they were made.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.jobs import ledger, runner, tasks, unanswered
from kayse_admin.jobs.models import HELD, Chunk, Job, Row
from kayse_admin.jobs.registry import Became, Kind, kind_of

#: Up to so many rows go in one request, whose answer the person waits for.
AT_ONCE = 100
#: Rows about which one click can say something.
MOST_DECIDED = 500

CONTROLS = {"pause": ledger.pause, "resume": ledger.resume, "cancel": ledger.cancel}
_DONE = {"pause": "Paused", "resume": "Resumed", "cancel": "Cancelled"}


#: What can be said of an unknown row, and of one that was held back.
CHOICES = ("there", "again", "not", "drop")
HELD_CHOICES = ("again", "drop")
_UNKNOWN = Q(outcome=Row.Outcome.UNKNOWN)
_HELD = Q(outcome=Row.Outcome.FAILED, flag=HELD)
GIVEN_UP = "Given up: nobody knows whether it happened."
NOT_DONE = "Somebody looked at Kayse: it was not done."
CANCELLED = "This job was cancelled: nothing of it is sent any more. Start a new one for what is missing."


class Refused(Exception):
    """A person's word that cannot be; the message says why, and nothing was changed."""


def start(
    actor: Actor,
    kind: type[Kind],
    title: str,
    rows: Iterable[Row],
    operation: uuid.UUID,
    *,
    reason: str = "",
    options: dict[str, Any] | None = None,
    undoes: int | None = None,
    at_once: int = AT_ONCE,
) -> Job:
    """Start a job with these rows; the same operation id starts one, and returns it as it stands.

    Up to `at_once` rows are sent before this returns, whatever else is under way; more are left to the workers.
    """
    actor.require(kind.capability)
    with transaction.atomic():
        job, new = Job.objects.get_or_create(
            operation=operation,
            defaults={
                "kind": kind.name,
                "title": title[:200],
                "owner_id": actor.id or 0,
                "owner_name": actor.name[:200],
                "reason": reason[:200],
                "options": options or {},
                "undoes": undoes,
            },
        )
        if new:
            ledger.add_rows(job, rows)
            ledger.start(job, size=kind.size or settings.KAYSE_BULK_ROWS, at_once=at_once)
            if not kind.reads:
                # Its requests may leave from a worker: this says who it was, and from where.
                recorder.fact(
                    actor, Action.JOB_START, target_of(job), after={"rows": job.total}, reason=reason
                )
    if new and job.at_once:
        runner.serve_now(job, actor)
        job.refresh_from_db()
    return job


def start_later(
    actor: Actor,
    kind: type[Kind],
    title: str,
    way: str,
    operation: uuid.UUID,
    making: Callable[[], dict[str, Any]],
    *,
    count: int,
    reason: str = "",
    options: dict[str, Any] | None = None,
) -> Job:
    """Start a job of which a worker makes the `count` rows (`jobs.preparing`); else like `start`.

    `making` is called once, in the transaction that starts it: what the way of that name will need, as options.
    """
    actor.require(kind.capability)
    with transaction.atomic():
        job, new = Job.objects.get_or_create(
            operation=operation,
            defaults={
                "kind": kind.name,
                "title": title[:200],
                "owner_id": actor.id or 0,
                "owner_name": actor.name[:200],
                "reason": reason[:200],
                "state": Job.State.PREPARING,
                "started_at": timezone.now(),
            },
        )
        if new:
            job.options = {**(options or {}), "way": way, "count": count, **making()}
            job.save(update_fields=["options"])
            recorder.fact(actor, Action.JOB_START, target_of(job), after={"rows": count}, reason=reason)
            tasks.wake()
    return job


def may_control(actor: Actor, job: Job) -> bool:
    """Whoever started a job controls it, as long as they may do such work; administrators control every job."""
    if actor.can(Capability.SETTINGS_EDIT):
        return True
    return actor.id == job.owner_id and actor.can(kind_of(job).capability)


def control(actor: Actor, job: Job, what: str) -> bool:
    """Pause, resume or cancel; False when the job was not in a state for it."""
    _require(actor, job)
    with transaction.atomic():
        if not CONTROLS[what](job):
            return False
        recorder.fact(actor, Action.JOB_CONTROL, target_of(job), detail=f"{_DONE[what]}.")
    return True


def decide(actor: Actor, job: Job, number: int, choice: str, result: int | None = None) -> bool:
    """A person's word about an unknown row, one of `CHOICES`: "there" (with its id), "again" (may be a double), "not"
    (they looked: it was not done; only of what is no create), or "drop". About one that was held back: "again" (it is
    sent all the same), or "drop".

    False when there is nothing to decide any more. Raises Refused for an id that cannot be what became of the row, and
    for "again" when the job was cancelled.
    """
    _require(actor, job)
    row = Row.objects.filter(_UNKNOWN | _HELD, job=job, number=number).first()
    if row is None or (choice == "not" and not row.target):
        return False
    if row.outcome == Row.Outcome.FAILED and choice not in HELD_CHOICES:
        return False
    typed = result if choice == "there" and not row.target else None
    if typed and (why := kind_of(job).check_result(job, row, typed)):
        raise Refused(why)
    with transaction.atomic():
        decided = _again(job, row) if choice == "again" else _close(actor, job, row, choice, result)
        if not decided:
            return False
        recorder.fact(
            actor,
            Action.JOB_CONTROL,
            target_of(job),
            detail=f"Row {number}: {_said(job, row, choice)}.",
            after={"row": number, "choice": choice, "id": result},
        )
    return True


def _said(job: Job, row: Row, choice: str) -> str:
    there = kind_of(job).done_words[0] if row.target else "It is there"
    return {"there": there, "again": "It is sent again", "not": "It was not done"}.get(
        choice, "It is given up"
    )


def decidable(job: Job) -> QuerySet[Row]:
    """The unknown rows about which one word can be said together: those whose id is known."""
    return Row.objects.filter(job=job, outcome=Row.Outcome.UNKNOWN, target__isnull=False).order_by("number")


def decide_all(actor: Actor, job: Job, choice: str) -> int:
    """The same word about the first `MOST_DECIDED` of the rows that are `decidable`; returns about how many."""
    _require(actor, job)
    numbers = list(decidable(job).values_list("number", flat=True)[:MOST_DECIDED])
    return sum(decide(actor, job, number, choice) for number in numbers)


def held(job: Job) -> QuerySet[Row]:
    """The rows that were not sent, and wait for a person's word about what has changed since they were made."""
    return Row.objects.filter(_HELD, job=job).order_by("number")


def decide_held(actor: Actor, job: Job, choice: str) -> int:
    """The same word about the rows that are `held`: all of them are left out, or the first `MOST_DECIDED` are sent."""
    _require(actor, job)
    if choice != "drop":
        numbers = list(held(job).values_list("number", flat=True)[:MOST_DECIDED])
        return sum(decide(actor, job, number, choice) for number in numbers)
    with transaction.atomic():
        many = held(job).update(flag="")
        if many:
            detail = f"Left out, held back before: {many:,}."
            recorder.fact(actor, Action.JOB_CONTROL, target_of(job), detail=detail)
    return many


def _again(job: Job, row: Row) -> bool:
    if Job.objects.select_for_update().get(pk=job.pk).state == Job.State.CANCELLED:
        raise Refused(CANCELLED)
    was_held = row.flag == HELD
    if not unanswered.send_again(job, row):
        return False
    if was_held:
        kind_of(job).agree(row)
        row.save(update_fields=["before", "flag"])
    ledger.take_up(job)
    return True


def _close(actor: Actor, job: Job, row: Row, choice: str, result: int | None) -> bool:
    if row.outcome == Row.Outcome.FAILED:
        return bool(Row.objects.filter(_HELD, pk=row.pk).update(flag=""))
    chunk = ledger.reopen(job, row)
    if chunk is None:
        return False
    became = Became(Row.Outcome.FAILED, row.target, NOT_DONE if choice == "not" else GIVEN_UP)
    if choice == "there":
        row.result = row.target or result
        became = kind_of(job).settle_row(actor, job, row, chunk.sent_at or timezone.now())
    ledger.record(chunk, [row], [became])
    chunk.refresh_from_db()
    if chunk.unknown <= 0:
        Chunk.objects.filter(pk=chunk.pk).update(state=Chunk.State.DONE, verify_at=None)
        unanswered.tell(chunk)
    return True


def target_of(job: Job) -> Target:
    """The job as the record names it."""
    return Target("job", job.pk, job.title)


def _require(actor: Actor, job: Job) -> None:
    if not may_control(actor, job):
        raise PermissionDenied("this job belongs to somebody else")
