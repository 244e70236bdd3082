"""The hourly limit: counted in the store, so that it is one count for all threads and survives a restart."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .config import Switches
from .store import Store


@dataclass(frozen=True, slots=True)
class Rate:
    """Where the limit stands. ``reset`` is in UTC epoch seconds; ``allowed``: whether a request may go on."""

    limit: int
    remaining: int
    reset: int
    allowed: bool

    @property
    def headers(self) -> dict[str, str]:
        """The three headers that every answer carries."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


def charge(store: Store, switches: Switches, now: float, cost: int = 1) -> Rate:
    """Take one request from the limit, or with ``cost=0`` only look.

    The window opens with the first request and lasts ``rate_window`` seconds; refused requests do not count.
    """
    with store.transaction():
        found = store.row("SELECT started, used FROM rate")
        started, used = (found["started"], found["used"]) if found else (now, 0)
        if now >= started + switches.rate_window:
            started, used = now, 0
        allowed = used + cost <= switches.rate_limit
        if allowed and cost:
            used += cost
            store.write("INSERT OR REPLACE INTO rate (id, started, used) VALUES (1, ?, ?)", (started, used))
    remaining = max(0, switches.rate_limit - used)
    return Rate(switches.rate_limit, remaining, math.ceil(started + switches.rate_window), allowed)
