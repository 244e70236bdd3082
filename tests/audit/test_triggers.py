"""The database itself refuses every change of the record, on SQLite and on PostgreSQL."""

from __future__ import annotations

import uuid

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, triggers
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Target
from tests.conftest import lift

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(actor: Actor) -> Event:
    return recorder.fact(actor, Action.SIGN_IN, Target("user", 1, "Ada Min"))


def refused(statement: str, *parameters: object) -> bool:
    """Whether the database refuses the statement because of the triggers."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
    except DatabaseError as error:
        return triggers.REFUSAL in str(error)
    return False


def test_an_update_is_refused(event: Event) -> None:
    assert refused("UPDATE audit_event SET actor_name = 'somebody else' WHERE id = %s", event.pk)
    event.refresh_from_db()
    assert event.actor_name == "Ada Min"


def test_an_update_through_the_orm_is_refused(event: Event) -> None:
    with pytest.raises(DatabaseError, match=triggers.REFUSAL), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(actor_name="somebody else")


def test_a_delete_is_refused(event: Event) -> None:
    assert refused("DELETE FROM audit_event WHERE id = %s", event.pk)
    assert Event.objects.filter(pk=event.pk).exists()


def test_saving_or_deleting_an_event_again_is_refused(event: Event) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        event.save()
    with pytest.raises(TypeError):
        event.delete()


@pytest.mark.sqlite
def test_replace_over_an_id_is_refused(event: Event, is_sqlite: bool) -> None:
    if not is_sqlite:
        assert refused("UPDATE audit_event SET id = id")
        return
    columns = ", ".join(field.column for field in Event._meta.concrete_fields if field.name != "actor_name")
    assert refused(
        f"INSERT OR REPLACE INTO audit_event ({columns}, actor_name) "
        f"SELECT {columns}, 'somebody else' FROM audit_event WHERE id = %s",
        event.pk,
    )
    event.refresh_from_db()
    assert event.actor_name == "Ada Min"


def test_replace_over_a_unique_index_is_refused(actor: Actor, is_sqlite: bool) -> None:
    begun = recorder.fact(actor, Action.SIGN_OUT, Target("user", 1, "Ada Min"))
    columns = ", ".join(
        field.column for field in Event._meta.concrete_fields if field.name not in ("id", "actor_name")
    )
    verb = "INSERT OR REPLACE" if is_sqlite else "INSERT"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{verb} INTO audit_event ({columns}, actor_name) "
            f"SELECT {columns}, 'somebody else' FROM audit_event WHERE id = %s",
            [begun.pk],
        )
    assert list(Event.objects.values_list("actor_name", flat=True)) == ["Ada Min"]


def test_replace_passes_where_the_triggers_are_lifted(event: Event, is_sqlite: bool) -> None:
    """The control: without the triggers the same statements do their harm, so the tests above can fail."""
    lift()
    assert not refused("UPDATE audit_event SET actor_name = 'somebody else'")
    assert not refused("DELETE FROM audit_event")
    assert not Event.objects.exists()
    triggers.put_back()


def test_truncate_is_refused(event: Event, is_sqlite: bool) -> None:
    assert refused("DELETE FROM audit_event" if is_sqlite else "TRUNCATE audit_event")
    assert Event.objects.exists()


def test_missing_triggers_are_found_and_put_back(event: Event) -> None:
    assert triggers.missing(connection) == set()
    lift()
    assert triggers.missing(connection) == set(triggers.statements(connection.vendor))
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert "kayse.E010" in [problem.id for problem in found]
    triggers.put_back()
    assert triggers.missing(connection) == set()
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert "kayse.E010" not in [problem.id for problem in found]


def test_migrate_puts_them_back(event: Event) -> None:
    lift()
    call_command("migrate", verbosity=0)
    assert triggers.missing(connection) == set()


def test_one_intent_and_one_outcome_for_an_operation(event: Event) -> None:
    operation = uuid.uuid4()
    for expected in (True, False):
        fresh = Event(operation=operation, stage="outcome", opens=False, actor_name="x", action="sign_in")
        if expected:
            fresh.save()
        else:
            with pytest.raises(DatabaseError), transaction.atomic():
                fresh.save()
