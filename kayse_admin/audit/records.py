"""The values that travel into and out of the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: JSON as the databases keep it.
Json = Any

#: How an operation ended. The first five are the SDK's; `not_applied` is what a later look found out.
Result = Literal["applied", "rejected", "not_sent", "rate_limited", "unknown", "not_applied"]

RESULT_WORDS: dict[str, str] = {
    "applied": "Done",
    "rejected": "Refused by Kayse",
    "not_sent": "Not sent",
    "rate_limited": "Not sent, budget used up",
    "unknown": "Outcome unknown",
    "not_applied": "Did not happen",
    "": "Under way",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What an action is about: kind ("client", "case_list", "user", …), the vendor's id if there is one yet, a name."""

    kind: str
    id: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a later look at the vendor found about an operation whose outcome nobody recorded or knew.

    `result` "applied" or "not_applied"; "unknown" when the look could not tell.
    """

    result: Literal["applied", "not_applied", "unknown"]
    detail: str
    after: Json = None
    requests: int = 0
