"""What a job has to do next, asked before each of its requests."""

from __future__ import annotations

from django.db.models import BigIntegerField, Q

from kayse_admin.built_once import Given, Question
from kayse_admin.jobs.models import Chunk, Job

_OF_JOB = Q(job_id=Given("job", BigIntegerField()))
_looks = Question(lambda: Chunk.objects.filter(_OF_JOB, verify_at__isnull=False).order_by("verify_at")[:1])
_pending = Question(
    lambda: Chunk.objects.filter(_OF_JOB, state=Chunk.State.PENDING).order_by("first", "pk")[:2]
)


def look(job: Job) -> Chunk | None:
    """The unanswered request that may be looked at first."""
    return next(iter(_looks(job=job.pk)), None)


def chunks(job: Job) -> tuple[Chunk | None, bool]:
    """The request that is to be sent first, and whether there is another one."""
    found = _pending(job=job.pk)
    return next(iter(found), None), len(found) > 1
