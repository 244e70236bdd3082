"""Writing the ledger. Each function is one conditional step; what a function does not find, somebody else has done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
)
from django.utils import timezone

from kayse_admin.accounts.roles import granted, label_of
from kayse_admin.actors import Actor
from kayse_admin.built_once import Given, Question
from kayse_admin.jobs import raw, tallies, tasks
from kayse_admin.jobs.models import OUTCOMES, TURNS, Chunk, Job, Row
from kayse_admin.jobs.registry import Became
from kayse_admin.jobs.tallies import Tally

State = Job.State
#: States in which a job may be served when its time has come.
ACTIVE = (State.QUEUED, State.RUNNING, State.WAITING)
#: States in which nobody serves a job although it has begun.
STOPPED = (State.PAUSED, State.CANCELLED)
BATCH = 5_000
#: How long the workers leave a job alone that is sent by the process of the person who waits for it. No more than a
#: courtesy: whether that process is still at it, the job's lock tells.
ALONE = timedelta(minutes=2)


def add_rows(job: Job, rows: Iterable[Row]) -> int:
    """Insert rows in batches, numbered on from what is there; returns how many the job has now."""
    number = job.total
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        with transaction.atomic():
            raw.insert(job.pk, number, batch)
            number += len(batch)
            Job.objects.filter(pk=job.pk).update(total=number)
    job.total = number
    return number


def add_late(job: Job, rows: Sequence[Row]) -> None:
    """Give a started job rows that it sends besides, in a request of their own; inside the caller's transaction."""
    if not rows:
        return
    job.total = Job.objects.select_for_update().get(pk=job.pk).total
    first, last = job.total + 1, add_rows(job, rows)
    Chunk.objects.create(job=job, first=first, last=last)
    Job.objects.filter(pk=job.pk).update(to_send=F("to_send") + len(rows))


def discard(job: Job) -> None:
    """Delete a draft with its rows; a job that was started stays for ever."""
    with transaction.atomic():
        if Job.objects.select_for_update().filter(pk=job.pk, state__in=Job.UNSTARTED).exists():
            Row.objects.filter(job=job)._raw_delete("default")  # no row has dependants
            job.delete()


def clear(job: Job) -> None:
    """Forget the rows of a job that is being prepared: whoever began to make them has died."""
    with transaction.atomic():
        if Job.objects.filter(pk=job.pk, state=State.PREPARING).update(total=0):
            Row.objects.filter(job=job)._raw_delete("default")
    job.total = 0


def prepared(job: Job, note: str = "") -> bool:
    """The rows are there: the job can be started, by a person. `note`: why it cannot."""
    mine = Job.objects.filter(pk=job.pk, state=State.PREPARING)
    return bool(mine.update(state=State.DRAFT, note=note[:300]))


def begun() -> QuerySet[Job]:
    """The jobs that somebody has started, those among them of which a worker still makes the rows."""
    return Job.objects.exclude(state__in=Job.UNSTARTED, started_at=None)


def start_prepared(job: Job, *, size: int) -> bool:
    """The rows of a job are there that somebody has started already: queue it."""
    with transaction.atomic():
        return prepared(job) and start(job, size=size)


def start(job: Job, *, size: int, at_once: int = 0) -> bool:
    """Cut the rows that are to be sent into requests and queue the job; False when it was started before.

    Rows without anything to send have an outcome already and are in no request. A job that has rows to send, but no
    more than `at_once`, is marked for `runner.serve_now`: the workers leave it alone for a moment.
    """
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, state=State.DRAFT)
        now = timezone.now()
        if not mine.update(state=State.QUEUED, started_at=now, served_at=now, note=""):
            return False
        count = 0
        for numbers in _cut(job, size):
            Chunk.objects.create(job=job, first=numbers[0], last=numbers[-1])
            count += len(numbers)
        _count_settled(job)
        alone = now + ALONE if 0 < count <= at_once else None
        Job.objects.filter(pk=job.pk).update(to_send=count, at_once=bool(alone), wait_until=alone)
        tasks.wake(alone)
    job.refresh_from_db()
    return True


def _cut(job: Job, size: int) -> Iterator[list[int]]:
    numbers = Row.objects.filter(job=job, outcome="").order_by("number").values_list("number", flat=True)
    source = numbers.iterator(chunk_size=BATCH)
    while part := list(islice(source, size)):
        yield part


