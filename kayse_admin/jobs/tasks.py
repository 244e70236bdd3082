"""The errand of the queue: serve the jobs. It only wakes somebody up; what is to be done stands in the ledger."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from kayse_admin.jobs import preparing, runner

KEEP = timedelta(days=1)


@task()
def serve_jobs() -> int:
    """Prepare and serve every job that is due; returns how many requests were sent."""
    preparing.serve(runner.ending_soon.is_set)
    return runner.serve()


def is_queued() -> bool:
    """Whether an errand lies in the queue that is due."""
    return DBTaskResult.objects.ready().filter(task_path=serve_jobs.module_path).exists()


def forget_old() -> None:
    """Drop errands of yesterday, those that died with their worker among them."""
    old = timezone.now() - KEEP
    DBTaskResult.objects.filter(task_path=serve_jobs.module_path, enqueued_at__lt=old).exclude(
        status=TaskResultStatus.READY
    ).delete()
