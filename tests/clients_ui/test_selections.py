"""Changes to many selected clients, as jobs."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from clients_ui import selections
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, granted
from kayse_admin.actors import Actor
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes, recorded

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
