"""/clients/<pk>/: the history also names what was done to the client as one of many, and leads to its requests."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from clients_ui import bulk, in_jobs
from clients_ui.models import Client
from clients_ui.selection import changes
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from tests.clients_ui.conftest import selected, text_of, yes
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def test_a_bulk_opt_out_is_two_clicks_from_its_request(
    as_paralegal: Browser, as_auditor: Browser, people: dict[str, User], hundred: list[int], sandbox: Sandbox
) -> None:
    selection = selected(people["paralegal"], hundred[:3], "State: Texas")
    as_paralegal.post(f"/clients/selected/{selection.pk}/opt-out/", yes(reason="They wrote to us"))
    job = Job.objects.get()
    html = as_auditor.get(f"/clients/{hundred[0]}/").content.decode()
    assert f'href="/jobs/{job.pk}/"' in html
    assert f'href="/audit/?job={job.pk}"' in html
    page = text_of(as_auditor.get(f"/clients/{hundred[0]}/"))
    assert "Paula Legal started Opt 3 clients out of calls" in page
    assert "Reason: They wrote to us" in page
    assert "Nothing has been changed through this dashboard yet." not in page
    (part,) = in_jobs.of(hundred[0], 10)
    assert [(one.field, one.after) for one in part.changes] == [("voice_calls_opted_out", True)]
    assert "/audit/?job=" not in as_paralegal.get(f"/clients/{hundred[0]}/").content.decode()
    assert "Nothing has been changed" in text_of(as_auditor.get(f"/clients/{hundred[5]}/"))


def test_a_lifted_opt_out_is_two_clicks_from_the_request_that_lifted_it(
    as_auditor: Browser, actor: Actor, hundred: list[int], sandbox: Sandbox
) -> None:
    """Among many in one request: the card on the client's page is opened, and its link ends at the client's line."""
    Client.objects.filter(pk__in=hundred[:45]).update(voice_calls_opted_out=True)
    changes.edit(actor, hundred[:45], {"voice_calls_opted_out": False}, uuid.uuid4(), "They asked for it")
    runner.serve()
    begun, pk = Event.objects.get(stage="intent"), hundred[40]
    link = f"/audit/{begun.operation}/?about={pk}#of-{pk}"
    for page in (f"/clients/{pk}/", f"/audit/?kind=client&pk={pk}"):
        assert f'href="{link}"' in as_auditor.get(page).content.decode()
    shown = as_auditor.get(link)
    assert f'id="of-{pk}"' in shown.content.decode()
    page = text_of(shown)
    name = str(Client.objects.get(pk=pk).name)
    assert f"41. {name} number {pk} Updated" in page
    assert "26. " in page
    assert "Opted out of calls Yes No" in page


def row(kind: str, outcome: str, **fields: int) -> None:
    job = Job.objects.create(kind=kind, title=kind, owner_id=1, owner_name="Ann")
    Row.objects.create(job=job, number=1, label="x", outcome=outcome, **fields)


def test_only_what_was_done_to_clients_counts() -> None:
    row(bulk.Upsert.name, "created", result=7)
    row(bulk.Delete.name, "unknown", target=7)
    row(bulk.Upsert.name, "updated", target=8)
    row(bulk.Upsert.name, "unchanged", target=7)
    row(bulk.Upsert.name, "", target=7)
    row("case_lists_delete", "updated", target=7)
    assert [(part.row.job.kind, part.row.outcome) for part in in_jobs.of(7, 10)] == [
        (bulk.Delete.name, "unknown"), (bulk.Upsert.name, "created"),
    ]  # fmt: skip


def test_one_query_however_many_jobs(actor: Actor, hundred: list[int], sandbox: Sandbox) -> None:
    for city in ("Austin", "Waco", "Dallas"):
        changes.edit(actor, hundred[:1], {"city": city}, uuid.uuid4())
    with CaptureQueriesContext(connection) as captured:
        found = in_jobs.of(hundred[0], 2)
    assert (len(found), len(captured)) == (2, 1)


def test_the_request_tells_what_it_changed_of_each(
    as_auditor: Browser, actor: Actor, hundred: list[int], sandbox: Sandbox
) -> None:
    Client.objects.filter(pk=hundred[0]).update(city="Austin")
    changes.edit(actor, hundred[:3], {"city": "Waco"}, uuid.uuid4())
    begun = Event.objects.get(stage="intent")
    response = as_auditor.get(f"/audit/{begun.operation}/")
    page, name = text_of(response), str(Client.objects.get(pk=hundred[0]).name)
    assert "Each of the 3" in page
    assert f"1. {name} number {hundred[0]} Updated" in page
    assert "City Austin Waco" in page
    assert f'href="/clients/{hundred[0]}/"' in response.content.decode()
    assert "What was asked for" not in page
    assert "What changed Field" not in page.replace(name, "")
