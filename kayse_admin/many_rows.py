"""Inserting many rows at once, as each database does it best. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from django.db import connection

#: Rows in one statement on SQLite, and values that a statement takes there.
MOST_ROWS, MOST_VALUES = 500, 32_766


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], on_conflict: str = "") -> None:
    """Insert rows of values, each as the database takes it, at a sixth of the price of bulk_create.

    The names are our own, and never typed by anybody. `on_conflict` is SQL behind the values, for SQLite alone: COPY,
    by which PostgreSQL takes them, has no such thing.
    """
    into = f"{_quoted(table)} ({', '.join(map(_quoted, columns))})"
    if connection.vendor == "postgresql":
        assert not on_conflict
        # What COPY raises at its end does not come through Django's cursor.
        copying = f"COPY {into} FROM STDIN"
        with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks, batch = f"({', '.join('?' * len(columns))})", list(rows)
    size = min(MOST_ROWS, MOST_VALUES // len(columns))
    for start in range(0, len(batch), size):
        part = batch[start : start + size]
        values = ", ".join([marks] * len(part))
        _execute(f"INSERT INTO {into} VALUES {values} {on_conflict}", list(chain.from_iterable(part)))  # noqa: S608


def _execute(statement: str, values: Sequence[Any]) -> None:
    """On SQLite: a statement with its own marks. Django's cursor looks through it for marks of another kind, which
    takes longer than inserting the rows where there are ten thousand.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.execute(statement, values)


def _quoted(name: str) -> str:
    return f'"{name}"'
