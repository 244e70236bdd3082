"""Waiting for something that another process does: for the condition, never for a time that somebody guessed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def until(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until the condition holds; fails and says `what` was waited for when it does not come in time.

    The time is that of a machine that is busy with much else: what is waited for usually comes at once.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.02)


def stopwatch() -> Callable[[], float]:
    """Start measuring; the function that is returned says how many seconds this thread has taken since.

    What it spent ready to go on while the processor was with others is left out: that is the machine's, not the code's.
    """
    begun, waited = time.monotonic(), _waited()
    return lambda: time.monotonic() - begun - (_waited() - waited)


def _waited() -> float:
    """Seconds that this thread was ready and not running; 0 where the system does not tell."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0
