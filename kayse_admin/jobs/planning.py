"""What a job will cost and when it will be done, told before it starts and while it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Avg, Sum
from django.utils import timezone

from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import Chunk, Job
from kayse_admin.jobs.registry import Looking, kind_of
from kayse_admin.upstream import budget, status

#: Seconds that a request for many rows takes as long as none was measured.
USUAL = 3.0


@dataclass(frozen=True, slots=True)
class Plan:
    """requests: how many it takes; leaves: how many of this hour are left after it; done_at: about when.

    more: requests that may come on top, for halving refused batches and looking at unanswered rows. hours: how often
    it has to wait for the next hour.
    """

    rows: int
    requests: int
    leaves: int
    done_at: datetime
    hours: int
    more: int


def plan(rows: int, requests: int, seconds: float = USUAL) -> Plan:
    """The plan for so many rows in so many requests, from where the budget stands now."""
    told = status.budget()
    limit, reserve = told["limit"], settings.KAYSE_RESERVE
    now = timezone.now()
    reset = told["reset_at"] or now + budget.HOUR
    free = max(0, told["remaining"] - reserve)
    an_hour = max(1, limit - reserve)
    later = max(0, requests - free)
    hours = math.ceil(later / an_hour)
    if hours:
        rest = later - (hours - 1) * an_hour
        done_at = reset + budget.HOUR * (hours - 1) + timedelta(seconds=rest * seconds)
    else:
        done_at = now + timedelta(seconds=requests * seconds)
    leaves = max(0, told["remaining"] - min(requests, free))
    more = settings.JOB_SPLIT_REQUESTS + settings.JOB_VERIFY_REQUESTS
    return Plan(rows, requests, leaves, done_at, hours, more)


def plan_rows(rows: int) -> Plan:
    """The plan for so many rows, in the largest requests."""
    return plan(rows, math.ceil(rows / settings.KAYSE_BULK_ROWS))


def _looks(job: Job) -> int:
    """Reads that are still to find out what became of unanswered rows."""
    rows: int = job.chunks.filter(verify_at__isnull=False).aggregate(rows=Sum("unknown", default=0))["rows"]
    return min(rows, ledger.reads_left(job)) if rows else 0


def rest_of(job: Job) -> Plan | None:
    """The plan for what is left of a job; None when it is over or stands."""
    if not job.is_active:
        return None
    tally = ledger.tally(job)
    found = job.chunks.filter(state=Chunk.State.DONE, duration_ms__gt=0).aggregate(ms=Avg("duration_ms"))
    seconds = max(0.2, (found["ms"] or USUAL * 1000) / 1000)
    kind = kind_of(job)
    reads = (tally.left if isinstance(kind, Looking) and kind.reads_first else 0) + _looks(job)
    return plan(tally.left, tally.chunks_left + reads, seconds)
