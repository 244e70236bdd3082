"""Changes to many selected clients, as jobs."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser

from clients_ui.models import Client
from clients_ui.selection import changes as selections
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, granted
from kayse_admin.actors import Actor
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job
from tests.accounts.support import aged
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, new_client, outcomes, recorded, started

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paula(people: dict[str, User]) -> Actor:
    person = people["paralegal"]
    return Actor(person.pk, person.display_name, capabilities=granted([Role.PARALEGAL]))


def test_an_edit_of_many(sandbox: Sandbox, paula: Actor, known: Callable[[int], Client]) -> None:
    for pk in (1, 2, 3):
        known(pk)
    Client.objects.filter(pk=3).update(city="Waco")
    operation = uuid.uuid4()
    for _ in range(2):
        job = selections.edit(paula, [1, 2, 3, 9_999], {"city": "Waco"}, operation)
    runner.serve()
    assert outcomes(job) == {"updated": 2, "unchanged": 1, "failed": 1}
    assert [sandbox.client(pk)["city"] for pk in (1, 2)] == ["Waco", "Waco"]
    assert len(sandbox.requests("POST")) == 1
    assert Job.objects.count() == 1
    adds_up(job)
    recorded(job)


def test_lifting_opt_outs(sandbox: Sandbox, paula: Actor, ana: Client) -> None:
    changes = {"voice_calls_opted_out": False}
    with pytest.raises(PermissionDenied):
        selections.edit(paula, [ana.pk], changes, uuid.uuid4(), "why")
    boss = dataclasses.replace(paula, capabilities=granted([Role.ADMINISTRATOR]))
    with pytest.raises(ValueError, match="reason"):
        selections.edit(boss, [ana.pk], changes, uuid.uuid4())
    assert selections.edit(paula, [ana.pk], {"voice_calls_opted_out": True}, uuid.uuid4()).to_send in (0, 1)


def test_a_delete_of_many(sandbox: Sandbox, paula: Actor, known: Callable[[int], Client]) -> None:
    for pk in (1, 2):
        known(pk)
    job = selections.delete(paula, [1, 2], uuid.uuid4(), "left the firm")
    runner.serve()
    assert outcomes(job) == {"updated": 2}
    assert Client.objects.filter(gone_at=None).count() == 0
    adds_up(job)
    recorded(job)


def test_who_may(people: dict[str, User], sandbox: Sandbox, known: Callable[[int], Client]) -> None:
    manager = Actor(people["manager"].pk, "Max", capabilities=granted([Role.MANAGER]))
    calls: list[Any] = [
        lambda: selections.edit(manager, [1], {"city": "Waco"}, uuid.uuid4()),
        lambda: selections.delete(manager, [1], uuid.uuid4()),
    ]
    for call in calls:
        with pytest.raises(PermissionDenied):
            call()
    assert not Job.objects.exists()


def test_a_field_edit_can_be_put_back(
    sandbox: Sandbox, as_paralegal: Browser, paula: Actor, known: Callable[[int], Client]
) -> None:
    cities = {pk: known(pk).city for pk in (1, 2)}
    job = selections.edit(paula, [1, 2], {"city": "Waco"}, uuid.uuid4())
    assert "Undo…" in text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    url = f"/clients/import/jobs/{job.pk}/undo/"
    page = text_of(as_paralegal.get(url))
    assert "2 get back the values that were known before." in page
    assert "Put the values back" in page
    assert "created" not in page
    assert as_paralegal.post(url, {"operation": str(uuid.uuid4())}).status_code == 303
    runner.serve()
    assert {pk: sandbox.client(pk)["city"] for pk in (1, 2)} == cities


def test_an_opt_out_is_not_taken_back_by_an_undo(
    sandbox: Sandbox, as_admin: Browser, paula: Actor, known: Callable[[int], Client]
) -> None:
    for pk in (1, 2):
        known(pk)
    Client.objects.update(voice_calls_opted_out=False)
    job = selections.edit(paula, [1, 2], {"voice_calls_opted_out": True}, uuid.uuid4())
    assert outcomes(job) == {"updated": 2}
    assert "Undo…" not in text_of(as_admin.get(f"/jobs/{job.pk}/"))
    answer = as_admin.post(f"/clients/import/jobs/{job.pk}/undo/", {"operation": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert Job.objects.count() == 1


def test_deleting_what_was_created_asks_who_one_is(
    sandbox: Sandbox, people: dict[str, User], as_paralegal: Browser
) -> None:
    job = started(people["paralegal"], [new_client(1)])
    runner.serve()
    aged(as_paralegal, 60 * 60)
    for call in (as_paralegal.get, as_paralegal.post):
        answer: Any = call(f"/clients/import/jobs/{job.pk}/undo/")
        assert answer["Location"].startswith("/account/confirm/")
    assert Job.objects.count() == 1
