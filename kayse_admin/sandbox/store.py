"""The sandbox's own SQLite store: clients, cases, lists, and the used part of the hourly limit.

One connection, one lock: a sandbox has few callers, an in-memory database lives in one connection only, and
with one lock every operation is seen whole by the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

# AUTOINCREMENT: an id that was given to a record is never given to another, not even after a hard delete.
SCHEMA = """
CREATE TABLE IF NOT EXISTS clients (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT, mobile TEXT,
    external_source TEXT NOT NULL, external_source_id TEXT NOT NULL,
    first_name TEXT NOT NULL, last_name TEXT NOT NULL,
    date_of_birth TEXT, city TEXT, state TEXT, postal_code TEXT, address_line1 TEXT, address_line2 TEXT,
    voice_calls_opted_out INTEGER NOT NULL DEFAULT 0,
    origin TEXT, update_origin TEXT,
    deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS cases (
    id INTEGER PRIMARY KEY,
    case_type_id INTEGER NOT NULL, status_id INTEGER NOT NULL, is_obo INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS cases_by_kind ON cases (case_type_id, status_id);
CREATE TABLE IF NOT EXISTS links (
    client_id INTEGER NOT NULL, position INTEGER NOT NULL, case_id INTEGER NOT NULL,
    PRIMARY KEY (client_id, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_case ON links (case_id, client_id);
CREATE TABLE IF NOT EXISTS lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, description TEXT,
    external_source TEXT, external_source_id TEXT,
    filter TEXT, is_obo INTEGER NOT NULL DEFAULT 0,
    origin TEXT, update_origin TEXT
);
-- The cases that are in (1) or out of (0) a list whatever its filter says; the latest gesture wins.
CREATE TABLE IF NOT EXISTS overrides (
    list_id INTEGER NOT NULL, case_id INTEGER NOT NULL, member INTEGER NOT NULL,
    PRIMARY KEY (list_id, case_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (kind TEXT, id INTEGER, name TEXT, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS rate (id INTEGER PRIMARY KEY CHECK (id = 1), started REAL, used INTEGER);
CREATE TABLE IF NOT EXISTS seeded (clients INTEGER NOT NULL);
"""
TABLES = ("clients", "cases", "links", "lists", "overrides", "labels", "rate", "seeded", "sqlite_sequence")


class Store:
    """A SQLite database behind a lock. Safe to share between threads; give it back with ``close()``."""

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=20)
        self._connection.row_factory = sqlite3.Row
        self._connection.create_function("casefold", 1, str.casefold, deterministic=True)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # What the sandbox holds can be seeded again: surviving a killed process is enough.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything in the block one operation; a block inside a block joins the outer one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def write(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one change; the cursor tells ``rowcount`` and ``lastrowid``."""
        with self._lock:
            return self._connection.execute(sql, parameters)

    def write_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one change for each row."""
        with self._lock:
            self._connection.executemany(sql, rows)

    def clear(self) -> None:
        """Empty every table, the counters of ids included."""
        with self.transaction():
            for table in TABLES:
                self.write(f"DELETE FROM {table}")  # noqa: S608  # names from the constant above

    def close(self) -> None:
        """Close the database; later calls raise ``sqlite3.ProgrammingError``."""
        with self._lock:
            self._connection.close()
