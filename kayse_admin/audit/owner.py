"""Is the process that began an operation still alive?

Each process holds an exclusive lock on a file of its own; the lock dies with the process, however it dies, and stays
while the process is only stopped. Its name, host and file, is the owner noted beside each open operation.
"""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from pathlib import Path
from typing import IO

from django.conf import settings

_held: dict[int, tuple[str, IO[bytes]]] = {}


def _folder() -> Path:
    folder = Path(settings.VAR_DIR) / "owners"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def me() -> str:
    """The owner name of this process, "host:file"; takes the lock at the first call and after a fork."""
    pid = os.getpid()
    if pid not in _held:
        _held[pid] = _take(pid)
    return _held[pid][0]


def _take(pid: int) -> tuple[str, IO[bytes]]:
    while True:
        path = _folder() / f"{pid}-{uuid.uuid4().hex[:12]}"
        handle = path.open("wb")
        fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists():  # a sweep may have come between the two lines above
            return f"{socket.gethostname()[:60]}:{path.name}", handle
        handle.close()


def is_dead(owner: str) -> bool | None:
    """True when that process has surely ended, False when it lives, None when it is on another host."""
    host, _, name = owner.rpartition(":")
    if host != socket.gethostname()[:60]:
        return None
    path = _folder() / Path(name).name
    try:
        with path.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def sweep() -> None:
    """Remove the lock files of processes that have ended."""
    for path in _folder().iterdir():
        if is_dead(f"{socket.gethostname()[:60]}:{path.name}"):
            path.unlink(missing_ok=True)
