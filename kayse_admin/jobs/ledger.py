"""Writing the ledger. Each function is one conditional step; what a function does not find, somebody else has done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Q, Sum
from django.utils import timezone

from kayse_admin.accounts.roles import granted, label_of
from kayse_admin.actors import Actor
from kayse_admin.jobs.models import OUTCOMES, TURNS, Chunk, Job, Row
from kayse_admin.jobs.registry import Became

State = Job.State
#: States in which a job may be served; "waiting" only when its time has come.
SERVED = (State.QUEUED, State.RUNNING)
BATCH = 5_000


def add_rows(job: Job, rows: Iterable[Row]) -> int:
    """Insert rows in batches, numbered on from what is there; returns how many the job has now."""
    number = job.total
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        for row in batch:
            number += 1
            row.job_id, row.number = job.pk, number
        with transaction.atomic():
            _insert(batch)
            Job.objects.filter(pk=job.pk).update(total=number)
    job.total = number
    return number


_COLUMNS = (
    "job_id", "number", "line", "target", "label", "body", "before", "source", "outcome", "result", "reason",
    "flag",
)  # fmt: skip


def _insert(batch: Sequence[Row]) -> None:
    """Like bulk_create, at a sixth of its price."""
    columns = ", ".join(connection.ops.quote_name(name) for name in _COLUMNS)
    sql = (
        f"INSERT INTO {connection.ops.quote_name(Row._meta.db_table)} ({columns}) "  # noqa: S608  (our own names)
        f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
    )
    values = [
        (
            row.job_id, row.number, row.line, row.target, row.label, json_value(row.body), json_value(row.before),
            json_value(row.source), row.outcome, row.result, row.reason, row.flag,
        )
        for row in batch
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


def json_value(value: Any) -> Any:
    """A value as a JSON column takes it from a raw statement; None is NULL."""
    return None if value is None else _encode(value)


def discard(job: Job) -> None:
    """Delete a draft with its rows; a job that was started stays for ever."""
    with transaction.atomic():
        if Job.objects.select_for_update().filter(pk=job.pk, state=State.DRAFT).exists():
            Row.objects.filter(job=job)._raw_delete("default")  # no row has dependants
            job.delete()


def start(job: Job, *, size: int) -> bool:
    """Cut the rows that are to be sent into requests and queue the job; False when it was started before.

    Rows without anything to send have an outcome already and are in no request.
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
        Job.objects.filter(pk=job.pk).update(to_send=count)
        wake()
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


def wake(at: datetime | None = None) -> None:
    """Put the errand "serve the jobs" into the queue, for now or for later; part of the caller's transaction."""
    from kayse_admin.jobs.tasks import serve_jobs

    task = serve_jobs.using(run_after=at) if at else serve_jobs
    task.enqueue()


def due() -> Job | None:
    """The job whose turn it is: started, its time come, served longest ago."""
    now = timezone.now()
    return (
        Job.objects.filter(Q(state__in=SERVED) | Q(state=State.WAITING, wait_until__lte=now))
        .order_by(*TURNS)
        .first()
    )


def next_due() -> datetime | None:
    """When the first of the waiting jobs may go on."""
    found: datetime | None = Job.objects.filter(state=State.WAITING).aggregate(at=Min("wait_until"))["at"]
    return found


def turn(job: Job) -> bool:
    """Note that the job is served now; False when somebody paused or cancelled it meanwhile."""
    active = Job.objects.filter(pk=job.pk, state__in=(*SERVED, State.WAITING))
    return bool(active.update(state=State.RUNNING, served_at=timezone.now(), wait_until=None, note=""))


def wait(job: Job, until: datetime, note: str) -> None:
    """Let the job rest until then; no thread waits with it."""
    Job.objects.filter(pk=job.pk, state=State.RUNNING).update(
        state=State.WAITING, wait_until=until, note=note[:300]
    )


def stand(job: Job, note: str) -> None:
    """Pause the job because only a person can help."""
    Job.objects.filter(pk=job.pk, state=State.RUNNING).update(state=State.PAUSED, note=note[:300])