def _count_settled(job: Job) -> None:
    """Rows that have an outcome before anything is sent stand in a request of their own, which costs nothing."""
    found = (
        Row.objects.filter(job=job)
        .exclude(outcome="")
        .aggregate(
            first=Min("number"),
            last=Max("number"),
            **{name: Count("pk", filter=Q(outcome=name)) for name in OUTCOMES},
        )
    )
    if found["first"]:
        now = timezone.now()
        Chunk.objects.create(
            job=job, state=Chunk.State.DONE, finished_at=now, detail="Nothing to send.", **found
        )


def due() -> Job | None:
    """The job whose turn it is: started, its time come, served longest ago."""
    return next(iter(_due(now=timezone.now())), None)


_COME = Q(wait_until=None) | Q(wait_until__lte=Given("now", DateTimeField()))
_due = Question(lambda: Job.objects.filter(_COME, state__in=ACTIVE).order_by(*TURNS)[:1])


def stopped_in_mid_request() -> list[Job]:
    """Jobs that nobody will serve while a request of theirs stands as being sent: somebody paused or cancelled them.

    Whether somebody still sends it, the locks tell.
    """
    return list(Job.objects.filter(state__in=STOPPED, chunks__state=Chunk.State.SENDING).distinct())


def next_due() -> datetime | None:
    """When the first of the waiting jobs may go on."""
    found: datetime | None = Job.objects.filter(state__in=ACTIVE).aggregate(at=Min("wait_until"))["at"]
    return found


def turn(job: Job) -> bool:
    """Note that the job is served now; False when somebody paused or cancelled it meanwhile."""
    active = Job.objects.filter(pk=job.pk, state__in=ACTIVE)
    return bool(active.update(state=State.RUNNING, served_at=timezone.now(), wait_until=None, note=""))


def turn_alone(job: Job) -> bool:
    """Note that a job is sent by the process of the person who waits for it; False when it is not fresh any more."""
    fresh = Job.objects.filter(pk=job.pk, state=State.QUEUED, at_once=True, wait_until__isnull=False)
    return bool(fresh.update(state=State.RUNNING, wait_until=timezone.now() + ALONE))


def leave_alone(job: Job) -> None:
    """Let the process that sends the job come to its end first."""
    Job.objects.filter(pk=job.pk, state__in=ACTIVE).update(wait_until=timezone.now() + ALONE)


def hand_over(job: Job) -> None:
    """Let the workers go on with a job that was sent at once, as far as anything is left to do."""
    job.refresh_from_db()
    if job.state == State.RUNNING:
        Job.objects.filter(pk=job.pk, state=State.RUNNING).update(state=State.QUEUED, wait_until=None)
        tasks.wake()
    elif job.state == State.WAITING:
        tasks.wake(job.wait_until)


def wait(job: Job, until: datetime, note: str) -> None:
    """Let the job rest until then; no thread waits with it."""
    Job.objects.filter(pk=job.pk, state=State.RUNNING).update(
        state=State.WAITING, wait_until=until, note=note[:300]
    )


def stand(job: Job, note: str) -> None:
    """Pause the job because only a person can help."""
    Job.objects.filter(pk=job.pk, state=State.RUNNING).update(
        state=State.PAUSED, wait_until=None, note=note[:300]
    )


def pause(job: Job) -> bool:
    """Let nothing more be sent until somebody resumes; the request under way comes to its end."""
    mine = Job.objects.filter(pk=job.pk, state__in=ACTIVE)
    return bool(mine.update(state=State.PAUSED, wait_until=None, note=""))


def resume(job: Job) -> bool:
    """Go on with a paused job."""
    return _queue(job, State.PAUSED)


def take_up(job: Job) -> bool:
    """Go on with a finished job that has something to send again; one that somebody paused stays paused."""
    return _queue(job, State.DONE)


def _queue(job: Job, state: State) -> bool:
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, state=state)
        if not mine.update(state=State.QUEUED, note="", finished_at=None):
            return False
        tasks.wake()
    return True


