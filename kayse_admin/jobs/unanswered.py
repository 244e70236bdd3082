"""Requests that were never answered, rows that no answer names: what a read can find out, what only a person can say.

An update is looked at, within a cap of reads for each job, and sent again only where the vendor still shows the old
value some minutes later. A create is never sent again by a machine: the vendor offers no way to look for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.template.defaultfilters import pluralize
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.models import Event, Stage
from kayse_admin.audit.records import Finding
from kayse_admin.jobs import ledger, raw
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.registry import Became, Kind, Looking, Seen, kind_of
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected

INTERRUPTED = "The dashboard was interrupted while this was being sent."


def take_over(job: Job) -> None:
    """Call unknown what is "being sent" although nobody sends: whoever holds the lock may say so."""
    for chunk in job.chunks.filter(state=Chunk.State.SENDING):
        with transaction.atomic():
            rows = raw.rows_of(chunk)
            note(chunk, rows, kind_of(job), INTERRUPTED)
            begun = _intent_of(chunk)
            if begun and recorder.closing_of(begun.operation) is None:
                recorder.reconciled(begun, Finding("unknown", INTERRUPTED), Actor.system("Jobs"))


def note(chunk: Chunk, rows: list[Row], kind: Kind, why: str, **also: Any) -> None:
    """Write that nobody knows what became of these rows, and what else is given of their request; inside the caller's
    transaction.
    """
    became = [Became(Row.Outcome.UNKNOWN, reason=why)] * len(rows)
    state = {"state": Chunk.State.UNKNOWN, "detail": why[:500], "verify_at": look_at(rows, kind)}
    ledger.record(chunk, rows, became, **state, **also)


def look_at(rows: Sequence[Row], kind: Kind) -> datetime | None:
    """When a read may tell what became of these rows; None when no read can."""
    if not any(kind.may_resend(row) for row in rows):
        return None
    return timezone.now() + timedelta(seconds=settings.JOB_SETTLING)


def next_look(job: Job) -> datetime | None:
    """When the job looks by itself at what was never answered; None when it will not."""
    if not job.is_active:
        return None
    found: datetime | None = job.chunks.aggregate(at=Min("verify_at"))["at"]
    return found


def looks_of(operations: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Which of these requests a job looks at by itself, and when; one query."""
    active = Chunk.objects.filter(operation__in=operations, job__state__in=ledger.ACTIVE)
    found = active.filter(verify_at__isnull=False).values_list("operation", "verify_at")
    return {operation: at for operation, at in found if operation and at}


def look(job: Job, chunk: Chunk, kind: Kind, actor: Actor) -> Outcome[Any] | None:
    """Read one row of an unanswered request; the outcome of a read that could not be made, else None.

    When no row is left to look at, or no read, the request is closed and the rest waits for a person.
    """
    mine = Row.objects.filter(job=job, number__range=(chunk.first, chunk.last), outcome=Row.Outcome.UNKNOWN)
    unseen = mine.exclude(reason=NEITHER).order_by("number")
    left = [row for row in unseen if kind.may_resend(row)]
    if not isinstance(kind, Looking) or not left or not ledger.reads_left(job):
        _close(chunk)
        return None
    row = left[0]
    outcome, seen = kind.look(actor, row)
    gone = isinstance(outcome, Rejected) and outcome.is_not_found
    if not isinstance(outcome, Applied) and not gone and not outcome.requests:
        return outcome
    with transaction.atomic():
        # The row first and its request after it, as everybody does who decides about one: so nobody waits in a circle.
        if gone and seen is not Seen.DONE:
            _settle(job, row, lambda _: Became(Row.Outcome.FAILED, reason=UNKNOWN_THERE))
        elif seen is Seen.NEITHER or not (gone or isinstance(outcome, Applied)):
            mine.filter(pk=row.pk).update(reason=NEITHER)
        elif seen is Seen.DONE:
            _settle(job, row, lambda at: kind.settle_row(actor, job, row, at))
        else:
            send_again(job, row)
        Chunk.objects.filter(pk=chunk.pk).update(
            reads=F("reads") + 1, requests=F("requests") + outcome.requests
        )
    return None


NEITHER = "Kayse shows neither the old values nor the new ones."
UNKNOWN_THERE = "Kayse does not know this client any more."


def _settle(job: Job, row: Row, what: Callable[[datetime], Became]) -> None:
    """Write what became of an unknown row, unless a person said so meanwhile."""
    if mine := ledger.reopen(job, row):
        ledger.record(mine, [row], [what(mine.sent_at or timezone.now())])


def send_again(job: Job, row: Row) -> bool:
    """Put an unknown row back among those to be sent, in a request that joins its neighbours."""
    with transaction.atomic():
        chunk = ledger.reopen(job, row)
        if chunk is None:
            return False
        if not _joined(job, chunk, row.number):
            Chunk.objects.create(job=job, first=row.number, last=row.number)
    return True


def _joined(job: Job, chunk: Chunk, number: int) -> bool:
    """Whether a row could join a request to come for others of its own; rows of which nobody knows what became must
    not lie between, or two requests would seem to be about them.
    """
    pending = job.chunks.filter(state=Chunk.State.PENDING, first__gte=chunk.first, last__lte=chunk.last)
    again = pending.filter(is_half=False).order_by("-pk").first()
    if again is None:
        return False
    first, last = min(again.first, number), max(again.last, number)
    between = Row.objects.filter(job=job, number__range=(first, last), outcome=Row.Outcome.UNKNOWN)
    return not between.exists() and bool(pending.filter(pk=again.pk).update(first=first, last=last))


def _close(chunk: Chunk) -> None:
    """Nothing more can be found out by a machine; tell the record what was."""
    with transaction.atomic():
        chunk.refresh_from_db()
        state = Chunk.State.UNKNOWN if chunk.unknown else Chunk.State.DONE
        if not Chunk.objects.filter(pk=chunk.pk, verify_at__isnull=False).update(verify_at=None, state=state):
            return
        tell(chunk)


def tell(chunk: Chunk) -> None:
    """Write into the record what was found out about an unanswered request; inside the caller's transaction."""
    begun = _intent_of(chunk)
    if begun is None:
        return
    done = chunk.created + chunk.updated
    said = (
        f"{done:,} row{pluralize(done)} {pluralize(done, 'was,were')} found done, {chunk.failed:,} failed, "
        f"{chunk.unknown:,} {pluralize(chunk.unknown, 'is,are')} still unknown."
    )
    result: Any = "unknown" if chunk.unknown else "applied" if done else "not_applied"
    recorder.reconciled(begun, Finding(result, said, requests=chunk.reads), Actor.system("Jobs"))


def _intent_of(chunk: Chunk) -> Event | None:
    if chunk.operation is None:
        return None
    return Event.objects.filter(operation=chunk.operation, stage=Stage.INTENT).first()
