"""The filters of the list of clients, alone and with a search."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui import knowledge
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import OpenOperation
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
        ("opted=perhaps", [1, 2, 3, 4]),
        ("state=XX&since=yesterday", [1, 2, 3, 4]),
        ("source=%00&since=9999-99-99&told_before=٣", [1, 2, 3, 4]),
        ("state=TX&sort=-name", [2, 1]),
    ],
)
def test_filters(as_paralegal: Browser, four: None, query: str, ids: list[int]) -> None:
    assert found(as_paralegal, query) == ids


def test_each_filter_is_a_chip_that_can_be_removed(as_paralegal: Browser, four: None) -> None:
    page = as_paralegal.get("/clients/?q=a&opted=yes&state=TX&mine=&after=x")
    chips = dict(page.context["listing"].chips)
    assert list(chips) == ["Opted out", "Texas (TX)"]
    assert chips["Opted out"] == "/clients/?q=a&state=TX"
    assert page.context["listing"].url == "/clients/?q=a&opted=yes&state=TX&after=x"
    assert "Clear all" in text_of(page)


def test_no_match_names_the_filters(as_paralegal: Browser, four: None) -> None:
    words = text_of(as_paralegal.get("/clients/?state=AK"))
    assert "Nobody matches these filters" in words
    assert "Alaska (AK)" in words


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
