"""Triggers that make the record insert-only, on SQLite and on PostgreSQL: its events, their seals, and the purges.

Everything but an insert is refused, with one narrow exception: a purge (`audit.retention`) may delete the events of
old sealed months. It first inserts a row that names the seals; that row must go on where the last purge ended, must
leave the newest seal, and must name no seal younger than `LEAST_DAYS`. Only rows of seals that such a row names can be
deleted, and nothing can be added to those seals afterwards, so what a purge has done opens no door for later.

SQLite's INSERT OR REPLACE deletes the old row without firing a delete trigger, so a third trigger looks before each
insert for a row under the same key or under the same key of a unique index. Altering a table rebuilds it on SQLite and
drops its triggers: `put_back` runs after every migrate, and a system check and `/readyz` look for them. A migration
that rebuilds a table that triggers of another one name (the seals', the purges') has to drop those triggers itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from kayse_admin.audit.models import Event, Purge, Seal, SealedEvent

TABLE = Event._meta.db_table
SEAL, SEALED, PURGE = Seal._meta.db_table, SealedEvent._meta.db_table, Purge._meta.db_table
REFUSAL = "the audit record is insert-only"
#: No purge reaches what was sealed in so many days, whatever the setting says.
LEAST_DAYS = 28


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger: the statements that make it, and what the database tells about one that is as it should be."""

    name: str
    table: str
    making: tuple[str, ...]
    shown: tuple[object, ...]

    def dropping(self, vendor: str) -> str:
        """The statement that drops it."""
        on = "" if vendor == "sqlite" else f" ON {self.table}"
        return f"DROP TRIGGER IF EXISTS {self.name}{on}"


# All statements below are made of our own names; nothing in them was typed by anybody.
_PURGED = f"SELECT 1 FROM {PURGE} p WHERE {{}} BETWEEN p.first_seal AND p.last_seal"  # noqa: S608
_LAST = f"(SELECT COALESCE(MAX(last_seal), 0) FROM {PURGE})"  # noqa: S608
#: For each table: when a row may be deleted, and when a new one is refused.
_DELETE = {
    TABLE: f"EXISTS (SELECT 1 FROM {SEALED} s, {PURGE} p WHERE s.event_id = OLD.id "  # noqa: S608
    "AND s.seal BETWEEN p.first_seal AND p.last_seal)",
    SEALED: f"EXISTS ({_PURGED.format('OLD.seal')})",
    SEAL: f"EXISTS ({_PURGED.format('OLD.number')})",
    PURGE: "1 = 0",
}
_YOUNG = {
    "sqlite": f"datetime('now', '-{LEAST_DAYS} days')",
    "postgresql": f"now() - interval '{LEAST_DAYS} days'",
}
_INSERT = {
    SEALED: f"NEW.seal <= {_LAST}",
    SEAL: f"NEW.number <= {_LAST}",
    PURGE: f"NEW.first_seal <> {_LAST} + 1 OR NEW.last_seal < NEW.first_seal "  # noqa: S608
    f"OR NEW.last_seal >= COALESCE((SELECT MAX(number) FROM {SEAL}), 0) "
    f"OR EXISTS (SELECT 1 FROM {SEAL} WHERE number BETWEEN NEW.first_seal AND NEW.last_seal AND at > {{young}})",
}
#: SQLite alone: when an insert would silently replace a row.
_REPLACE = {
    TABLE: f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "  # noqa: S608
    f"OR (NEW.stage <> 'reconciled' AND EXISTS "
    f"(SELECT 1 FROM {TABLE} WHERE operation = NEW.operation AND stage = NEW.stage))",
    SEALED: f"EXISTS (SELECT 1 FROM {SEALED} WHERE event_id = NEW.event_id)",  # noqa: S608
    SEAL: f"EXISTS (SELECT 1 FROM {SEAL} WHERE number = NEW.number)",  # noqa: S608
    PURGE: f"EXISTS (SELECT 1 FROM {PURGE} WHERE number = NEW.number)",  # noqa: S608
}
TABLES = tuple(_REPLACE)


def wanted(vendor: str) -> list[Trigger]:
    """The triggers of the database kind, "sqlite" or "postgresql"."""
    each = _on_sqlite if vendor == "sqlite" else _on_postgresql
    return [trigger for table in TABLES for trigger in each(table)]


def _on_sqlite(table: str) -> list[Trigger]:
    refused = " OR ".join(
        filter(None, [_REPLACE[table], _INSERT.get(table, "").format(young=_YOUNG["sqlite"])])
    )
    when = {
        "no_update": f"BEFORE UPDATE ON {table}",
        "no_delete": f"BEFORE DELETE ON {table} WHEN NOT ({_DELETE[table]})",
        "no_replace": f"BEFORE INSERT ON {table} WHEN {refused}",
    }
    made = {
        f"{table}_{what}": f"CREATE TRIGGER {table}_{what} {moment} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for what, moment in when.items()
    }
    return [Trigger(name, table, (sql,), (sql,)) for name, sql in made.items()]


#: `pg_trigger.tgtype`: BEFORE, FOR EACH ROW, and the events.
_BEFORE, _ROW, _ON = 2, 1, {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}


def _on_postgresql(table: str) -> list[Trigger]:
    refused = _INSERT.get(table, "").format(young=_YOUNG["postgresql"])
    inserting = f"IF TG_OP = 'INSERT' THEN IF NOT ({refused}) THEN RETURN NEW; END IF; END IF; "
    body = (
        f" BEGIN {inserting if refused else ''}"
        f"IF TG_OP = 'DELETE' THEN IF {_DELETE[table]} THEN RETURN OLD; END IF; END IF; "
        f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END "
    )
    function = f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
    moments = {
        "no_change": (["INSERT"] * bool(refused) + ["UPDATE", "DELETE"], "ROW"),
        "no_truncate": (["TRUNCATE"], "STATEMENT"),
    }
    return [
        Trigger(
            f"{table}_{what}",
            table,
            (
                function,
                f"CREATE OR REPLACE TRIGGER {table}_{what} BEFORE {' OR '.join(events)} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION {table}_refuse()",
            ),
            (body, _BEFORE + _ROW * (each == "ROW") + sum(_ON[event] for event in events)),
        )
        for what, (events, each) in moments.items()
    ]


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of the triggers that are not there, are not ours, or (on PostgreSQL) are disabled."""
    if connection.vendor == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT t.tgname, p.prosrc, t.tgtype FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "  # noqa: S608
            "WHERE t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND NOT t.tgisinternal "
            f"AND t.tgrelid IN ({', '.join(f'to_regclass({table!r})' for table in TABLES)})"
        )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0]: tuple(row[1:]) for row in cursor.fetchall()}
    return {one.name for one in wanted(connection.vendor) if present.get(one.name) != one.shown}


def put_back(using: str = "default", **_: Any) -> None:
    """Make every trigger that is missing or not ours (receiver of `post_migrate`; safe to repeat)."""
    connection = connections[using]
    if not set(TABLES) <= set(connection.introspection.table_names()):
        return
    absent = missing(connection)
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for trigger in wanted(connection.vendor):
            if trigger.name in absent:
                for statement in (trigger.dropping(connection.vendor), *trigger.making):
                    cursor.execute(statement)
