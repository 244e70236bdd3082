"""A change of more clients than a page can wait for: a worker makes the rows, and then the job is as any other."""

from __future__ import annotations

import uuid

import pytest
from django.conf import LazySettings
from django.test import Client as Browser

from clients_ui.models import Client, Picked, Selection
from clients_ui.selection import changes
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ledger, preparing, runner, services
from kayse_admin.jobs.models import Job, Row
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes, recorded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paula(people: dict[str, User], settings: LazySettings) -> Actor:
    """A paralegal, on whom nobody waits with more than ten clients."""
    settings.IMPORT_CHECK_AT_ONCE = 10
    found = ledger.owner(Job(owner_id=people["paralegal"].pk))
    assert found is not None
    return found


def begun(paula: Actor, pks: list[int], operation: uuid.UUID | None = None) -> Job:
    return changes.edit(paula, pks, {"city": "Waco"}, operation or uuid.uuid4(), "they moved")


def test_a_worker_makes_the_rows_and_sends_them(
    sandbox: Sandbox, paula: Actor, hundred: list[int], as_paralegal: Browser
) -> None:
    hundred.reverse()
    operation = uuid.uuid4()
    job = begun(paula, hundred, operation)
    assert (job.state, job.total, Row.objects.count()) == ("preparing", 0, 0)
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert "Its rows are being made" in page
    assert "0 of 100 rows, nothing sent yet" in page
    assert "Being prepared" in text_of(as_paralegal.get("/jobs/"))
    assert begun(paula, hundred, operation).pk == job.pk, "a double click starts one"
    assert Selection.objects.count() == 1

    assert runner.work() == 1
    job.refresh_from_db()
    assert job.state == "done"
    assert list(Row.objects.order_by("number").values_list("target", flat=True)) == hundred
    assert {sandbox.client(pk)["city"] for pk in hundred} == {"Waco"}
    assert not Picked.objects.exists(), "what it was made of is not kept"
    assert Event.objects.filter(action="job_start").count() == 1
    adds_up(job)
    recorded(job)


def test_it_begins_anew_behind_a_dead_worker(sandbox: Sandbox, paula: Actor, hundred: list[int]) -> None:
    job = begun(paula, hundred)
    ledger.add_rows(job, changes.rows_of(hundred[:30]))  # as far as the dead one came
    runner.work()
    assert outcomes(job)["updated"] + outcomes(job)["unchanged"] == 100
    assert Job.objects.get(pk=job.pk).total == 100


def test_it_can_be_cancelled_meanwhile(sandbox: Sandbox, paula: Actor, hundred: list[int]) -> None:
    job = begun(paula, hundred)
    assert services.control(paula, job, "cancel")
    assert runner.work() == 0
    assert sandbox.requests() == []
    assert Job.objects.get(pk=job.pk).state == "cancelled"


def test_a_selection_that_is_gone_is_told(
    sandbox: Sandbox, paula: Actor, hundred: list[int], as_paralegal: Browser
) -> None:
    job = begun(paula, hundred)
    Selection.objects.all().delete()
    assert runner.work() == 0
    assert "It is not known any more who was selected" in text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert sandbox.requests() == []


def test_what_fails_here_is_told(
    sandbox: Sandbox, paula: Actor, hundred: list[int], as_paralegal: Browser
) -> None:
    job = begun(paula, hundred)
    Job.objects.filter(pk=job.pk).update(options={**job.options, "changes": None})
    assert runner.work() == 0
    assert preparing.FAILED in text_of(as_paralegal.get(f"/jobs/{job.pk}/"))


def test_whoever_may_not_any_more_changes_nothing(
    sandbox: Sandbox, paula: Actor, people: dict[str, User], hundred: list[int]
) -> None:
    begun(paula, hundred)
    people["paralegal"].groups.clear()
    assert runner.work() == 0
    assert sandbox.requests() == []
    assert not Client.objects.filter(city="Waco").exists()
