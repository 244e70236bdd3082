"""Jobs through faults of the machine: a stopped worker, a database that restarts, a full disk, a signal to end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser

from clients_ui.bulk import Upsert
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.jobs import ledger, lock, runner, tasks
from kayse_admin.jobs.models import Chunk, Job, Row
from tests.clients_ui.conftest import ana, edit_fields, known  # noqa: F401  (fixtures)
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

Begin = Any


@pytest.fixture
def begin(sandbox: Sandbox) -> Iterator[Begin]:
    """Start worker processes, killed at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def now(mode: str = "careful", stderr: Any = subprocess.DEVNULL, **environment: str) -> Any:
        process = subprocess.Popen(
            [PYTHON, "-m", "tests.jobs.worker", mode],
            cwd=ROOT,
            env=worker_environment(sandbox, **environment),
            stderr=stderr,
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
    sandbox.switch(
        bulk_row_ms=150
    )  # long enough for the signal to arrive while the first request is answered
    job = started(owner, (new_client(n) for n in range(60)), size=20)
    first = begin()
    # While it waits for an answer it holds no lock of SQLite's, which would keep everybody from writing.
    until(lambda: any(one["status"] is None for one in sandbox.requests("POST")), "the first request")
    first.send_signal(signal.SIGSTOP)
    sandbox.switch(bulk_row_ms=0)
    begin()
    until(lambda: all(one["status"] for one in sandbox.requests("POST")), "the vendor's answer")
    sent, served = len(sandbox.requests("POST")), _errands_done()
    # The second worker has looked into the queue and at the lock once it has served an errand of its own.
    tasks.wake()
    until(lambda: _errands_done() > served, "the second worker's errand")
    assert not lock.is_free()
    assert len(sandbox.requests("POST")) == sent, "nothing is sent meanwhile"
    first.send_signal(signal.SIGCONT)
    until(lambda: done(job), "the end of the job")
    assert set(exported(sandbox).values()) == {1}
    assert len(exported(sandbox)) == 60
    adds_up(job)
    recorded(job)


def _errands_done() -> int:
    from django_tasks_db.models import DBTaskResult

    return DBTaskResult.objects.filter(status="SUCCESSFUL").count()


def test_sigterm_finishes_the_request_under_way(sandbox: Sandbox, owner: User, begin: Begin) -> None:
    sandbox.switch(bulk_row_ms=150)  # long enough for the signal to arrive before the last request
    job = started(owner, (new_client(n) for n in range(60)), size=20)
    worker = begin()
    until(sending, "a request under way")
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=120)
    sandbox.switch(bulk_row_ms=0)
    assert not sending()
    assert outcomes(job)["created"] in (20, 40), "whole requests"
    assert outcomes(job)["unknown"] == 0
    begin()
    until(lambda: done(job), "the end of the job")
    assert outcomes(job) == {"created": 60}
    recorded(job)


def test_it_resumes_by_itself_and_people_go_first(
    sandbox: Sandbox,
    owner: User,
    begin: Begin,
    as_paralegal: Browser,
    ana: Client,  # noqa: F811
) -> None:
    """An import that has used the hour up to the reserve waits; a person's edit goes through; then it goes on."""
    sandbox.switch(rate_limit=6, rate_window=15)
    job = started(owner, (new_client(n) for n in range(80)), size=20)
    begin(KAYSE_HOURLY_LIMIT="6", KAYSE_RESERVE="4")
    until(lambda: Job.objects.get(pk=job.pk).state == Job.State.WAITING, "the job to wait")
    assert "hourly budget" in Job.objects.get(pk=job.pk).note
    saved = as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Waco"))
    assert saved.status_code == 303
    assert sandbox.client(ana.pk)["city"] == "Waco"
    assert Job.objects.get(pk=job.pk).state == Job.State.WAITING, "the job is as it was"
    until(lambda: done(job), "the end of the job")
    assert outcomes(job) == {"created": 80}
    assert len(sandbox.requests("POST")) == 4 == ledger.tally(job).requests
    assert not [one for one in sandbox.requests() if one["status"] == 429]
    adds_up(job)


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database cannot grow by a single page. SQLite says so itself; for PostgreSQL it is played."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")  # no free page is left inside
            before = cursor.execute("PRAGMA max_page_count").fetchone()[0]
            cursor.execute("PRAGMA max_page_count=1")  # never below what is used now
        yield
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count={before}")
        return
    with monkeypatch.context() as patched:
        patched.setattr(Event, "save", _full)
        yield


