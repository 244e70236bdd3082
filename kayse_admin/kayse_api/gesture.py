"""Several calls that one person waits for, and the time that they have together.

A call has a deadline of its own, but somebody who saves a form waits for a read, a write and a second look. Within
`lasting` no call goes on after the time of the whole, which begins with the first of them; and a write for which hardly
any of it is left is not begun: cut soon after it left, nobody would know what came of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

#: The part of the whole that must be left when a write is begun.
LEAST = 0.2


@dataclass(slots=True)
class _Gesture:
    seconds: float
    ends: float | None = None


_gesture: ContextVar[_Gesture | None] = ContextVar("kayse_api_gesture", default=None)


@contextmanager
def lasting(seconds: float) -> Iterator[None]:
    """Everything that this thread asks of Kayse within the block is over `seconds` after the first call's beginning."""
    token = _gesture.set(_Gesture(seconds))
    try:
        yield
    finally:
        _gesture.reset(token)


def cut(deadline: float) -> float:
    """The deadline (time.monotonic) of a call that begins now: its own, or its gesture's if that comes first."""
    running = _gesture.get()
    if running is None:
        return deadline
    if running.ends is None:
        running.ends = time.monotonic() + running.seconds
    return min(deadline, running.ends)


def is_too_late_to_write() -> bool:
    """Whether so little is left of the gesture that a write begun now would most likely be cut."""
    running = _gesture.get()
    if running is None or running.ends is None:
        return False
    return running.ends - time.monotonic() < LEAST * running.seconds
