"""What arrived at the sandbox, kept so that a test can prove that nothing was sent twice."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

MAX_ENTRIES = 20_000
MAX_BYTES = 32_000_000
MAX_BODY = 1_000_000


@dataclass(slots=True)
class Entry:
    """One request. ``status`` stays None while it runs and when no answer was sent; ``applied`` is None until
    the operation was tried, then says whether it took effect."""

    number: int
    time: datetime
    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    key: str
    status: int | None = None
    fault: str | None = None
    applied: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry for ``GET /_sandbox/requests``; a body that is not JSON is given as text in ``text``."""
        shown: dict[str, Any] = {
            "number": self.number,
            "time": self.time.isoformat(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": None,
            "key": self.key,
            "status": self.status,
            "fault": self.fault,
            "applied": self.applied,
        }
        if self.body:
            try:
                shown["body"] = json.loads(self.body)
            except (ValueError, RecursionError):
                shown["text"] = self.body.decode("utf-8", "replace")
        return shown


class Journal:
    """The latest requests, bounded in number and in bytes. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._number = 0
        self.dropped = 0

    def arrived(self, method: str, path: str, query: Mapping[str, list[str]], body: bytes, key: str) -> Entry:
        """Note a request before anything is done about it."""
        with self._lock:
            self._number += 1
            kept = body[:MAX_BODY]
            now = datetime.now(UTC)
            entry = Entry(self._number, now, method, path, dict(query), kept, key)
            self._entries.append(entry)
            self._bytes += len(kept)
            while len(self._entries) > MAX_ENTRIES or self._bytes > MAX_BYTES:
                self._bytes -= len(self._entries.popleft().body)
                self.dropped += 1
            return entry

    def entries(self, method: str = "", path: str = "") -> list[Entry]:
        """Oldest first; ``path`` is a regular expression from the path's beginning on, so a prefix works."""
        wanted = re.compile(path)
        with self._lock:
            return [e for e in self._entries if method in ("", e.method) and wanted.match(e.path)]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = self.dropped = 0
