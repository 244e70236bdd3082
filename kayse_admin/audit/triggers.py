"""Triggers that make audit events insert-only, on SQLite and on PostgreSQL.

SQLite's INSERT OR REPLACE deletes the old row without firing a delete trigger, so a third trigger looks before each
insert for a row under the same id or under the same key of a unique index. Altering a table rebuilds it on SQLite and
drops its triggers: `put_back` runs after every migrate, and a system check and `/readyz` look for them.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from kayse_admin.audit.models import Event

TABLE = Event._meta.db_table
REFUSAL = "audit events are insert-only"

_SQLITE = {
    "audit_event_no_update": f"BEFORE UPDATE ON {TABLE}",
    "audit_event_no_delete": f"BEFORE DELETE ON {TABLE}",
    "audit_event_no_replace": (
        f"BEFORE INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "  # noqa: S608  # no input
        f"OR (NEW.stage <> 'reconciled' AND EXISTS "
        f"(SELECT 1 FROM {TABLE} WHERE operation = NEW.operation AND stage = NEW.stage))"
    ),
}
_POSTGRESQL = {
    "audit_event_no_change": f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW",
    "audit_event_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT",
}


def statements(vendor: str) -> dict[str, list[str]]:
    """For each trigger of the database kind ("sqlite" or "postgresql"): the statements that make it."""
    if vendor == "sqlite":
        return {
            name: [f"CREATE TRIGGER IF NOT EXISTS {name} {when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"]
            for name, when in _SQLITE.items()
        }
    refuse = (
        "CREATE OR REPLACE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    return {
        name: [
            refuse,
            f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION audit_event_refuse()",
        ]
        for name, when in _POSTGRESQL.items()
    }


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of the triggers that are not there (or, on PostgreSQL, are disabled)."""
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled IN ('O', 'A')"
    with connection.cursor() as cursor:
        cursor.execute(query, [TABLE])
        present = {row[0] for row in cursor.fetchall()}
    return set(statements(connection.vendor)) - present


def put_back(using: str = "default", **_: Any) -> None:
    """Make every trigger that is missing (receiver of `post_migrate`; safe to repeat)."""
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return
    absent = missing(connection)
    with connection.cursor() as cursor:
        for name, making in statements(connection.vendor).items():
            if name in absent:
                for statement in making:
                    cursor.execute(statement)
