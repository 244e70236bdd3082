"""The database itself refuses every change of the record, on SQLite and on PostgreSQL."""

from __future__ import annotations

import uuid

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader

from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, seals, triggers
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, Purge, Seal, SealedEvent
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
    assert triggers.missing(connection) == {one.name for one in triggers.wanted(connection.vendor)}
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert "kayse.W010" in [problem.id for problem in found]
    triggers.put_back()
    assert triggers.missing(connection) == set()
    found = run_checks(tags=[Tags.database], databases=["default"])
    assert "kayse.W010" not in [problem.id for problem in found]


def test_migrate_puts_them_back(event: Event) -> None:
    """With the checks that the command line runs: they must tell what is missing and not be in the way."""
    lift()
    call_command("migrate", verbosity=0, skip_checks=False)
    assert triggers.missing(connection) == set()


def test_a_trigger_that_lets_everything_pass_is_not_ours(event: Event, is_sqlite: bool) -> None:
    """The names alone say nothing: somebody may have made a tame one under the same name."""
    if is_sqlite:
        name, tame = "audit_event_no_update", [
            "DROP TRIGGER audit_event_no_update",
            "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event WHEN 0 "
            "BEGIN SELECT RAISE(ABORT, 'never'); END",
        ]  # fmt: skip
    else:
        name, tame = (
            "audit_event_no_change",
            ["ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_change"],
        )
    with connection.cursor() as cursor:
        for statement in tame:
            cursor.execute(statement)
    assert triggers.missing(connection) == {name}
    assert not refused("UPDATE audit_event SET actor_name = actor_name")
    triggers.put_back()
    assert triggers.missing(connection) == set()
    assert refused("UPDATE audit_event SET actor_name = actor_name")


@pytest.mark.django_db(transaction=True)
def test_they_are_there_after_every_migration(is_sqlite: bool) -> None:
    """Each state on the way, upwards from each; and a rebuilt table, which on SQLite loses its triggers."""
    names = sorted(name for app, name in MigrationLoader(connection).disk_migrations if app == "audit")
    assert names[0] == "0001_initial"
    try:
        for name in reversed(names):
            lift()  # a migration that goes back may take a table away that the triggers of others name
            call_command("migrate", "audit", name, verbosity=0)
            call_command("migrate", verbosity=0)
            assert triggers.missing(connection) == set(), name
        wider = models.CharField(max_length=77)
        wider.set_attributes_from_name("actor_role")
        old = Event._meta.get_field("actor_role")
        for before, after in ((old, wider), (wider, old)):
            with connection.schema_editor() as editor:
                editor.alter_field(Event, before, after)  # type: ignore[arg-type]
            lost = {one.name for one in triggers.wanted("sqlite") if one.table == "audit_event"}
            assert triggers.missing(connection) == (lost if is_sqlite else set())
            call_command("migrate", verbosity=0)
            assert triggers.missing(connection) == set()
    finally:
        call_command("migrate", verbosity=0)


# --- Seals, what they cover, and purges are held to it as well ------------------------------------------------


@pytest.fixture
def sealed(event: Event) -> Seal:
    """A record that is sealed, and a purge in it as an owner without triggers would insert it."""
    assert seals.seal_all() == 1
    lift()
    Purge.objects.create(
        number=1, operation=uuid.uuid4(), first_seal=0, last_seal=0, count=0, before=event.at, anchor="", signature="x"
    )  # fmt: skip
    triggers.put_back()
    return Seal.objects.get()


TABLES = {
    "audit_event": "actor_name",
    "audit_seal": "root",
    "audit_sealedevent": "digest",
    "audit_purge": "anchor",
}


def test_every_table_of_the_record_is_looked_at() -> None:
    assert set(TABLES) == set(triggers.TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_nothing_in_it_is_changed_deleted_or_emptied(table: str, sealed: Seal, is_sqlite: bool) -> None:
    column = TABLES[table]
    assert refused(f"UPDATE {table} SET {column} = {column}")
    assert refused(f"DELETE FROM {table}")
    assert refused(f"DELETE FROM {table}" if is_sqlite else f"TRUNCATE {table}")
    lift()  # the control: there is a row, and without the triggers each of these does its harm
    assert not refused(f"UPDATE {table} SET {column} = {column}")
    assert rows(f"DELETE FROM {table}") == 1


@pytest.mark.parametrize("table", TABLES)
def test_nothing_in_it_is_replaced(table: str, sealed: Seal, is_sqlite: bool) -> None:
    """With recursive triggers off, as SQLite has them, a REPLACE fires no delete trigger."""
    model = next(one for one in (Event, Seal, SealedEvent, Purge) if one._meta.db_table == table)
    names = [field.column for field in model._meta.concrete_fields]  # type: ignore[attr-defined]
    key, column = names[0] if table != "audit_purge" else "number", TABLES[table]
    told = ", ".join(names)
    if not is_sqlite:
        same = f"INSERT INTO {table} ({told}) SELECT {told} FROM {table}"
        assert refused(f"{same} ON CONFLICT ({key}) DO UPDATE SET {column} = ''")
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone() == (0,)
    replace = f"REPLACE INTO {table} ({told}) SELECT {told} FROM {table}"
    assert refused(replace)
    assert refused(replace.replace("REPLACE", "INSERT OR REPLACE", 1))
    lift()
    assert rows(replace) == 1


def rows(statement: str) -> int:
    """Execute; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


def test_one_intent_and_one_outcome_for_an_operation(event: Event) -> None:
    operation = uuid.uuid4()
    for expected in (True, False):
        fresh = Event(operation=operation, stage="outcome", opens=False, actor_name="x", action="sign_in")
        if expected:
            fresh.save()
        else:
            with pytest.raises(DatabaseError), transaction.atomic():
                fresh.save()
