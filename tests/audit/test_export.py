"""GET /audit/export.csv and export.ndjson: exactly the filter, as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit import export, queries, recorder, seals
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Finding, Target
from kayse_admin.cells import neutral
from tests.audit.factory import CITY, ROUNDUP, acting, many, performed
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "/audit/export.csv"


def taken(browser: Browser, **query: Any) -> list[dict[str, str]]:
    response = browser.get(URL, query)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="audit-')
    return list(csv.DictReader(io.StringIO(response.getvalue().decode(), newline="")))


def test_a_line_tells_an_operation(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), requests=2, duration_ms=230, http_status=200, **CITY)
    (line,) = taken(as_auditor)
    assert line["sentence"] == "Paula Legal edited the city of client Ana García from Austin to Dallas"
    assert line["changes"] == "City: Austin → Dallas"
    assert line["operation"] == str(begun.operation)
    assert line["time"] == begun.at.isoformat(timespec="milliseconds")
    told = [
        line[name] for name in ("person", "role", "address", "action", "result", "target kind", "target id")
    ]
    assert told == ["Paula Legal", "Paralegal", "10.0.0.7", "client_update", "applied", "client", "7"]
    assert [line[name] for name in ("requests", "duration ms", "status", "job")] == ["2", "230", "200", ""]


def test_it_holds_exactly_the_filter(as_auditor: Browser, people: dict[str, User]) -> None:
    many(30)
    performed(acting(people["manager"]), Action.CASE_LIST_DELETE, ROUNDUP, result="rejected")
    assert [line["action"] for line in taken(as_auditor, result="rejected")] == ["case_list_delete"]
    assert len(taken(as_auditor, action="client_update", before=5, size=25)) == 30


def test_taking_it_is_recorded(as_auditor: Browser, people: dict[str, User]) -> None:
    many(3)
    up_to = queries.newest()
    taken(as_auditor, action="client_update", q="ana")
    event = Event.objects.order_by("-id")[0]
    assert (event.stage, event.action, event.result) == ("fact", "audit_export", "applied")
    assert (event.actor_name, event.actor_role) == ("Audrey Tor", "Auditor")
    assert event.payload == {
        "filter": {"q": "ana", "action": "Edit client"},
        "up_to_event": up_to,
        "format": "csv",
        "head": "",
        "personal_values": False,
    }
    assert queries.newest() == up_to + 1


def test_it_does_not_hold_itself(as_auditor: Browser) -> None:
    assert taken(as_auditor) == []
    assert [line["action"] for line in taken(as_auditor)] == ["audit_export"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", '=cmd|"/c calc"!A1']
)
def test_formulas_are_made_text(as_auditor: Browser, people: dict[str, User], name: str) -> None:
    performed(acting(people["paralegal"]), target=Target("client", 7, name))
    (line,) = taken(as_auditor)
    assert line["target"] == f"'{name}"
    assert neutral(f" {name}") == f" {name}"


def test_social_security_numbers_are_not_in_it(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(
        acting(people["paralegal"]), before={"note": "a"}, after={"note": "123-45-6789"}, detail="123-45-6789"
    )
    response = as_auditor.get(URL)
    assert isinstance(response, StreamingHttpResponse)
    assert b"123-45-6789" not in response.getvalue()


def test_it_is_streamed() -> None:
    """The first line is there before the record has been read, and chunks are read as they are needed."""
    many(3)
    lines: Iterator[str] = export.lines(Filters(), up_to=queries.newest())
    assert next(lines).startswith("time,person")
    assert len(list(lines)) == 3


def objects(browser: Browser, **query: Any) -> list[dict[str, Any]]:
    response = browser.get("/audit/export.ndjson", query)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-ndjson; charset=utf-8"
    return [json.loads(line) for line in response.getvalue().decode().splitlines()]


def test_for_people_it_names_the_seals_that_cover_each(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), result="unknown", **CITY)
    seals.seal_all()
    first = seals.head()
    recorder.reconciled(begun, Finding("applied", "It is there."), Actor.system("Recovery"))
    seals.seal_all()
    many(1)
    newest, oldest = taken(as_auditor)
    assert (oldest["operation"], oldest["seals"]) == (str(begun.operation), f"{first} {seals.head()}")
    assert newest["seals"] == ""


def test_for_programs_it_holds_every_event_with_its_seal(
    as_auditor: Browser, people: dict[str, User]
) -> None:
    begun = performed(acting(people["paralegal"]), result="unknown", **CITY)
    seals.seal_all()
    recorder.reconciled(
        begun, Finding("applied", "It is there.", after={"city": "Dallas"}), Actor.system("Recovery")
    )
    line, last = objects(as_auditor, result="applied")
    assert line["operation"] == str(begun.operation)
    assert line["result"] == "applied"
    assert [(event["stage"], event["seal"]) for event in line["events"]] == [
        ("intent", 1), ("outcome", 1), ("reconciled", None),
    ]  # fmt: skip
    assert line["events"][2]["after"] == {"city": "Dallas"}
    assert [seal["number"] for seal in last["seals"]] == [1]
    assert f"1:{last['seals'][0]['signature']}" == seals.head()
    fact = Event.objects.order_by("-id")[0]
    assert (fact.action, fact.payload["format"], fact.payload["head"]) == (
        "audit_export",
        "ndjson",
        seals.head(),
    )


def test_for_programs_numbers_are_blotted_out_too(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), payload={"ssn": "123456789"}, answer={"note": "123-45-6789"})
    text = json.dumps(objects(as_auditor))
    assert "123456789" not in text
    assert "123-45-6789" not in text


def test_for_programs_chunks_lose_nothing(as_auditor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_CHUNK", 3)
    events = many(10)
    *lines, _ = objects(as_auditor)
    assert [line["operation"] for line in lines] == [str(event.operation) for event in reversed(events)]
    assert {len(line["events"]) for line in lines} == {2}


def test_who_may_take_it(people: dict[str, User]) -> None:
    for name, status in {
        "paralegal": 403,
        "manager": 403,
        "nobody": 403,
        "auditor": 200,
        "administrator": 200,
    }.items():
        for url in (URL, "/audit/export.ndjson"):
            assert signed_in(people[name]).get(url).status_code == status
    assert Browser().get(URL).status_code == 303
    assert signed_in(people["auditor"]).post(URL).status_code == 405
    assert Event.objects.filter(action="audit_export").count() == 4


@pytest.mark.parametrize("query", [{"since": "soon"}, {"q": "\0"}, {"pk": str(2**63)}, {"person": "٣"}])
def test_a_bad_filter_exports_nothing(as_auditor: Browser, query: dict[str, str]) -> None:
    response = as_auditor.get(URL, query)
    assert response.status_code == 422
    assert "The filter could not be applied" in response.content.decode()
    assert not Event.objects.exists()


def test_many_rows_ask_again_who_it_is(
    as_auditor: Browser, people: dict[str, User], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    settings.CONFIRMED_SECONDS = -1
    many(3)
    assert len(taken(as_auditor)) == 3
    for query in ("", "?q=ana"):  # the export itself was the fourth; a search is not counted
        before = Event.objects.count()
        answer = as_auditor.get(f"{URL}{query}")
        assert answer.status_code == 302 or answer.status_code == 303
        assert "/account/confirm/?next=%2Faudit%2Fexport.csv" in answer["Location"]
        assert Event.objects.count() == before
