"""Who sends with the API key: at most one process, told by a lock that dies with it and not by a clock.

Beside SQLite an flock on a file next to the database; on PostgreSQL an advisory lock of the session that also writes
the ledger, so that whoever loses the lock cannot write either. Both stay held while a process is only stopped.
PostgreSQL behind a pooler needs session pooling.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from kayse_admin.upstream.budget import key_digest


class LockLost(Exception):
    """The database session that held the lock is gone; another process may be sending."""


Held = Callable[[], bool]


@contextmanager
def sending() -> Iterator[Held | None]:
    """Hold the lock of the key in use for the block; None when another process holds it.

    What is given tells whether the lock is still held: ask before each request.
    """
    with _beside_sqlite() if connection.vendor == "sqlite" else _in_session() as held:
        yield held


def is_free() -> bool:
    """Whether nobody sends at this moment."""
    with sending() as held:
        return held is not None


@contextmanager
def _beside_sqlite() -> Iterator[Held | None]:
    path = Path(f"{connection.settings_dict['NAME']}.{key_digest()[:16]}.lock")
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield lambda: True


@contextmanager
def _in_session() -> Iterator[Held | None]:
    number = int.from_bytes(bytes.fromhex(key_digest()[:16]), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        taken = bool(cursor.fetchone()[0])
    if not taken:
        yield None
        return
    session = connection.connection

    def is_same() -> bool:
        return connection.connection is session and not session.closed

    try:
        yield is_same
    finally:
        if is_same():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
