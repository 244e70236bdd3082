"""The log's filter for one client or list finds the requests of jobs that held its row."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from caselists_ui import bulk as list_bulk
from caselists_ui import many_kinds
from clients_ui import bulk
from kayse_admin.actors import Actor
from kayse_admin.audit import queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Target
from kayse_admin.jobs import registry
from kayse_admin.jobs.models import HELD, Chunk, Job, Row
from tests.audit.factory import many, performed

pytestmark = pytest.mark.django_db
ANN = Actor(1, "Ann Admin", "10.0.0.9", "", "Administrator")


def sent(kind: str, *rows: dict[str, object], result: str = "applied", halves: int = 1) -> list[Event]:
    """A job whose rows all went out, in as many requests; returns what opened them."""
    job = Job.objects.create(kind=kind, title=f"A job of {len(rows)}", owner_id=1, owner_name="Ann Admin")
    Row.objects.bulk_create(
        Row(job=job, number=number, **{"outcome": "updated", **row})
        for number, row in enumerate(rows, start=1)
    )
    share = len(rows) // halves
    opened = []
    for half in range(halves):
        begun = performed(ANN, Action.CLIENTS_BULK_UPSERT, Target("job", job.pk, job.title), result=result)
        first, last = half * share + 1, (half + 1) * share
        Chunk.objects.create(job=job, first=first, last=last, state="done", operation=begun.operation)
        opened.append(begun)
    return opened


def found(kind: str, pk: int, **more: object) -> list[int]:
    filters = Filters(kind=kind, target=pk, mentions=True, **more)  # type: ignore[arg-type]
    return [one.opening.pk for one in queries.page(filters, size=100).operations]


def test_the_requests_that_held_a_client() -> None:
    (one,) = sent(bulk.Upsert.name, {"target": 7}, {"target": 8})
    (alone,) = many(1)  # on client 7
    first, second = sent(bulk.Delete.name, {"target": 8}, {"target": 7}, halves=2)
    (made,) = sent(bulk.Upsert.name, {"result": 7, "outcome": "created"})
    (appended,) = sent(list_bulk.Append.name, {"target": 7, "outcome": "unknown"}, result="unknown")
    assert found("client", 7) == [appended.pk, made.pk, second.pk, alone.pk, one.pk]
    assert found("client", 8) == [first.pk, one.pk]
    assert found("client", 7, result="unknown") == [appended.pk]
    assert found("client", 7, action="client_update") == [alone.pk]
    assert found("client", 9) == []


def test_what_was_not_sent_or_is_something_else_is_not_found() -> None:
    sent(bulk.Upsert.name, {"target": 7, "outcome": "unchanged"})
    sent(bulk.Upsert.name, {"target": 7, "outcome": ""})
    sent(bulk.Upsert.name, {"target": 7, "outcome": "failed", "flag": HELD})
    sent(bulk.Upsert.name, {"result": 7, "outcome": "updated"})
    sent(many_kinds.DeleteLists.name, {"target": 7})
    assert found("client", 7) == []


def test_the_requests_that_held_a_list() -> None:
    (one,) = sent(many_kinds.DeleteLists.name, {"target": 3}, {"target": 4})
    (copied,) = sent(many_kinds.DuplicateLists.name, {"result": 3, "outcome": "created"})
    assert found("case_list", 3) == [copied.pk, one.pk]
    assert found("case_list", 4) == [one.pk]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_hold_each_once_both_ways(size: int) -> None:
    expected = []
    for _ in range(3):
        expected += [event.pk for event in (*sent(bulk.Upsert.name, {"target": 7}), *many(2))]
    filters = Filters(kind="client", target=7, mentions=True)
    shown, there = queries.page(filters, size=size), []
    while True:
        there += [one.opening.pk for one in shown.operations]
        if shown.older is None:
            break
        shown = queries.page(filters, before=shown.older, size=size)
    back = [one.opening.pk for one in reversed(shown.operations)]
    while shown.newer is not None:
        shown = queries.page(filters, after=shown.newer, size=size)
        back += [one.opening.pk for one in reversed(shown.operations)]
    assert (there, back) == (expected[::-1], expected)
    assert queries.count(filters) == (9, False)


def test_the_queries_do_not_grow(as_auditor: Browser) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            page = as_auditor.get("/audit/?kind=client&pk=7")
        assert "A job of 2" in page.content.decode()
        return len(caught)

    sent(bulk.Upsert.name, {"target": 7}, {"target": 8})
    sent(bulk.Upsert.name, {"target": 7}, {"target": 8})
    few = asked()
    for _ in range(10):
        sent(bulk.Upsert.name, {"target": 7}, {"target": 8}, halves=2)
    assert asked() == few


def test_every_kind_that_changes_something_says_what_its_rows_are() -> None:
    """A new kind of job must not be missing under the filter of what it changes."""
    named = {name: kind.rows_are for name, kind in registry.known().items() if not kind.reads}
    assert len(named) > 6
    assert set(named.values()) == {"client", "case_list"}
