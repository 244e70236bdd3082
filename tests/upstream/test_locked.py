"""Row 14 of the faults: the SQLite file is locked, twenty write at once, or it cannot be written at all.

What waits 20 seconds in earnest waits 0.2 here: the setting is the connection's, the rest is the same.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser

from kayse_admin.actors import Actor
from kayse_admin.audit import owner, recorder, recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Target
from kayse_admin.upstream.operations import Settled, perform
from tests.clients_ui.conftest import new_fields
from tests.conftest import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

NEW = {"first_name": "Ana", "last_name": "García", "external_source": "manual", "external_source_id": "x-1"}


@pytest.fixture(autouse=True)
def _sqlite_only(is_sqlite: bool) -> Iterator[None]:
    """PostgreSQL locks rows, not files: what its absence does is row 15."""
    if not is_sqlite:
        pytest.skip("a file that is locked as a whole is SQLite's")
    pragma("busy_timeout = 200")
    yield
    pragma("query_only = OFF")
    pragma("busy_timeout = 20000")


def pragma(words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {words}")


@contextmanager
def locked() -> Iterator[None]:
    """Another program holds the file for writing."""
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def create(actor: Actor, during: Any = None) -> Any:
    """Create one client through the write path; `during` is called while the vendor is asked."""

    def send(kayse: Any) -> Any:
        outcome = kayse.clients.create(NEW)
        if during:
            during()
        return outcome

    target = Target("client", None, "Ana")
    return perform(actor, Action.CLIENT_CREATE, target, operation=uuid.uuid4(), payload={}, send=send,
                   settle=lambda outcome: Settled())  # fmt: skip


def recorded() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("id").values_list("stage", "result"))


def test_a_locked_file_at_the_intent_means_no_call(actor: Actor, sandbox: Sandbox) -> None:
    with locked(), pytest.raises(OperationalError, match="locked"):
        create(actor)
    assert sandbox.requests() == []
    assert recorded() == []
    create(actor)
    assert recorded() == [("intent", ""), ("outcome", "applied")]


def test_the_person_is_told_in_words(as_paralegal: Browser, sandbox: Sandbox) -> None:
    as_paralegal.get("/clients/new/")
    before = Event.objects.count()
    with locked():
        answer = as_paralegal.post("/clients/new/", new_fields())
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    assert "look whether it happened before you do it again" in answer.text
    assert int(answer["Retry-After"]) > 0
    assert sandbox.requests("POST") == []
    assert Event.objects.count() == before
    assert as_paralegal.post("/clients/new/", new_fields()).status_code == 303


def test_a_locked_file_at_the_outcome_leaves_the_operation_open(actor: Actor, sandbox: Sandbox) -> None:
    """The call was made and its outcome could not be committed: nothing says that it is done, and it is found again."""
    held = locked()
    with pytest.raises(OperationalError, match="locked"):
        create(actor, during=held.__enter__)
    held.__exit__(None, None, None)
    assert len(sandbox.requests("POST")) == 1
    assert recorded() == [("intent", "")]
    OpenOperation.objects.update(owner=f"{owner.me().rpartition(':')[0]}:a-process-that-is-over")
    recovery.recover()
    assert recorded() == [("intent", ""), ("outcome", "unknown")]
    assert len(sandbox.requests("POST")) == 1


def test_a_lock_that_ends_in_time_is_waited_for(actor: Actor, sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(1) as pool:
        with locked():
            done = pool.submit(_in_a_thread, actor)
            assert wait([done], timeout=0.4).not_done == {done}
            assert sandbox.requests() == []
        done.result(timeout=20)
    assert recorded() == [("intent", ""), ("outcome", "applied")]


def _in_a_thread(actor: Actor) -> None:
    try:
        create(actor)
    finally:
        connection.close()


def test_twenty_writers_lose_nothing(actor: Actor) -> None:
    def write(number: int) -> None:
        try:
            for step in range(5):
                begun = recorder.intent(
                    actor,
                    Action.CLIENT_UPDATE,
                    Target("client", number, str(step)),
                    operation=uuid.uuid4(),
                    payload={},
                )
                recorder.outcome(begun, "applied", settle=lambda: None)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(write, range(1, 21)))
    assert Event.objects.filter(stage="intent").count() == 100
    assert Event.objects.filter(stage="outcome", result="applied").count() == 100
    for number in range(1, 21):
        assert Event.objects.filter(target_id=number).count() == 10
    assert not OpenOperation.objects.exists()


def test_a_file_that_cannot_be_written_means_no_call(
    actor: Actor, as_paralegal: Browser, sandbox: Sandbox
) -> None:
    before = Event.objects.count()
    pragma("query_only = ON")
    with pytest.raises(OperationalError, match="readonly"):
        create(actor)
    answer = as_paralegal.post("/clients/new/", new_fields())
    assert answer.status_code == 503
    assert "database" in answer.text
    pragma("query_only = OFF")
    assert sandbox.requests("POST") == []
    assert Event.objects.count() == before
