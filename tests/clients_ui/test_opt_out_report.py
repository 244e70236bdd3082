"""Who switched calls off or on: /clients/opt-outs/ and its file, from the record."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients_ui import opt_outs
from clients_ui.models import Client
from clients_ui.selection import changes
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, granted
from kayse_admin.actors import Actor
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from tests.clients_ui.conftest import edit_fields, new_fields, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

URL = "/clients/opt-outs/"
FILE = "/clients/opt-outs.csv"
OFF = {"voice_calls_opted_out": "true", "reason": "Asked us by letter"}
ON = {"voice_calls_opted_out": "false", "may_be_called": "on", "reason": "Called and took it back"}


def save(browser: Browser, client: Client, **typed: str) -> None:
    client.refresh_from_db()
    assert browser.post(f"/clients/{client.pk}/edit/", edit_fields(client, **typed)).status_code == 303


def switches(browser: Browser, query: str = "") -> list[tuple[int, str, str]]:
    page = browser.get(URL + query)
    assert page.status_code == 200
    return [(one.client_id, *one.words) for one in page.context["found"].switches]


@pytest.fixture
def both(as_paralegal: Browser, as_admin: Browser, sandbox: Sandbox, ana: Client) -> Client:
    """Calls of one client switched off by the paralegal, and on by the administrator; and another edit."""
    save(as_paralegal, ana, **OFF)
    save(as_paralegal, ana, city="Boston")
    save(as_admin, ana, **ON)
    return ana


def test_both_directions_with_person_time_and_reason(
    as_auditor: Browser, both: Client, sandbox: Sandbox
) -> None:
    asked = len(sandbox.requests())
    page = as_auditor.get(URL)
    assert switches(as_auditor) == [
        (both.pk, "opted out", "may be called"),
        (both.pk, "may be called", "opted out"),
    ]
    words = text_of(page)
    for said in ("Paula Legal", "Ada Min", "Asked us by letter", "Called and took it back", both.name):
        assert said in words
    assert "hide-sm" not in page.content.decode(), "nothing is left out on a narrow screen"
    assert len(sandbox.requests()) == asked


@pytest.mark.parametrize(
    ("query", "after"), [("direction=off", "opted out"), ("direction=on", "may be called")]
)
def test_one_direction(as_auditor: Browser, both: Client, query: str, after: str) -> None:
    assert [one[2] for one in switches(as_auditor, f"?{query}")] == [after]


def test_by_days(as_auditor: Browser, both: Client) -> None:
    today = timezone.localdate().isoformat()
    assert len(switches(as_auditor, f"?since={today}&until={today}")) == 2
    assert switches(as_auditor, "?until=2020-01-01") == []


@pytest.mark.parametrize(
    "query", ["?since=2026-13-01", "?since=%00", "?direction=x", "?since=2026-02-02&until=2026-02-01"]
)
def test_bad_dates_are_told_at_their_field(as_auditor: Browser, query: str) -> None:
    assert as_auditor.get(URL + query).status_code == 422
    assert as_auditor.get(FILE + query).status_code == 422
    assert not Event.objects.exists()


def test_a_new_client_who_wants_no_calls(
    as_paralegal: Browser, as_auditor: Browser, sandbox: Sandbox
) -> None:
    as_paralegal.post("/clients/new/", new_fields(voice_calls_opted_out="false"))
    as_paralegal.post(
        "/clients/new/", new_fields(voice_calls_opted_out="true", external_source_id="Z-2", create_anyway="1")
    )
    assert [one[1:] for one in switches(as_auditor)] == [("not told", "opted out")]


def test_a_refused_change_is_none_and_an_unknown_one_says_so(
    as_paralegal: Browser, as_auditor: Browser, sandbox: Sandbox, ana: Client
) -> None:
    sandbox.fault("status", method="PUT", status=400)
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, **OFF))
    assert switches(as_auditor) == []
    sandbox.fault("status", method="PUT", status=500)
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, **OFF))
    assert switches(as_auditor) == [(ana.pk, "may be called", "opted out")]
    assert "Outcome unknown" in text_of(as_auditor.get(URL))


@pytest.mark.django_db(transaction=True)
def test_a_job_names_each_of_its_clients(
    people: dict[str, User], as_auditor: Browser, sandbox: Sandbox, known: Callable[[int], Client]
) -> None:
    person = people["paralegal"]
    paula = Actor(person.pk, person.display_name, capabilities=granted([Role.PARALEGAL]))
    for pk in (1, 2, 5):
        known(pk)
    Client.objects.filter(pk__in=(1, 2)).update(voice_calls_opted_out=False)
    Client.objects.filter(pk=5).update(voice_calls_opted_out=True)
    job = changes.edit(
        paula, [1, 2, 5], {"voice_calls_opted_out": True}, uuid.uuid4(), "A letter from all three"
    )
    runner.serve()
    found = switches(as_auditor)
    assert sorted(found) == [(1, "may be called", "opted out"), (2, "may be called", "opted out")]
    words = text_of(as_auditor.get(URL))
    assert "in a job" in words
    assert f"/jobs/{job.pk}/" in as_auditor.get(URL).text


def test_the_file_has_the_same_and_is_on_the_record(as_auditor: Browser, both: Client) -> None:
    answer: Any = as_auditor.get(FILE + "?direction=off")
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert [(row["client id"], row["before"], row["after"]) for row in rows] == [
        (str(both.pk), "may be called", "opted out")
    ]
    assert rows[0]["person"] == "Paula Legal"
    assert rows[0]["reason"] == "Asked us by letter"
    event = Event.objects.get(action="audit_export")
    assert (event.actor_name, event.payload["filter"]["direction"]) == ("Audrey Tor", "off")


def test_it_goes_on_where_it_stopped(
    as_auditor: Browser, both: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_outs, "A_PAGE", 1)
    first = opt_outs.page(Filters(changes_only=True))
    assert [one.off for one in first.switches] == [False]
    second = opt_outs.page(Filters(changes_only=True), before=first.older)
    assert [one.off for one in second.switches] == [True]
    assert second.older is None
    monkeypatch.setattr(opt_outs, "MOST_LOOKED_AT", 2)
    monkeypatch.setattr(opt_outs, "CHUNK", 1)
    monkeypatch.setattr(opt_outs, "A_PAGE", 50)
    early = opt_outs.page(Filters(changes_only=True))
    assert [one.off for one in early.switches] == [False]
    assert early.searched_to is not None
    assert [one.off for one in opt_outs.page(Filters(changes_only=True), before=early.older).switches] == [
        True
    ]


def test_access(client: Browser, as_paralegal: Browser, as_auditor: Browser) -> None:
    for url in (URL, FILE):
        assert client.get(url).headers["Location"].startswith("/sign-in/")
        assert as_paralegal.get(url).status_code == 403
        assert as_auditor.post(url).status_code == 405
