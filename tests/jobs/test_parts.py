"""GET /audit/<operation>/ of a request of a job: what it did to each of the many, a page at a time."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from caselists_ui.models import Label
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit import export, queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Target
from kayse_admin.jobs.models import Chunk, Job, Row
from tests.audit.factory import acting, performed
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db


def job_of(payload: Any, *rows: Row, before: Any = None, who: Actor, **fields: Any) -> Event:
    """A request of a job that held these rows."""
    kind = fields.pop("kind", "clients_upsert")
    job = Job.objects.create(kind=kind, title="Import of May", owner_id=1, owner_name="Ann Admin")
    for number, row in enumerate(rows, start=1):
        row.job, row.number = job, number
        row.save()
    target = Target("job", job.pk, job.title)
    action = fields.pop("action", Action.CLIENTS_BULK_UPSERT)
    begun = performed(who, action, target, payload=payload, before=before, job=job.pk, **fields)
    Chunk.objects.create(job=job, first=1, last=max(1, len(rows)), state="done", operation=begun.operation)
    return begun


def shown(browser: Browser, begun: Event, **query: object) -> str:
    response = browser.get(f"/audit/{begun.operation}/", query)
    assert response.status_code == 200
    return text_of(response)


def test_what_was_made_what_was_refused_and_what_was_not_known_before(
    as_auditor: Browser, people: dict[str, User]
) -> None:
    new = {"first_name": "Zoë", "last_name": "Ng", "city": "Waco"}
    begun = job_of(
        {"clients": [{"id": 7, "city": "Dallas"}, new, {"id": 9, "voice_calls_opted_out": False}]},
        Row(target=7, label="Ana García", body={"city": "Dallas"}, outcome="failed", reason="Kayse says: no"),
        Row(label="Zoë Ng", body=new, outcome="created", result=12),
        before={"9": {"voice_calls_opted_out": True}},
        who=acting(people["administrator"]),
    )
    page = shown(as_auditor, begun)
    assert "1. Ana García number 7 Failed" in page
    assert "City not told Dallas Kayse says: no" in page
    assert "2. Zoë Ng new Created" in page
    assert "First name empty Zoë" in page
    assert "3. 9 number 9" in page
    assert "Opted out of calls Yes No" in page


def test_a_delete_names_each(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = job_of(
        {"client_ids": [7, 8], "force": True},
        Row(target=7, label="Ana García", outcome="updated"),
        Row(target=8, label="Bob Lee", outcome="unknown"),
        before={"7": {"city": "Austin"}},
        who=acting(people["administrator"]),
        kind="clients_delete_for_good",
        action=Action.CLIENTS_BULK_PURGE,
    )
    page = shown(as_auditor, begun)
    assert "1. Ana García number 7 Deleted" in page
    assert "City Austin empty" in page
    assert "2. Bob Lee number 8 Unknown" in page


def test_personal_values_are_hidden_until_they_are_asked_for(
    as_auditor: Browser, as_admin: Browser, people: dict[str, User]
) -> None:
    sent = [{"id": pk, "mobile": f"+1512555{pk:04}"} for pk in range(1, 31)]
    begun = job_of({"clients": sent}, who=acting(people["paralegal"]))
    assert "15125550001" not in shown(as_auditor, begun)
    assert "Mobile not told ••••••" in shown(as_auditor, begun)
    page = as_admin.post(f"/audit/{begun.operation}/reveal/?part=26")
    assert "Mobile not told +15125550026" in text_of(page)
    assert "+15125550025" not in page.content.decode().split('id="parts"')[1].split('id="facts"')[0]


def test_pages_of_rows(as_auditor: Browser, people: dict[str, User]) -> None:
    sent = [{"id": pk, "city": f"Town {pk}"} for pk in range(1, 61)]
    begun = job_of({"clients": sent}, who=acting(people["paralegal"]))
    first = as_auditor.get(f"/audit/{begun.operation}/").content.decode()
    assert f'href="/audit/{begun.operation}/?part=26#parts"' in first
    parts = shown(as_auditor, begun, part=26).split("Each of the 60")[1].split("Facts")[0]
    assert "26. 26 number 26" in parts
    assert "50. 50 number 50" in parts
    assert "51. 51" not in parts
    assert "26 to 50 of 60" in parts
    for odd in ("0", "61", "-1", "x", "9" * 30):
        assert "1. 1 number 1" in shown(as_auditor, begun, part=odd)


def test_the_queries_do_not_grow_with_the_rows(as_auditor: Browser, people: dict[str, User]) -> None:
    def asked(number: int) -> int:
        sent = [{"id": pk, "city": "Waco"} for pk in range(1, number)] + [{"city": "Waco"}]
        rows = [
            Row(target=pk, label=f"No {pk}", body={"city": "Waco"}, outcome="updated")
            for pk in range(1, number)
        ]
        begun = job_of({"clients": sent}, *rows, who=acting(people["paralegal"]))
        with CaptureQueriesContext(connection) as caught:
            as_auditor.get(f"/audit/{begun.operation}/")
        return len(caught)

    assert asked(3) == asked(25)


def test_a_request_of_which_the_ledger_knows_nothing_is_told_from_the_record(
    as_auditor: Browser, people: dict[str, User]
) -> None:
    target = Target("job", 99, "Gone")
    payload = {"clients": [{"id": 7, "city": "Waco"}]}
    begun = performed(
        acting(people["paralegal"]), Action.CLIENTS_BULK_UPSERT, target, payload=payload, job=99
    )
    page = shown(as_auditor, begun)
    assert "1. 7 number 7" in page
    assert "City not told Waco" in page


def test_the_file_names_each_with_its_changes(people: dict[str, User]) -> None:
    job_of(
        {"clients": [{"id": 7, "city": "Dallas", "mobile": "+15125550100"}, {"id": 8, "city": "Waco"}]},
        before={"7": {"city": "Austin"}},
        who=acting(people["paralegal"]),
    )
    (row,) = csv.DictReader(io.StringIO("".join(export.lines(Filters(), up_to=queries.newest()))))
    assert row["changes"] == (
        "client 7: City: Austin → Dallas, Mobile: not told → ••••••; client 8: City: not told → Waco"
    )


def test_lists_are_told_with_the_names_of_their_case_types(
    as_auditor: Browser, people: dict[str, User]
) -> None:
    Label.objects.create(kind="case_type", number=25, name="Roundup")
    begun = job_of(
        {"lists": [{"id": 3, "filter": {"case_type_ids": [25], "status_ids": [4]}}]},
        before={"3": {"filter": {"case_type_ids": [26], "status_ids": [4]}}},
        who=acting(people["manager"]),
        kind="case_lists_set",
        action=Action.CASE_LISTS_BULK_UPSERT,
    )
    assert "Case types 26 (no label) Roundup" in shown(as_auditor, begun)
