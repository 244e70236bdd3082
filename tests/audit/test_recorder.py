"""Intent, outcome, finding and fact: what is committed when, and what a double click gets."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Finding, Target

CLIENT = Target("client", 7, "Ana García")


@pytest.fixture
def begun(actor: Actor, db: None) -> Event:
    return recorder.intent(
        actor,
        Action.CLIENT_UPDATE,
        CLIENT,
        operation=uuid.uuid4(),
        payload={"city": "Dallas"},
        before={"city": "Austin"},
        reason="she moved",
    )


def test_an_intent_tells_who_what_and_why(begun: Event, actor: Actor) -> None:
    event = Event.objects.get()
    assert (event.stage, event.opens, event.result) == ("intent", True, "")
    assert (event.actor_id, event.actor_name, event.actor_role) == (1, "Ada Min", "Administrator")
    assert (event.address, event.gesture) == ("127.0.0.1", actor.request_id)
    assert (event.target_kind, event.target_id, event.target_label) == ("client", 7, "Ana García")
    assert (event.payload, event.before, event.reason) == (
        {"city": "Dallas"},
        {"city": "Austin"},
        "she moved",
    )
    assert OpenOperation.objects.get().state == "in_flight"


def test_a_finished_operation_leaves_the_working_list(begun: Event) -> None:
    recorder.outcome(
        begun, "applied", settle=lambda: None, after=lambda: {"city": "Dallas"}, requests=2, http_status=200
    )
    intent, outcome = Event.objects.order_by("id")
    assert (outcome.stage, outcome.opens, outcome.result) == ("outcome", False, "applied")
    assert outcome.operation == intent.operation
    assert (outcome.actor_name, outcome.target_id, outcome.after) == ("Ada Min", 7, {"city": "Dallas"})
    assert (outcome.requests, outcome.http_status) == (2, 200)
    assert not OpenOperation.objects.exists()


def test_an_unknown_outcome_stays_on_the_working_list(begun: Event) -> None:
    recorder.outcome(begun, "unknown", settle=lambda: None, detail="Kayse did not answer.")
    assert OpenOperation.objects.get().state == "unknown"
    assert recorder.closing_of(begun.operation).detail == "Kayse did not answer."  # type: ignore[union-attr]


def test_a_create_learns_its_id(begun: Event) -> None:
    recorder.outcome(begun, "applied", settle=lambda: Target("client", 99, "Ana García"))
    assert Event.objects.get(stage="outcome").target_id == 99


def test_the_local_copy_and_the_outcome_are_one_transaction(begun: Event) -> None:
    def broken() -> Target:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        recorder.outcome(begun, "applied", settle=broken)
    assert not Event.objects.filter(stage="outcome").exists()
    assert OpenOperation.objects.get().state == "in_flight"


def test_a_second_use_of_an_operation_id_is_told_the_first_result(begun: Event, actor: Actor) -> None:
    def again() -> recorder.AlreadyPerformed:
        with pytest.raises(recorder.AlreadyPerformed) as caught:
            recorder.intent(actor, Action.CLIENT_UPDATE, CLIENT, operation=begun.operation, payload={})
        return caught.value

    assert again().closing is None
    recorder.outcome(begun, "applied", settle=lambda: None)
    closing = again().closing
    assert closing is not None
    assert closing.result == "applied"
    assert Event.objects.filter(stage="intent").count() == 1


def test_an_outcome_after_recovery_was_faster_is_kept_as_a_finding(begun: Event) -> None:
    recorder.reconciled(begun, Finding("unknown", "interrupted"), Actor.system("Recovery"))
    recorder.outcome(begun, "applied", settle=lambda: None)
    stages = list(Event.objects.order_by("id").values_list("stage", "result"))
    assert stages == [("intent", ""), ("outcome", "unknown"), ("reconciled", "applied")]
    assert not OpenOperation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_intent_inside_a_transaction_is_refused(actor: Actor) -> None:
    """It could still be rolled back after the call, and then there would be a change that nobody recorded."""
    with pytest.raises(RuntimeError), transaction.atomic():
        recorder.intent(actor, Action.CLIENT_UPDATE, CLIENT, operation=uuid.uuid4(), payload={})
    assert not Event.objects.exists()


def test_a_fact_is_one_event(actor: Actor, db: None) -> None:
    recorder.fact(actor, Action.SIGN_IN, Target("user", 1, "Ada Min"))
    event = Event.objects.get()
    assert (event.stage, event.opens, event.result) == ("fact", True, "applied")
    assert not OpenOperation.objects.exists()


def test_every_action_has_words() -> None:
    for action in Action:
        assert action.label
        assert action.phrase
