"""The filters of the list of clients, alone and with a search."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from clients_ui import knowledge
from clients_ui.models import Client, Selection
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import OpenOperation
from kayse_admin.jobs.models import Job, Row
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db

OLD, NEW = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def four(people: dict[str, User]) -> None:
    """Four clients, one for each answer."""
    gone = {"gone_at": NEW}
    rows: tuple[tuple[int, datetime, dict[str, Any], dict[str, Any]], ...] = (
        (1, OLD, {"last_name": "Adams", "voice_calls_opted_out": True, "state": "TX", "case_ids": [1]}, {}),
        (2, OLD, {"last_name": "Baker", "voice_calls_opted_out": False, "state": "Texas", "case_ids": []}, gone),
        (3, NEW, {"last_name": "Cruz", "state": "OH", "external_source": "Lead Docket"}, {}),
        (4, NEW, {"last_name": "Diaz"}, {"changed_by": people["paralegal"].pk}),
    )  # fmt: skip
    for pk, at, told, more in rows:
        client = knowledge.blank(pk, at)
        knowledge.merge(client, told, at)
        for name, value in more.items():
            setattr(client, name, value)
        client.save()
    OpenOperation.objects.create(
        operation=uuid.uuid4(),
        owner="x",
        action="client_update",
        target_kind="client",
        target_id=3,
        state="unknown",
    )


def found(browser: Browser, query: str) -> list[int]:
    page = browser.get(f"/clients/?{query}")
    assert page.status_code == 200
    return [row.pk for row in page.context["listing"].rows]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("opted=yes", [1]),
        ("opted=no", [2]),
        ("opted=unknown", [3, 4]),
        ("state=TX", [1, 2]),
        ("source=lead+docket", [3]),
        ("cases=yes", [1]),
        ("cases=no", [2]),
        ("gone=yes", [2]),
        ("gone=no", [1, 3, 4]),
        ("since=2026-03-01", [3, 4]),
        ("told_before=2026-03-01", [1, 2]),
        ("waiting=on", [3]),
        ("mine=on", [4]),
        ("state=TX&gone=no", [1]),
        ("q=baker&state=TX", [2]),
        ("q=baker&state=OH", []),
        ("state=XX", []),
        ("state=ohio", [3]),
        ("state=TX&sort=-name", [2, 1]),
    ],
)
def test_filters(as_paralegal: Browser, four: None, query: str, ids: list[int]) -> None:
    assert found(as_paralegal, query) == ids


def test_a_row_of_a_job_that_was_never_answered_is_an_unknown_outcome(
    as_paralegal: Browser, four: None, people: dict[str, User]
) -> None:
    for kind in ("clients_upsert", "list_append"):
        job = Job.objects.create(kind=kind, title="Soak", owner_id=people["paralegal"].pk, owner_name="P")
        for number, (target, outcome) in enumerate([(1, "unknown"), (2, "updated"), (None, "unknown")], 1):
            Row.objects.create(job=job, number=number, target=target, outcome=outcome)
        Row.objects.create(job=job, number=9, target=4, outcome="unknown" if kind == "list_append" else "")
    assert found(as_paralegal, "waiting=on") == [1, 3]
    OpenOperation.objects.all().delete()
    assert found(as_paralegal, "waiting=on") == [1]


def test_unknown_rows_are_found_by_their_own_index(
    as_paralegal: Browser, four: None, is_sqlite: bool
) -> None:
    with CaptureQueriesContext(connection) as asked:
        found(as_paralegal, "waiting=on")
    walk = next(one["sql"] for one in asked if 'ORDER BY "last_key"' in one["sql"])
    with connection.cursor() as cursor:
        if not is_sqlite:
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + walk)
        plan = str(cursor.fetchall())
    # PostgreSQL, which looks at no rows at all here, may come by the job instead: that index has only these, too.
    assert "row_unknown" in plan or (not is_sqlite and "row_outcome" in plan)


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("opted=perhaps", "Calls"),
        ("opted=yes&since=yesterday", "Known here since"),
        ("source=%00&since=9999-99-99&told_before=٣", "Last told before"),
    ],
)
def test_a_value_that_is_none_lists_nobody_and_is_said(
    as_paralegal: Browser, four: None, query: str, label: str
) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        page = as_paralegal.get(f"/clients/?{query}", headers=headers)
        assert (page.status_code, page.context["listing"].rows) == (422, [])
        assert "The filter could not be applied" in text_of(page)
        assert f"{label}: " in text_of(page)
        assert "Select all" not in text_of(page)
    assert as_paralegal.get(f"/clients/export.csv?{query}").status_code == 422
    answer = as_paralegal.post(f"/clients/select/?{query}", {"go": "all"})
    assert answer.headers["Location"].startswith("/clients/?")
    assert not Selection.objects.exists()


def test_each_filter_is_a_chip_that_can_be_removed(as_paralegal: Browser, four: None) -> None:
    page = as_paralegal.get("/clients/?q=a&opted=yes&state=TX&mine=&after=x")
    chips = dict(page.context["listing"].chips)
    assert list(chips) == ["Opted out", "State: Texas"]
    assert chips["Opted out"] == "/clients/?q=a&state=TX"
    assert page.context["listing"].url == "/clients/?q=a&opted=yes&state=TX&after=x"
    assert "Clear all" in text_of(page)


def test_no_match_names_the_filters(as_paralegal: Browser, four: None) -> None:
    words = text_of(as_paralegal.get("/clients/?state=AK"))
    assert "Nobody matches these filters" in words
    assert "State: Alaska" in words


def test_pages_keep_the_filter(as_paralegal: Browser, four: None) -> None:
    Client.objects.bulk_create(
        Client(id=100 + n, told_at=OLD, last_key=f"x{n:03}", state_key="tx") for n in range(60)
    )
    url, seen = "/clients/?state=TX", []
    while url:
        listing = as_paralegal.get(url).context["listing"]
        assert listing.pager.total == 62
        seen += [row.pk for row in listing.rows]
        url = listing.pager.next_url
    assert len(seen) == len(set(seen)) == 62


@pytest.mark.parametrize(
    ("query", "index"), [("opted=unknown", "client_calls_untold"), ("cases=no", "client_caseless")]
)
def test_rare_ones_have_an_index_in_the_order_of_the_list(
    as_paralegal: Browser, four: None, is_sqlite: bool, query: str, index: str
) -> None:
    """Asked of the planner: on PostgreSQL, which looks at the few rows, only with scans switched off."""
    with CaptureQueriesContext(connection) as asked:
        found(as_paralegal, query)
    walk = next(one["sql"] for one in asked if 'ORDER BY "last_key"' in one["sql"])
    with connection.cursor() as cursor:
        if not is_sqlite:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + walk)
        assert index in str(cursor.fetchall())
