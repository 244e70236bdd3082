"""Waiting for something that another process does: for the condition, never for a time that somebody guessed."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until the condition holds; fails and says `what` was waited for when it does not come in time.

    The time is that of a machine that is busy with much else: what is waited for usually comes at once.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.02)