def pause(job: Job) -> bool:
    """Let nothing more be sent until somebody resumes; the request under way comes to its end."""
    mine = Job.objects.filter(pk=job.pk, state__in=(*SERVED, State.WAITING))
    return bool(mine.update(state=State.PAUSED, wait_until=None, note=""))


def resume(job: Job) -> bool:
    """Go on with a paused job, or with one that has something to send again."""
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, state__in=(State.PAUSED, State.DONE))
        if not mine.update(state=State.QUEUED, note="", finished_at=None):
            return False
        wake()
    return True


def cancel(job: Job) -> bool:
    """Send nothing more of it, for good; what was sent stays."""
    mine = Job.objects.filter(pk=job.pk).exclude(state__in=(State.DONE, State.CANCELLED))
    return bool(mine.update(state=State.CANCELLED, finished_at=timezone.now(), wait_until=None, note=""))


def finish(job: Job) -> bool:
    """Close a job of which nothing is left to do by itself."""
    now = timezone.now()
    return bool(
        Job.objects.filter(pk=job.pk, state=State.RUNNING).update(
            state=State.DONE, finished_at=now, note="", wait_until=None
        )
    )


def rows_of(chunk: Chunk) -> list[Row]:
    """The rows of a request that have no outcome yet."""
    return list(
        Row.objects.filter(job_id=chunk.job_id, number__range=(chunk.first, chunk.last), outcome="")
        .defer("source")
        .order_by("number")
    )


def record(chunk: Chunk, rows: Sequence[Row], became: Sequence[Became], was: str = "") -> None:
    """Write the outcome of rows that had the outcome `was`, and count them; inside the caller's transaction."""
    quote = connection.ops.quote_name
    sql = (
        f"UPDATE {quote(Row._meta.db_table)} SET outcome = %s, result = %s, reason = %s "  # noqa: S608  (our own names)
        "WHERE id = %s AND outcome = %s"
    )
    values = [
        (one.outcome, one.result, one.reason[:500], row.pk, was)
        for row, one in zip(rows, became, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)
    add(chunk, Counter(one.outcome for one in became))
    if was:
        add(chunk, {was: -len(rows)})


def add(chunk: Chunk, counts: Mapping[str, int]) -> None:
    """Count outcomes on a request, up or down."""
    changes = {name: F(name) + number for name, number in counts.items() if name}
    if changes:
        Chunk.objects.filter(pk=chunk.pk).update(**changes)


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a job stands. created + updated + unchanged + failed + unknown + left = total, always."""

    total: int
    created: int
    updated: int
    unchanged: int
    failed: int
    unknown: int
    requests: int
    chunks: int
    chunks_left: int

    @property
    def settled(self) -> int:
        """Rows that have an outcome."""
        return self.created + self.updated + self.unchanged + self.failed + self.unknown

    @property
    def left(self) -> int:
        """Rows that have none yet."""
        return self.total - self.settled

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100; 100 only at the end."""
        return 100 if not self.left else min(99, self.settled * 100 // max(1, self.total))


def tally(job: Job) -> Tally:
    """The counts of a job, from its requests: as many numbers as it has requests, not rows."""
    found = job.chunks.aggregate(
        **{name: Sum(name, default=0) for name in OUTCOMES},
        used=Sum("requests", default=0),
        chunks=Count("pk"),
        left=Count("pk", filter=Q(state__in=(Chunk.State.PENDING, Chunk.State.SENDING))),
    )
    return Tally(
        total=job.total,
        requests=found["used"],
        chunks=found["chunks"],
        chunks_left=found["left"],
        **{name: found[name] for name in OUTCOMES},
    )


def owner(job: Job) -> Actor | None:
    """Who started the job, with what they may do at this moment; None when the account is gone or closed."""
    person = get_user_model().objects.filter(pk=job.owner_id, is_active=True).first()
    if person is None:
        return None
    groups = list(person.groups.values_list("name", flat=True))
    return Actor(
        id=person.pk,
        name=person.display_name,
        request_id=str(job.operation),
        role=label_of(groups),
        capabilities=granted(groups),
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


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
