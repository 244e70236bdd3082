"""System check: is the audit record protected by its triggers?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, connections

from kayse_admin.audit import triggers
from kayse_admin.audit.models import Event


@register(Tags.database)
def protected(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Triggers that refuse changes to the record are missing: kayse.W010.

    A warning, because an error would keep `migrate`, which mends it, from running; `/readyz` answers 503 meanwhile.
    """
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        try:
            if Event._meta.db_table not in connection.introspection.table_names():
                continue
            missing = triggers.missing(connection)
        except DatabaseError:
            continue  # a database that does not answer is told by /readyz
        if missing:
            found.append(
                Warning(
                    f"The audit record is not protected: {', '.join(sorted(missing))} missing.",
                    hint="Run `manage.py migrate`: it puts the triggers back.",
                    id="kayse.W010",
                )
            )
    return found


@register(Tags.database)
def runs_as_owner(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """On PostgreSQL the application's role owns the record and could lift its triggers: kayse.W011."""
    query = (
        "SELECT r.rolsuper OR pg_has_role(current_user, c.relowner, 'USAGE') FROM pg_class c, pg_roles r "
        "WHERE c.oid = to_regclass(%s) AND r.rolname = current_user"
    )
    found: list[CheckMessage] = []
    for alias in databases or ():
        if connections[alias].vendor != "postgresql":
            continue
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(query, [Event._meta.db_table])
                row = cursor.fetchone()
        except DatabaseError:
            continue  # a database that does not answer is told by /readyz
        if row and row[0]:
            found.append(
                Warning(
                    "The application connects as a role that may change the audit record.",
                    hint="Give it a role of its own: docs/audit.md.",
                    id="kayse.W011",
                )
            )
    return found
