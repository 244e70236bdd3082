"""The list as a file: /clients/export.csv."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from clients_ui import export, export_file, knowledge
from clients_ui.load import load
from clients_ui.models import Client
from kayse_admin import cells
from kayse_admin.audit.models import Event

pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 1, tzinfo=UTC)
ODD = [
    "=1+1",
    "+1512",
    "-5",
    "@cmd",
    "\tx",
    "\rx",
    "＝1",
    "'=1",
    "''=1",
    "'plain",
    'a "quoted", cell',
    "two\nlines",
    "é",
]


@pytest.fixture
def odd() -> list[dict[str, Any]]:
    """Clients with cells that spreadsheets like to calculate."""
    rows = []
    for pk, text in enumerate(ODD, start=1):
        told = {
            "first_name": text,
            "last_name": f"L{pk:02}",
            "voice_calls_opted_out": pk % 2 == 0,
            "case_ids": [pk, 9],
        }
        client = knowledge.blank(pk, AT)
        knowledge.merge(client, told, AT)
        client.save()
        rows.append(told)
    return rows


def taken(browser: Browser, query: str = "") -> list[list[str]]:
    answer = browser.get(f"/clients/export.csv?{query}")
    assert answer.status_code == 200
    return list(csv.reader(answer.getvalue().decode().splitlines(keepends=True)))


def test_the_whole_list_in_its_order(as_auditor: Browser, odd: list[dict[str, Any]]) -> None:
    head, *rows = taken(as_auditor, "sort=-id")
    assert head == list(export.HEADER)
    assert [row[0] for row in rows] == [str(pk) for pk in range(len(ODD), 0, -1)]


def test_no_cell_is_a_formula(as_auditor: Browser, odd: list[dict[str, Any]]) -> None:
    for row in taken(as_auditor)[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for cell in row)


def test_it_can_be_loaded_again(as_auditor: Browser, odd: list[dict[str, Any]]) -> None:
    text = as_auditor.get("/clients/export.csv").getvalue().decode()
    Client.objects.all().delete()
    load(export_file.read(text.splitlines(keepends=True)), AT)
    for pk, told in enumerate(odd, start=1):
        client = Client.objects.get(pk=pk)
        assert {name: getattr(client, name) for name in told} == told


def test_search_and_filter_hold_and_are_recorded(as_auditor: Browser, odd: list[dict[str, Any]]) -> None:
    assert [row[0] for row in taken(as_auditor, "q=l1&opted=yes")[1:]] == ["10", "12"]
    (fact,) = Event.objects.filter(action="client_export")
    assert (fact.payload, fact.target_label) == ({"query": "q=l1&opted=yes", "count": 2}, "l1, Opted out")
    assert fact.actor_name == "Audrey Tor"


def test_more_than_a_batch(as_auditor: Browser) -> None:
    Client.objects.bulk_create(Client(id=n, told_at=AT, last_key=f"{n % 7}") for n in range(1, 2_502))
    rows = taken(as_auditor)[1:]
    assert len({row[0] for row in rows}) == len(rows) == 2_501


def test_nobody(as_auditor: Browser) -> None:
    assert taken(as_auditor) == [list(export.HEADER)]


def test_access(client: Browser, as_nobody: Browser, as_auditor: Browser) -> None:
    assert client.get("/clients/export.csv").headers["Location"].startswith("/sign-in/")
    assert as_nobody.get("/clients/export.csv").status_code == 403
    assert as_auditor.post("/clients/export.csv").status_code == 405
    assert as_auditor.head("/clients/export.csv").status_code == 200
    assert not Event.objects.filter(action="client_export").exists()


@given(st.text(max_size=20))
def test_neutral_and_back(text: str) -> None:
    assert cells.original(cells.neutral(text)) == text
