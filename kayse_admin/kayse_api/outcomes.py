"""The five results that a call to Kayse can have, and why.

Callers handle each one:

========== =============================================================================
Applied      Kayse answered 2xx with a body that can be read.
Rejected     Kayse said no (a 4xx other than 429). Nothing was changed.
NotSent      The request never left this process. Nothing was changed.
RateLimited  The hourly allowance is used up, says Kayse (429) or our own budget.
Unknown      It may have happened: no answer, a broken one, an unreadable one, or a 5xx.
========== =============================================================================

A read that got no usable answer is Unknown as well: we do not know what Kayse has.

Every result tells `requests` (tries charged to the hourly budget), `duration_ms` (the whole
exchange in milliseconds, waits between tries included) and `sentence` (for people). The statuses are
those of the vendor's pages on errors and on rate limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")


class NotSentReason(StrEnum):
    """Why a request never left. No value is also one of `UnknownReason`: a Gate is told either as text."""

    REFUSED = "refused"
    DNS = "dns"
    CONNECT_TIMEOUT = "connect_timeout"
    POOL_FULL = "pool_full"
    DEADLINE = "no_time"
    # Said by a Gate, never by the wire:
    BUDGET = "budget"
    CIRCUIT_OPEN = "circuit_open"
    KEY_REFUSED = "key_refused"
    # Said by a caller that sends several in their order:
    BEHIND = "behind"

    @property
    def sentence(self) -> str:
        return _NOT_SENT[self]


class UnknownReason(StrEnum):
    """Why it is not known whether a request was carried out."""

    TIMEOUT = "timeout"
    DEADLINE = "deadline"
    RESET = "reset"
    BAD_BODY = "bad_body"
    TOO_LARGE = "too_large"
    SERVER_ERROR = "server_error"
    UNEXPECTED_STATUS = "unexpected_status"
    ENDLESS = "endless"
    INTERNAL = "internal"

    @property
    def sentence(self) -> str:
        return _UNKNOWN[self]


_NOT_SENT = {
    NotSentReason.REFUSED: "Kayse could not be reached.",
    NotSentReason.DNS: "Kayse could not be found on the network.",
    NotSentReason.CONNECT_TIMEOUT: "Kayse did not pick up in time.",
    NotSentReason.POOL_FULL: "Too many requests to Kayse are under way at this moment.",
    NotSentReason.DEADLINE: "There was no time left to ask Kayse.",
    NotSentReason.BUDGET: "What is left of the hourly allowance is kept for people.",
    NotSentReason.CIRCUIT_OPEN: "Kayse has been failing, so it is left alone for a moment.",
    NotSentReason.KEY_REFUSED: "Kayse refuses the firm's key until an administrator renews it.",
    NotSentReason.BEHIND: "What was to be done before it was not done.",
}

_UNKNOWN = {
    UnknownReason.TIMEOUT: "Kayse fell silent.",
    UnknownReason.DEADLINE: "Kayse took too long to answer.",
    UnknownReason.RESET: "The connection to Kayse broke off.",
    UnknownReason.BAD_BODY: "Kayse gave an answer that cannot be read.",
    UnknownReason.TOO_LARGE: "Kayse gave an answer that is too large to take in.",
    UnknownReason.SERVER_ERROR: "Kayse had an error of its own.",
    UnknownReason.UNEXPECTED_STATUS: "Kayse gave an answer that makes no sense here.",
    UnknownReason.ENDLESS: "Kayse never came to the end of the list.",
    UnknownReason.INTERNAL: "Something went wrong here while Kayse was being asked.",
}


@dataclass(frozen=True, slots=True)
class Applied(Generic[T]):
    """Kayse did it, or answered the question: `value` is typed, `raw` is the JSON as it came."""

    result: ClassVar[Literal["applied"]] = "applied"
    value: T
    status: int
    requests: int
    duration_ms: int
    raw: Any

    @property
    def sentence(self) -> str:
        return "Kayse confirmed it."


@dataclass(frozen=True, slots=True)
class Rejected:
    """Kayse said no. `code` and `message` are the vendor's, as short plain text; escape them."""

    result: ClassVar[Literal["rejected"]] = "rejected"
    status: int
    code: str
    message: str
    requests: int
    duration_ms: int

    @property
    def is_not_found(self) -> bool:
        return self.status == 404

    @property
    def is_key_refused(self) -> bool:
        return self.status == 401

    @property
    def sentence(self) -> str:
        return _REJECTED.get(self.status, "Kayse refused this. Nothing was changed.")


_REJECTED = {
    400: "Kayse did not accept these values. Nothing was changed.",
    401: "Kayse refuses the firm's key. An administrator has to renew it. Nothing was changed.",
    403: "Kayse does not allow this with the firm's key. Nothing was changed.",
    404: "Kayse does not know this record. It may have been deleted.",
    409: "Kayse says that this clashes with another record. Nothing was changed.",
    413: "This is more than Kayse takes at once. Nothing was changed.",
    422: "Kayse did not accept these values. Nothing was changed.",
}


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left, so nothing was changed. Trying again later is safe."""

    result: ClassVar[Literal["not_sent"]] = "not_sent"
    reason: NotSentReason
    requests: int = 0
    duration_ms: int = 0

    @property
    def sentence(self) -> str:
        return f"{self.reason.sentence} Nothing was sent, so nothing has changed."


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The allowance is used up until `until` (aware, UTC, by our clock). `sent`: the vendor said so."""

    result: ClassVar[Literal["rate_limited"]] = "rate_limited"
    until: datetime
    sent: bool
    requests: int = 0
    duration_ms: int = 0

    @property
    def sentence(self) -> str:
        return "The hourly number of requests to Kayse is used up. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened. A machine must never send a write again after this.

    `status` is the answer's, when a status line arrived. `write` is False for a read, where
    asking again harms nobody.
    """

    result: ClassVar[Literal["unknown"]] = "unknown"
    reason: UnknownReason
    status: int | None
    requests: int
    duration_ms: int
    write: bool = True

    @property
    def sentence(self) -> str:
        rest = "It is not known whether this was done." if self.write else "Try again in a moment."
        return f"{self.reason.sentence} {rest}"


Outcome: TypeAlias = Applied[T] | Rejected | NotSent | RateLimited | Unknown
Failed: TypeAlias = Rejected | NotSent | RateLimited | Unknown
