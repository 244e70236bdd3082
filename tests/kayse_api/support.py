"""Helpers of the SDK's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from kayse_admin.kayse_api import (
    AnswerInfo,
    Applied,
    Gate,
    KayseClient,
    KayseConfig,
    NotSent,
    Outcome,
    RateLimited,
    RequestInfo,
)
from kayse_admin.kayse_api.exchange import Pacing
from kayse_admin.kayse_api.transport import HttpTransport
from tests.waiting import stopwatch

T = TypeVar("T")

KEY = "test-key-7f3a9c"
NEW_CLIENT = {
    "external_source": "manual",
    "external_source_id": "ext-1",
    "first_name": "Ada",
    "last_name": "Lovelace",
}


@dataclass
class Pauses:
    """Takes the place of waiting between tries: remembers the pauses, lasts no time."""

    taken: list[float] = field(default_factory=list)

    @property
    def pacing(self) -> Pacing:
        return Pacing(sleep=self.taken.append, fraction=lambda: 0.5)


def client_of(
    url: str,
    *,
    deadline: float = 5.0,
    gate: Gate | None = None,
    pauses: Pauses | None = None,
    transport: HttpTransport | None = None,
    **options: Any,
) -> KayseClient:
    """A client of `url` with one deadline for everything."""
    config = KayseConfig(url, KEY, person_deadline=deadline, bulk_deadline=deadline, **options)
    return KayseClient(config, gate, transport=transport, pacing=(pauses or Pauses()).pacing)


@dataclass
class Notebook:
    """A gate that writes everything down, and denies when its list of denials says so."""

    denials: list[NotSent | RateLimited | None] = field(default_factory=list)
    asked: list[RequestInfo] = field(default_factory=list)
    notes: list[tuple[RequestInfo, AnswerInfo | None, str | None]] = field(default_factory=list)

    def admit(self, request: RequestInfo) -> NotSent | RateLimited | None:
        self.asked.append(request)
        return self.denials.pop(0) if self.denials else None

    def told(self, request: RequestInfo, answer: AnswerInfo | None, failure: str | None) -> None:
        self.notes.append((request, answer, failure))


def value_of(outcome: Outcome[T]) -> T:
    """The value of a result that has to be Applied."""
    assert isinstance(outcome, Applied), outcome
    return outcome.value


@contextmanager
def lasting_at_most(seconds: float) -> Iterator[None]:
    """The block has to be over in time, by the clock that deadlines use."""
    elapsed = stopwatch()
    yield
    assert elapsed() <= seconds


@dataclass
class Vendor:
    """The sandbox as these tests see it."""

    url: str
    http: httpx.Client

    def reset(self, **switches: Any) -> None:
        self.http.post("/_sandbox/reset", json={"switches": switches}).raise_for_status()

    def fault(self, kind: str, **params: Any) -> None:
        self.http.post("/_sandbox/faults", json={"kind": kind, **params}).raise_for_status()

    def arrived(self, method: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/_sandbox/requests", params={"method": method}).json()[
            "requests"
        ]
        return found

    def members(self, list_id: int) -> list[int]:
        found: list[int] = (
            self.http.get(f"/_sandbox/lists/{list_id}/members").raise_for_status().json()["case_ids"]
        )
        return found

    def cases(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/_sandbox/cases").raise_for_status().json()["cases"]
        return found