def cancel(job: Job) -> bool:
    """Send nothing more of it, for good; what was sent stays."""
    mine = Job.objects.filter(pk=job.pk).exclude(state__in=(State.DONE, State.CANCELLED))
    return bool(mine.update(state=State.CANCELLED, finished_at=timezone.now(), wait_until=None, note=""))


def finish(job: Job) -> bool:
    """Close a job of which nothing is left to do by itself."""
    return _close(Job.objects.filter(pk=job.pk, state=State.RUNNING))


def finish_paused(job: Job) -> bool:
    """Close a job that somebody paused during its last request: nothing is left that could be resumed."""
    left = Chunk.objects.filter(
        Q(state__in=(Chunk.State.PENDING, Chunk.State.SENDING)) | Q(verify_at__isnull=False),
        job=OuterRef("pk"),
    )
    return _close(Job.objects.filter(~Exists(left), pk=job.pk, state=State.PAUSED))


def _close(jobs: QuerySet[Job]) -> bool:
    return bool(jobs.update(state=State.DONE, finished_at=timezone.now(), note="", wait_until=None))


def was_sent(chunk: Chunk, row: Row) -> bool:
    """Whether the row went out in another request of its job that Kayse may have carried out."""
    others = Chunk.objects.filter(job_id=chunk.job_id, first__lte=row.number, last__gte=row.number)
    may_be = others.filter(state__in=(Chunk.State.DONE, Chunk.State.UNKNOWN), sent_at__isnull=False)
    return may_be.exclude(pk=chunk.pk).exists()


def record(chunk: Chunk, rows: Sequence[Row], became: Sequence[Became], **also: Any) -> None:
    """Write the outcome of rows that have none, and count them on their request together with what else is to be
    written there; inside the caller's transaction.
    """
    if rows:
        raw.outcomes(rows, became)
    add(chunk, Counter(one.outcome for one in became), **also)


def reopen(job: Job, row: Row) -> Chunk | None:
    """Take a row, unknown or held back, for what becomes of it now; None when somebody else has. Inside the caller's
    transaction.

    Gives the request that the row counts for, which counts it no more: a row that was sent again stands in several,
    and the newest of them is the one that left it so.
    """
    if (
        not Row.objects.filter(pk=row.pk, outcome=row.outcome)
        .exclude(outcome="")
        .update(outcome="", reason="")
    ):
        return None
    covering = job.chunks.filter(first__lte=row.number, last__gte=row.number).order_by("-pk")
    chunk = covering.filter(**{f"{row.outcome}__gt": 0}).first() or covering.first()
    if chunk:
        add(chunk, {row.outcome: -1})
    return chunk


def add(chunk: Chunk, counts: Mapping[str, int], **also: Any) -> None:
    """Count outcomes on a request, up or down, and write what else is given."""
    changes = {name: F(name) + number for name, number in counts.items() if name} | also
    if changes:
        Chunk.objects.filter(pk=chunk.pk).update(**changes)


def tally(job: Job) -> Tally:
    """The counts of a job, from its requests: as many numbers as it has requests, not rows."""
    return tallies.of(job)


def owner(job: Job) -> Actor | None:
    """Who started the job, with what they may do at this moment; None when the account is gone or closed."""
    found = _account(pk=job.owner_id)
    if not found:
        return None
    person, groups = found[0], [one.group for one in found if one.group]
    return Actor(
        id=person.pk,
        name=person.display_name,
        request_id=str(job.operation),
        role=label_of(groups),
        capabilities=granted(groups),
    )


#: One query for both, because it is asked before each request: the account once for each of its groups.
_account: Question[Any] = Question(
    lambda: (
        get_user_model()
        .objects.filter(pk=Given("pk", BigIntegerField()), is_active=True)
        .only("username", "first_name", "last_name")
        .annotate(group=F("groups__name"))
        .order_by()
    )
)


def splits_left(job: Job) -> int:
    """Requests that the job may still spend on halving."""
    most: int = settings.JOB_SPLIT_REQUESTS
    return max(0, most - job.chunks.filter(is_half=True).count())


def reads_left(job: Job) -> int:
    """Reads that the job may still spend on finding out what happened."""
    most: int = settings.JOB_VERIFY_REQUESTS
    used: int = job.chunks.aggregate(used=Sum("reads", default=0))["used"]
    return max(0, most - used)
