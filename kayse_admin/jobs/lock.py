"""Who sends with the API key: at most one process, told by a lock that dies with it and not by a clock.

A job that somebody waits for is sent beside the others, under a lock of its own. Beside SQLite an flock on a file next
to the database; on PostgreSQL an advisory lock of the session that also writes the ledger, so that whoever loses the
lock cannot write either. Both stay held while a process is only stopped. PostgreSQL behind a pooler needs session
pooling.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.db import connection

from kayse_admin.upstream.budget import key_digest


class LockLost(Exception):
    """The database session that held the lock is gone; another process may be sending."""


Held = Callable[[], bool]


@contextmanager
def sending(job: int | None = None) -> Iterator[Held | None]:
    """Hold the lock of the key in use for the block, or that of one job that is sent at once; None when another
    process holds it.

    What is given tells whether the lock is still held: ask before each request.
    """
    name = key_digest()[:16] if job is None else sha256(f"{key_digest()} {job}".encode()).hexdigest()[:16]
    with (
        _beside_sqlite(name, keep=job is None) if connection.vendor == "sqlite" else _in_session(name) as held
    ):
        yield held


def is_free(job: int | None = None) -> bool:
    """Whether nobody sends at this moment."""
    with sending(job) as held:
        return held is not None


@contextmanager
def _beside_sqlite(name: str, *, keep: bool) -> Iterator[Held | None]:
    """`keep` the file; that of one job is of no use to another."""
    path = Path(f"{connection.settings_dict['NAME']}.{name}.lock")
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        if not _is_still(path, handle):
            yield None  # whoever held it took the file away between the two lines above
            return
        try:
            yield lambda: True
        finally:
            if not keep:
                path.unlink(missing_ok=True)


def _is_still(path: Path, handle: IO[bytes]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle.fileno()).st_ino
    except FileNotFoundError:
        return False


@contextmanager
def _in_session(name: str) -> Iterator[Held | None]:
    number = int.from_bytes(bytes.fromhex(name), signed=True)
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
