"""Jobs through faults of the machine: a stopped worker, a database that restarts, a full disk, a signal to end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.jobs import ledger, lock, runner
from kayse_admin.jobs.models import Chunk, Job
from tests.conftest import Sandbox
from tests.jobs.helpers import (
    PYTHON,
    adds_up,
    exported,
    new_client,
    outcomes,
    recorded,
    started,
    worker_environment,
)
from tests.jobs.test_killed import until

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def owner(people: dict[str, User]) -> User:
    return people["paralegal"]


Begin = Any


@pytest.fixture
def begin(sandbox: Sandbox) -> Iterator[Begin]:
    """Start worker processes, killed at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def now(**environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [PYTHON, "-m", "tests.jobs.worker", "careful"],
            cwd=ROOT,
            env=worker_environment(sandbox, **environment),
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        return process

    yield now
    for process in processes:
        process.kill()
        process.wait(timeout=30)


def sending() -> bool:
    return Chunk.objects.filter(state=Chunk.State.SENDING).exists()


def done(job: Job) -> bool:
    return Job.objects.get(pk=job.pk).state == Job.State.DONE


def test_nobody_overtakes_a_stopped_worker(sandbox: Sandbox, owner: User, begin: Begin) -> None:
    """Row 13."""
    sandbox.switch(bulk_row_ms=50)
    job = started(owner, (new_client(n) for n in range(60)), size=20)
    first = begin()
    # While it waits for an answer it holds no lock of SQLite's, which would keep everybody from writing.
    until(lambda: any(one["status"] is None for one in sandbox.requests("POST")))
    first.send_signal(signal.SIGSTOP)
    begin()
    until(lambda: all(one["status"] for one in sandbox.requests("POST")))
    sent, served = len(sandbox.requests("POST")), _errands_done()
    # The second worker has looked into the queue and at the lock once it has served an errand of its own.
    ledger.wake()
    until(lambda: _errands_done() > served)
    assert not lock.is_free()
    assert len(sandbox.requests("POST")) == sent, "nothing is sent meanwhile"
    first.send_signal(signal.SIGCONT)
    until(lambda: done(job))
    assert set(exported(sandbox).values()) == {1}
    assert len(exported(sandbox)) == 60
    adds_up(job)
    recorded(job)


def _errands_done() -> int:
    from django_tasks_db.models import DBTaskResult

    return DBTaskResult.objects.filter(status="SUCCESSFUL").count()


def test_sigterm_finishes_the_request_under_way(sandbox: Sandbox, owner: User, begin: Begin) -> None:
    sandbox.switch(bulk_row_ms=10)
    job = started(owner, (new_client(n) for n in range(60)), size=20)
    worker = begin()
    until(sending)
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)
    assert not sending()
    assert outcomes(job)["created"] in (20, 40), "whole requests"
    assert outcomes(job)["unknown"] == 0
    begin()
    until(lambda: done(job))
    assert outcomes(job) == {"created": 60}
    recorded(job)


def test_it_resumes_by_itself_and_people_go_first(sandbox: Sandbox, owner: User, begin: Begin) -> None:
    """An import that has used the hour up to the reserve waits; a person's edit goes through; then it goes on."""
    from clients_ui import services
    from kayse_admin.accounts.roles import Role, granted
    from kayse_admin.actors import Actor

    sandbox.switch(rate_limit=6, rate_window=8)
    job = started(owner, (new_client(n) for n in range(80)), size=20)
    begin(KAYSE_HOURLY_LIMIT="6", KAYSE_RESERVE="4")
    until(lambda: Job.objects.get(pk=job.pk).state == Job.State.WAITING)
    assert "hourly budget" in Job.objects.get(pk=job.pk).note
    person = Actor(id=owner.pk, name="Paula Legal", capabilities=granted([Role.PARALEGAL]))
    assert services.refresh(person, 1).outcome.result == "applied"
    until(lambda: done(job))
    assert outcomes(job) == {"created": 80}
    assert len(sandbox.requests("POST")) == 4 == ledger.tally(job).requests
    assert not [one for one in sandbox.requests() if one["status"] == 429]
    adds_up(job)


def test_a_full_disk_at_the_intent(sandbox: Sandbox, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 16: no intent, no call."""
    job = started(owner, [new_client(1)])
    monkeypatch.setattr(Event, "save", _full)
    with pytest.raises(OperationalError):
        runner.serve()
    assert sandbox.requests("POST") == []
    assert not sending()
    monkeypatch.undo()
    runner.serve()
    assert outcomes(job) == {"created": 1}


def _full(self: Event, *_: Any, **__: Any) -> None:
    raise OperationalError("database or disk is full")


def test_a_full_disk_at_the_outcome(sandbox: Sandbox, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 16: the operation stays open, nothing is told as done, and nothing is sent a second time."""
    job = started(owner, [new_client(1)])
    original = Event.save

    def full_later(self: Event, *args: Any, **kwargs: Any) -> None:
        if not self.opens:
            _full(self)
        original(self, *args, **kwargs)

    monkeypatch.setattr(Event, "save", full_later)
    with pytest.raises(OperationalError):
        runner.serve()
    assert OpenOperation.objects.filter(state="in_flight").count() == 1
    assert outcomes(job) == {"": 1}
    monkeypatch.undo()
    runner.serve()
    assert outcomes(job) == {"unknown": 1}
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)
    recorded(job)


@pytest.mark.postgres
def test_the_database_restarts_in_mid_job(sandbox: Sandbox, owner: User, begin: Begin) -> None:
    """Row 15: every session ends at once, as in a restart; the worker comes back by itself and nothing is doubled."""
    sandbox.switch(bulk_row_ms=10)
    job = started(owner, (new_client(n) for n in range(80)), size=20)
    worker = begin()
    until(sending)
    settings = connection.settings_dict
    with psycopg.connect(
        dbname="postgres",
        user=settings["USER"],
        host=settings["HOST"],
        port=settings["PORT"],
        autocommit=True,
    ) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [settings["NAME"]]
        )
    connection.close()
    until(lambda: done(job))
    assert worker.poll() is None, "the worker lives"
    assert set(exported(sandbox).values()) == {1}
    assert len(exported(sandbox)) == 80
    assert outcomes(job)["created"] + outcomes(job)["unknown"] == 80
    adds_up(job)
    recorded(job)


@pytest.mark.postgres
def test_a_lost_session_is_noticed_before_sending(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [new_client(1)])
    with lock.sending() as held:
        assert held is not None
        assert held()
        connection.close()
        assert Job.objects.filter(pk=job.pk).exists(), "Django has connected again, in another session"
        assert not held()
