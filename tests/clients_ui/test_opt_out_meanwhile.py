"""Somebody opts out while a job waits that would let them be called: that job does not lift it."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from clients_ui import bulk
from clients_ui.models import Client
from clients_ui.selection import changes
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger, runner
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.services import start
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes

pytestmark = pytest.mark.django_db

LIFT, OPT_OUT = {"voice_calls_opted_out": False}, {"voice_calls_opted_out": True}


@pytest.fixture
def admin(people: dict[str, User]) -> Actor:
    """An administrator, who may lift opt-outs."""
    found = ledger.owner(Job(owner_id=people["administrator"].pk))
    assert found is not None
    return found


def waiting(actor: Actor, pks: list[int], was: bool | None, **more: str) -> Job:
    """A queued job that lifts these opt-outs, of clients known like `was`."""
    told = {} if was is not None else {"voice_calls_opted_out": None}
    Client.objects.filter(pk__in=pks).update(voice_calls_opted_out=was, told=told)
    flag = {} if was is None else {"voice_calls_opted_out": was}
    rows = [
        Row(
            target=client.pk,
            label=f"Client {client.pk}",
            body={**LIFT, **more},
            before={**flag, **{name: getattr(client, name) for name in more}},
        )
        for client in Client.objects.filter(pk__in=pks).order_by("pk")
    ]
    return start(actor, bulk.Upsert, "Lift", rows, uuid.uuid4(), reason="all agreed", at_once=0)


def test_it_is_left_out_and_named(sandbox: Sandbox, admin: Actor, hundred: list[int]) -> None:
    pk = hundred[0]
    job = waiting(admin, hundred[:3], None, city="Waco")
    changes.edit(admin, [pk], OPT_OUT, uuid.uuid4(), "asked us not to call")
    assert sandbox.client(pk)["voice_calls_opted_out"] is True
    runner.serve()
    assert sandbox.client(pk)["voice_calls_opted_out"] is True
    assert Client.objects.get(pk=pk).voice_calls_opted_out is True
    assert sandbox.client(hundred[1])["city"] == "Waco"
    assert outcomes(job) == {"updated": 2, "failed": 1}
    assert Row.objects.get(job=job, target=pk).reason == bulk.OPTED_OUT_SINCE
    adds_up(job)


def test_nobody_is_left_and_nothing_is_sent(sandbox: Sandbox, admin: Actor, hundred: list[int]) -> None:
    job = waiting(admin, hundred[:1], None)
    changes.edit(admin, hundred[:1], OPT_OUT, uuid.uuid4(), "asked us not to call")
    sent = len(sandbox.requests("POST"))
    runner.serve()
    job.refresh_from_db()
    assert (job.state, outcomes(job)) == (Job.State.DONE, {"failed": 1})
    assert len(sandbox.requests("POST")) == sent
    adds_up(job)


def test_an_opt_out_that_was_known_is_lifted(sandbox: Sandbox, admin: Actor, hundred: list[int]) -> None:
    """That is what the job is for; being told again that it is there makes it no new one."""
    sandbox.call("PUT", f"/clients/{hundred[0]}", OPT_OUT)
    job = waiting(admin, hundred[:1], True)
    Client.objects.filter(pk=hundred[0]).update(told_at=timezone.now() + timezone.timedelta(seconds=5))
    runner.serve()
    assert outcomes(job) == {"updated": 1}
    assert sandbox.client(hundred[0])["voice_calls_opted_out"] is False


def test_one_in_between_the_look_and_the_sending(
    sandbox: Sandbox, admin: Actor, hundred: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opts out after the rows were read and before the request is on record is not overridden either."""
    job, pk = waiting(admin, hundred[:2], None), hundred[0]
    real = bulk.Upsert.payload

    def payload(kind: bulk.Upsert, job: Job, rows: list[Row]) -> object:
        Client.objects.filter(pk=pk).update(voice_calls_opted_out=True, told={})
        return real(kind, job, rows)

    monkeypatch.setattr(bulk.Upsert, "payload", payload)
    runner.serve()
    assert outcomes(job) == {"updated": 1, "failed": 1}
    assert Row.objects.get(job=job, target=pk).outcome == Row.Outcome.FAILED