def _full(self: Event, *_: Any, **__: Any) -> None:
    raise OperationalError("database or disk is full")


#: More than what is free inside the last pages.
LONG = "x" * 20_000


def test_a_full_disk_at_the_intent(sandbox: Sandbox, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 16: no intent, no call."""
    job = started(owner, [new_client(1, city=LONG)])
    with full_disk(monkeypatch), pytest.raises(OperationalError, match="full"):
        runner.serve()
    assert sandbox.requests("POST") == []
    assert not sending()
    assert Event.objects.filter(job=job.pk).count() == 0
    Row.objects.filter(job=job).update(body=new_client(1).body)
    runner.serve()
    assert outcomes(job) == {"created": 1}


def test_a_full_disk_at_the_outcome(sandbox: Sandbox, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 16: the operation stays open, nothing is told as done, and nothing is sent a second time."""
    job = started(owner, (new_client(n) for n in range(40)))
    original = Upsert.send
    with ExitStack() as disk:

        def fills_up(self: Upsert, *arguments: Any) -> Any:
            outcome = original(self, *arguments)
            disk.enter_context(full_disk(monkeypatch))
            return outcome

        monkeypatch.setattr(Upsert, "send", fills_up)
        with pytest.raises(OperationalError, match="full"):
            runner.serve()
    assert OpenOperation.objects.filter(state="in_flight").count() == 1
    assert outcomes(job) == {"": 40}
    assert Client.objects.filter(external_source="soak").count() == 0, "the directory says nothing else"
    monkeypatch.undo()
    runner.serve()
    assert outcomes(job) == {"unknown": 40}
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)
    recorded(job)


def errors_in(told: Path) -> list[str]:
    """What a worker has complained about so far."""
    return [line for line in told.read_text().splitlines() if json.loads(line)["level"] == "ERROR"]


def test_a_full_disk_at_the_outcome_is_one_line(
    sandbox: Sandbox, owner: User, begin: Begin, tmp_path: Path
) -> None:
    """Row 16: a worker says so in one line on stderr, without what was sent, and goes on by itself."""
    job = started(owner, (new_client(n) for n in range(4)))
    told = tmp_path / "stderr"
    with told.open("wb") as stderr:
        begin("full", stderr)
        until(lambda: errors_in(told) != [], "the line on stderr")
        assert OpenOperation.objects.filter(state="in_flight").count() == 1
        runner.sweep()  # as housekeeping does every minute
        until(lambda: done(job), "the end of the job")
    (line,) = errors_in(told)
    assert "full" in line
    assert "Soak" not in line
    assert outcomes(job) == {"unknown": 4}
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)
    recorded(job)


@pytest.mark.postgres
def test_the_database_restarts_in_mid_job(sandbox: Sandbox, owner: User, begin: Begin) -> None:
    """Row 15: every session ends at once, as in a restart; the worker comes back by itself and nothing is doubled."""
    sandbox.switch(bulk_row_ms=10)
    job = started(owner, (new_client(n) for n in range(80)), size=20)
    worker = begin()
    until(sending, "a request under way")
    _end_all_sessions()
    connection.close()
    until(lambda: done(job), "the end of the job")
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


@pytest.mark.postgres
def test_a_page_says_so_while_the_database_restarts(as_paralegal: Browser) -> None:
    """Row 15: 503 in plain words, and the next request is answered again."""
    assert as_paralegal.get("/jobs/").status_code == 200
    _end_all_sessions()
    page = as_paralegal.get("/jobs/")
    assert page.status_code == 503
    connection.close()  # what Django does behind each request with a session that is broken
    assert as_paralegal.get("/jobs/").status_code == 200


def _end_all_sessions() -> None:
    """What a restart does to everybody who is connected."""
    told = connection.settings_dict
    where = {"dbname": "postgres", "user": told["USER"], "host": told["HOST"], "port": told["PORT"]}
    with psycopg.connect(**where, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [told["NAME"]]
        )
