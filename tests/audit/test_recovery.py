"""What becomes of operations that nobody finished."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit import owner, recorder, recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Finding, Target

pytestmark = pytest.mark.django_db

LIST = Target("case_list", 3, "Roundup")


@pytest.fixture
def verifier(monkeypatch: pytest.MonkeyPatch) -> dict[str, Finding | None]:
    """A look whose finding the test chooses, for one action."""
    told: dict[str, Finding | None] = {"finding": Finding("applied", "Kayse has it.", requests=1)}
    monkeypatch.setattr(recovery, "_verifiers", {Action.CASE_LIST_UPDATE: lambda _: told["finding"]})
    return told


def begin(actor: Actor, action: Action = Action.CASE_LIST_UPDATE) -> Event:
    return recorder.intent(actor, action, LIST, operation=uuid.uuid4(), payload={})


def orphan(begun: Event, minutes: int = 0) -> None:
    """Let the operation belong to a process that has ended, begun that long ago."""
    OpenOperation.objects.filter(operation=begun.operation).update(
        owner=owner.me().rpartition(":")[0] + ":0-gone",
        opened_at=timezone.now() - timedelta(minutes=minutes),
        next_try_at=timezone.now() - timedelta(seconds=1),
    )


def closing(begun: Event) -> Event:
    found = recorder.closing_of(begun.operation)
    assert found is not None
    return found


def test_a_living_process_is_left_alone(actor: Actor, verifier: dict[str, Finding | None]) -> None:
    begun = begin(actor)
    assert recovery.recover() == 0
    assert recorder.closing_of(begun.operation) is None


def test_a_dead_process_is_found_out_by_a_look(actor: Actor, verifier: dict[str, Finding | None]) -> None:
    begun = begin(actor)
    orphan(begun)
    assert recovery.recover() == 1
    event = closing(begun)
    assert (event.stage, event.result, event.detail) == ("outcome", "applied", "Kayse has it.")
    assert event.actor_name == "Recovery"
    assert not OpenOperation.objects.exists()


def test_without_a_look_it_stays_unknown_for_a_person(
    actor: Actor, verifier: dict[str, Finding | None]
) -> None:
    begun = begin(actor, Action.CASE_LIST_ATTACH)
    orphan(begun)
    recovery.recover()
    assert closing(begun).result == "unknown"
    assert OpenOperation.objects.get().state == "unknown"
    recovery.recover()
    assert Event.objects.filter(operation=begun.operation).count() == 2, "unknown is written once"


def test_it_did_not_happen_is_not_believed_too_early(
    actor: Actor, verifier: dict[str, Finding | None]
) -> None:
    verifier["finding"] = Finding("not_applied", "Kayse has the old value.")
    begun = begin(actor)
    orphan(begun)
    recovery.recover()
    assert closing(begun).result == "unknown"


def test_it_did_not_happen_is_believed_after_a_while(
    actor: Actor, verifier: dict[str, Finding | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "SETTLING", timedelta(0))
    verifier["finding"] = Finding("not_applied", "Kayse has the old value.")
    begun = begin(actor)
    orphan(begun)
    recovery.recover()
    assert closing(begun).result == "not_applied"
    assert not OpenOperation.objects.exists()


def test_an_unknown_outcome_is_looked_at_again_when_it_is_due(
    actor: Actor, verifier: dict[str, Finding | None]
) -> None:
    begun = begin(actor)
    recorder.outcome(begun, "unknown", settle=lambda: None)
    assert recovery.recover() == 0, "not due yet"
    OpenOperation.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    assert recovery.recover() == 1
    event = closing(begun)
    assert (event.stage, event.result) == ("reconciled", "applied")


def test_looks_end(actor: Actor, verifier: dict[str, Finding | None]) -> None:
    verifier["finding"] = None
    begun = begin(actor)
    recorder.outcome(begun, "unknown", settle=lambda: None)
    for _ in range(recovery.MOST_LOOKS + 3):
        OpenOperation.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
        recovery.recover()
    assert OpenOperation.objects.get().tries == recovery.MOST_LOOKS
    assert closing(begun).result == "unknown"


def test_an_operation_on_another_host_counts_as_left_behind_by_age(
    actor: Actor, verifier: dict[str, Finding | None]
) -> None:
    begun = begin(actor)
    OpenOperation.objects.update(owner="another-host:1-abc")
    assert recovery.recover() == 0
    OpenOperation.objects.update(opened_at=timezone.now() - recovery.FOREIGN_AGE * 2)
    assert recovery.recover() == 1
    assert closing(begun).result == "applied"


def test_the_lock_dies_with_the_process() -> None:
    program = (
        "import django, sys; django.setup(); from kayse_admin.audit import owner;"
        "print(owner.me(), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
            "SECRET_KEY": "x" * 50,
            "VAR_DIR": str(settings.VAR_DIR),
            "PATH": "",
        },
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert owner.is_dead(name) is False
    process.kill()
    process.wait()
    assert owner.is_dead(name) is True
    assert owner.is_dead(owner.me()) is False
    assert owner.is_dead("another-host:1-abc") is None
    owner.sweep()
    assert owner.is_dead(owner.me()) is False
    assert owner.is_dead(name) is True
