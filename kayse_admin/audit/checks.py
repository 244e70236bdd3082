"""System check: is the audit record protected by its triggers?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections

from kayse_admin.audit import triggers
from kayse_admin.audit.models import Event


@register(Tags.database)
def protected(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Triggers that refuse changes to the record are missing: kayse.E010."""
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
                Error(
                    f"The audit record is not protected: {', '.join(sorted(missing))} missing.",
                    hint="Run `manage.py migrate`: it puts the triggers back.",
                    id="kayse.E010",
                )
            )
    return found
