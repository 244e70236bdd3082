"""Where jobs stand, counted from their requests: as many numbers as they have requests, not rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from kayse_admin.jobs.models import OUTCOMES, Chunk, Job


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
    #: Rows that had an outcome before the start, of which nothing is sent; 0 where nothing at all was to be sent.
    aside: int = 0

    @property
    def settled(self) -> int:
        """Rows that have an outcome."""
        return self.created + self.updated + self.unchanged + self.failed + self.unknown

    @property
    def left(self) -> int:
        """Rows that have none yet."""
        return self.total - self.settled

    @property
    def to_send(self) -> int:
        """Rows that are to be sent, in all."""
        return self.total - self.aside

    @property
    def sent(self) -> int:
        """Those of them that have an outcome."""
        return self.settled - self.aside

    @property
    def percent(self) -> int:
        """How much is done of what is to be sent, 0 to 100; 100 only at the end."""
        return 100 if not self.left else min(99, self.sent * 100 // max(1, self.to_send))


_UNDER_WAY = Q(state__in=(Chunk.State.PENDING, Chunk.State.SENDING))


def of(job: Job) -> Tally:
    """The counts of a job."""
    return of_many([job])[job.pk]


def of_many(jobs: Iterable[Job]) -> Mapping[int, Tally]:
    """The counts of each of these jobs, by its id, in one query."""
    wanted = {job.pk: job for job in jobs}
    counted = (
        Chunk.objects.filter(job__in=wanted)
        .order_by()
        .values("job")
        .annotate(
            **{f"rows_{name}": Sum(name) for name in OUTCOMES},
            used=Sum("requests"),
            chunks=Count("pk"),
            open=Count("pk", filter=_UNDER_WAY),
        )
    )
    found = {one["job"]: one for one in counted}
    return {pk: _tally(job, found.get(pk, {})) for pk, job in wanted.items()}


def _tally(job: Job, found: Mapping[str, Any]) -> Tally:
    counts = {name: found.get(f"rows_{name}", 0) for name in OUTCOMES}
    return Tally(
        total=job.total,
        aside=max(0, min(sum(counts.values()), job.total - job.to_send)) if job.to_send else 0,
        requests=found.get("used", 0),
        chunks=found.get("chunks", 0),
        chunks_left=found.get("open", 0),
        **counts,
    )
