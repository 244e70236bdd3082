"""What a dead process was sending of a job that somebody paused or cancelled: it may be at Kayse, and is unknown."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from kayse_admin.accounts.models import User
from kayse_admin.jobs import ending, ledger, runner
from kayse_admin.jobs.models import Chunk, Job
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, new_client, outcomes, started
from tests.jobs.test_at_once import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def left(people: dict[str, User]) -> Job:
    """A job whose worker died while it sent the first of two requests."""
    job = started(people["paralegal"], [new_client(number) for number in range(4)], size=2)
    Job.objects.update(state=Job.State.RUNNING)
    first = job.chunks.order_by("first")[:1]
    Chunk.objects.filter(pk__in=first).update(
        state=Chunk.State.SENDING, operation=uuid.uuid4(), sent_at=timezone.now()
    )
    DBTaskResult.objects.update(status="RUNNING")
    return job


@pytest.mark.parametrize("stop", [ledger.pause, ledger.cancel])
def test_it_is_unknown_and_not_unsent(sandbox: Sandbox, left: Job, stop: object) -> None:
    assert callable(stop)
    assert stop(left)
    assert runner.sweep(), "somebody has to say so"
    runner.serve()
    assert outcomes(left) == {"unknown": 2, "": 2}
    assert "2 unknown, 2 not sent" in ending.summary(left)
    assert sandbox.requests("POST") == []
    adds_up(left)
    DBTaskResult.objects.all().delete()
    assert not runner.sweep(), "once is enough"


def test_what_another_process_still_sends_is_left_to_it(sandbox: Sandbox, left: Job) -> None:
    assert ledger.cancel(left)
    with elsewhere(left.pk):
        runner.serve()
    assert outcomes(left) == {"": 4}
    with elsewhere():
        assert not runner.sweep()
        runner.serve()
    assert outcomes(left) == {"": 4}
    runner.serve()
    assert outcomes(left) == {"unknown": 2, "": 2}
