"""A database that is there for one benchmark and gone afterwards, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


@contextmanager
def database(kind: str, needed: int) -> Iterator[dict[str, str]]:
    """The environment that names a new database of the kind "sqlite" or "postgresql".

    Ends the program when the disk has less than `needed` bytes free.
    """
    folder = Path(tempfile.mkdtemp(prefix="kayse-benchmark-"))
    free = shutil.disk_usage(folder).free
    if free < needed:
        folder.rmdir()
        sys.exit(f"This needs about {needed / 1e9:.1f} GB of disk; {free / 1e9:.1f} GB are free.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what follows is cleaned up, too
    try:
        if kind == "sqlite":
            yield {"VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/benchmark.sqlite3"}
            return
        server, name = SERVER.rsplit("/", 1)[0], f"kayse_benchmark_{os.getpid()}"
        with psycopg.connect(SERVER.replace("postgres://", "postgresql://"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            try:
                yield {"VAR_DIR": str(folder), "DATABASE_URL": f"{server}/{name}"}
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
