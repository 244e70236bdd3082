"""The errand of the queue. It only wakes somebody up; what is to be done stands in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

KEEP = timedelta(days=1)

_errands: list[Callable[[], int]] = []


def register(errand: Callable[[], int]) -> None:
    """What is to be done when the queue wakes somebody up; called from the `ready()` of the app."""
    _errands[:] = [errand]


@task()
def serve_jobs() -> int:
    """Prepare and serve every job that is due; returns how many requests were sent."""
    return sum(errand() for errand in _errands)


def wake(at: datetime | None = None) -> None:
    """Put the errand into the queue, for now or for later; part of the caller's transaction."""
    errand = serve_jobs.using(run_after=at) if at else serve_jobs
    errand.enqueue()


def is_queued() -> bool:
    """Whether an errand lies in the queue that is due."""
    return DBTaskResult.objects.ready().filter(task_path=serve_jobs.module_path).exists()


def forget_old() -> None:
    """Drop errands of yesterday, those that died with their worker among them."""
    old = timezone.now() - KEEP
    DBTaskResult.objects.filter(task_path=serve_jobs.module_path, enqueued_at__lt=old).exclude(
        status=TaskResultStatus.READY
    ).delete()
