"""Who may send, and when a try is repeated: two small interfaces and one pure policy.

Only what cannot have happened twice is tried again: a read, or a request that surely never left.
There are at most three tries, apart by full jitter, all inside one deadline, and the `Gate` is
asked before each and told after each. A 429 is never tried again here: who waits is the caller's
decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from kayse_admin.kayse_api.outcomes import (
    NotSent,
    NotSentReason,
    Outcome,
    RateLimited,
    Unknown,
    UnknownReason,
)

MAX_TRIES = 3
BACKOFF_BASE = 0.25
BACKOFF_CAP = 2.0

_NEVER_LEFT = frozenset(
    {NotSentReason.REFUSED, NotSentReason.DNS, NotSentReason.CONNECT_TIMEOUT, NotSentReason.POOL_FULL}
)
# A body that arrived whole and is wrong would be wrong again; asking once more only costs.
_PASSING = frozenset({UnknownReason.TIMEOUT, UnknownReason.RESET, UnknownReason.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """One try, as a Gate sees it: no body, no key. `name` is the method here ("clients.create")."""

    name: str
    method: str
    path: str
    attempt: int

    @property
    def write(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class RateInfo:
    """What an answer told about the hourly allowance; None: not told. `reset_at` is aware, our clock."""

    limit: int | None
    remaining: int | None
    reset_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnswerInfo:
    """The head of an answer. `date` is the vendor's own clock, aware, None when not told."""

    status: int
    rate: RateInfo | None
    date: datetime | None


class Gate(Protocol):
    """Stands before the wire: the hourly budget and the circuit breaker."""

    def admit(self, request: RequestInfo) -> NotSent | RateLimited | None:
        """Asked before every try; None lets it pass and charges it."""

    def told(self, request: RequestInfo, answer: AnswerInfo | None, failure: str | None) -> None:
        """Told after every admitted try.

        `answer` is None when no status line arrived. `failure` is a NotSentReason or UnknownReason
        value when the try gave nothing usable ("server_error" for a 5xx), else None.
        """


class OpenGate:
    """Lets everything pass."""

    def admit(self, request: RequestInfo) -> NotSent | RateLimited | None:
        return None

    def told(self, request: RequestInfo, answer: AnswerInfo | None, failure: str | None) -> None:
        return None


def may_try_again(outcome: Outcome[Any], *, write: bool, attempt: int) -> bool:
    """Whether a try that ended in `outcome` is followed by another; `attempt` counts from 1."""
    if attempt >= MAX_TRIES:
        return False
    if isinstance(outcome, NotSent):
        return outcome.reason in _NEVER_LEFT
    return isinstance(outcome, Unknown) and not write and outcome.reason in _PASSING


def pause_before(attempt: int, fraction: float) -> float:
    """Seconds before try `attempt` (2 or 3), full jitter: `fraction` (0..1, random) of a growing cap."""
    return fraction * min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** (attempt - 1))
