"""Small jobs that are sent while the person waits: beside the other jobs, from the reserve, and never twice."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from clients_ui import bulk
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, granted
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ledger, lock, runner, services
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.upstream.models import Budget
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox
from tests.jobs.helpers import (
    PYTHON,
    ROOT,
    adds_up,
    exported,
    new_client,
    outcomes,
    recorded,
    started,
    worker_environment,
)
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paula(owner: User) -> Actor:
    return Actor(
        owner.pk, owner.display_name, "10.0.0.7", "gesture-1", capabilities=granted([Role.PARALEGAL])
    )


def city(pk: int) -> Row:
    return Row(target=pk, label=f"Client {pk}", body={"city": "Waco"}, before={"city": "Old"})


def begun(actor: Actor, rows: list[Row], **more: Any) -> Job:
    return services.start(actor, bulk.Upsert, "Edit", rows, uuid.uuid4(), **more)


@contextmanager
def elsewhere(job: int | None = None) -> Iterator[None]:
    """Another process holds the lock: here a thread with a connection of its own."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.sending(job) as held:
            assert held is not None
            holding.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(30)
    yield
    done.set()
    thread.join(30)


def test_it_is_done_when_the_answer_is_there(sandbox: Sandbox, paula: Actor, as_paralegal: Browser) -> None:
    job = begun(paula, [city(1), city(2), Row(target=3, label="Same", outcome="unchanged")], reason="moved")
    assert (job.state, outcomes(job)) == ("done", {"updated": 2, "unchanged": 1})
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)
    recorded(job)
    intent = Event.objects.get(stage="intent")
    assert (intent.actor_name, intent.address, intent.gesture, intent.reason) == (
        "Paula Legal", "10.0.0.7", "gesture-1", "moved",
    )  # fmt: skip
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert "Client 1 Updated" in page
    assert "Same Unchanged" in page


def test_a_double_click_is_one(sandbox: Sandbox, paula: Actor) -> None:
    operation = uuid.uuid4()
    jobs = [services.start(paula, bulk.Upsert, "Edit", [city(1)], operation) for _ in range(2)]
    assert jobs[0] == jobs[1]
    assert len(sandbox.requests("POST")) == 1


def test_more_are_left_to_the_workers(sandbox: Sandbox, paula: Actor) -> None:
    job = begun(paula, [new_client(n) for n in range(services.AT_ONCE + 1)])
    assert (job.state, job.at_once, len(sandbox.requests("POST"))) == ("queued", False, 0)
    runner.serve()
    assert outcomes(job) == {"created": services.AT_ONCE + 1}


def test_it_does_not_wait_behind_an_import(sandbox: Sandbox, owner: User, paula: Actor) -> None:
    long = started(owner, [new_client(n) for n in range(30)], size=10)
    with elsewhere():
        assert outcomes(begun(paula, [city(1)])) == {"updated": 1}
    assert outcomes(long) == {"": 30}
    runner.serve()
    assert outcomes(long) == {"created": 30}


def test_it_may_use_the_reserve(sandbox: Sandbox, paula: Actor, settings: LazySettings) -> None:
    settings.KAYSE_HOURLY_LIMIT, settings.KAYSE_RESERVE = 10, 9
    assert outcomes(begun(paula, [city(1)])) == {"updated": 1}
    assert outcomes(begun(paula, [city(2)])) == {"updated": 1}


def test_a_budget_that_is_used_up_is_waited_for(
    sandbox: Sandbox, paula: Actor, settings: LazySettings
) -> None:
    settings.KAYSE_HOURLY_LIMIT = 0
    job = begun(paula, [city(1)])
    assert (job.state, "hourly budget" in job.note) == ("waiting", True)
    assert sandbox.requests("POST") == []
    Budget.objects.update(limit=500)
    Job.objects.update(wait_until=timezone.now())
    runner.serve()
    assert outcomes(job) == {"updated": 1}


def test_a_refused_batch_is_halved_by_the_workers(sandbox: Sandbox, paula: Actor) -> None:
    sandbox.switch(bulk="abort_batch")
    bad = Row(target=2, label="Bad", body={"email": "no mail"}, before={})
    job = begun(paula, [city(1), bad, city(3), city(4)])
    assert (job.state, outcomes(job)) == ("queued", {"": 4})
    runner.serve()
    assert outcomes(job) == {"updated": 3, "failed": 1}
    adds_up(job)


def test_silence_is_unknown_and_looked_at_later(
    sandbox: Sandbox, paula: Actor, settings: LazySettings
) -> None:
    settings.KAYSE_PERSON_DEADLINE, settings.KAYSE_BULK_DEADLINE = 1.5, 60
    sandbox.fault("hang", method="POST", seconds=60)
    job = begun(paula, [city(1), city(2)])
    assert (job.state, outcomes(job)) == ("waiting", {"unknown": 2})
    settings.KAYSE_PERSON_DEADLINE = 25.0
    Chunk.objects.update(verify_at=timezone.now())
    Job.objects.update(wait_until=timezone.now())
    runner.serve()
    assert outcomes(job) == {"updated": 2}
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)


def test_nobody_overtakes_the_process_that_sends(sandbox: Sandbox, owner: User, paula: Actor) -> None:
    job = fresh(owner)
    assert ledger.turn_alone(job)
    Job.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    Chunk.objects.update(state="sending")
    with elsewhere(job.pk):
        runner.serve()
        assert Chunk.objects.get().state == "sending"
    job.refresh_from_db()
    assert job.wait_until > timezone.now()
    assert ledger.next_due() == job.wait_until


def test_a_job_that_the_workers_have_taken_is_not_sent_again(
    sandbox: Sandbox, owner: User, paula: Actor
) -> None:
    job = fresh(owner)
    Job.objects.update(wait_until=timezone.now())
    runner.serve()
    runner.serve_now(job, paula)
    assert len(sandbox.requests("POST")) == 1
    assert outcomes(job) == {"created": 1}


def fresh(owner: User) -> Job:
    """A job that waits for `serve_now`."""
    job = Job.objects.create(
        kind="clients_upsert", title="Small", owner_id=owner.pk, owner_name=owner.display_name
    )
    ledger.add_rows(job, [new_client(1)])
    assert ledger.start(job, size=100, at_once=100)
    assert ledger.due() is None
    return job


KILLED = """
import django, os; django.setup()
from clients_ui import bulk
from kayse_admin.accounts.models import User
from kayse_admin.jobs import ledger, runner
from kayse_admin.jobs.models import Job
job = Job.objects.get()
runner.serve_now(job, ledger.owner(job))
"""


def test_a_process_that_dies_meanwhile_leaves_an_unknown_row(sandbox: Sandbox, owner: User) -> None:
    job = fresh(owner)
    sandbox.fault("hang", method="POST", seconds=20)
    process = subprocess.Popen([PYTHON, "-c", KILLED], cwd=ROOT, env=worker_environment(sandbox))
    until(lambda: bool(sandbox.requests("POST")), "the request")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    assert ledger.due() is None
    Job.objects.update(wait_until=timezone.now())
    runner.serve()
    assert outcomes(job) == {"unknown": 1}
    assert exported(sandbox) == {"S-1": 1}
    adds_up(job)
    recorded(job)
