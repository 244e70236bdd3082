"""When a try is repeated, and after how long: a table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kayse_admin.kayse_api import (
    Applied,
    NotSent,
    Outcome,
    RateLimited,
    Rejected,
    RequestInfo,
    Unknown,
)
from kayse_admin.kayse_api import NotSentReason as R
from kayse_admin.kayse_api import UnknownReason as U
from kayse_admin.kayse_api.retry import BACKOFF_CAP, MAX_TRIES, may_try_again, pause_before

ALWAYS = {R.REFUSED, R.DNS, R.CONNECT_TIMEOUT, R.POOL_FULL}
READS_ONLY = {U.TIMEOUT, U.RESET, U.SERVER_ERROR}


@pytest.mark.parametrize("write", [True, False], ids=["write", "read"])
@pytest.mark.parametrize("reason", R)
def test_what_never_left_is_tried_again_unless_the_gate_or_the_clock_said_no(reason: R, write: bool) -> None:
    assert may_try_again(NotSent(reason), write=write, attempt=1) is (reason in ALWAYS)


@pytest.mark.parametrize("reason", U)
def test_what_may_have_left_is_tried_again_for_some_reads_and_for_no_write(reason: U) -> None:
    assert not may_try_again(Unknown(reason, None, 0, 0), write=True, attempt=1)
    assert may_try_again(Unknown(reason, None, 0, 0), write=False, attempt=1) is (reason in READS_ONLY)


@pytest.mark.parametrize(
    "outcome",
    [
        Applied(None, 200, 0, 0, None),
        Rejected(400, "", "", 0, 0),
        Rejected(408, "", "", 0, 0),
        RateLimited(datetime(2026, 1, 1, tzinfo=UTC), sent=True),
        RateLimited(datetime(2026, 1, 1, tzinfo=UTC), sent=False),
    ],
    ids=lambda outcome: outcome.result,
)
@pytest.mark.parametrize("write", [True, False])
def test_an_answer_is_an_answer(outcome: Outcome[Any], write: bool) -> None:
    assert not may_try_again(outcome, write=write, attempt=1)


@pytest.mark.parametrize(("attempt", "again"), [(1, True), (2, True), (3, False), (4, False)])
def test_three_tries_are_the_most(attempt: int, again: bool) -> None:
    assert MAX_TRIES == 3
    assert may_try_again(NotSent(R.REFUSED), write=True, attempt=attempt) is again
    assert may_try_again(Unknown(U.RESET, None, 0, 0), write=False, attempt=attempt) is again


@pytest.mark.parametrize(
    ("attempt", "fraction", "seconds"),
    [(2, 0.0, 0.0), (2, 1.0, 0.5), (3, 0.0, 0.0), (3, 0.5, 0.5), (3, 1.0, 1.0), (9, 1.0, BACKOFF_CAP)],
)
def test_pauses_are_a_random_part_of_a_growing_whole(attempt: int, fraction: float, seconds: float) -> None:
    assert pause_before(attempt, fraction) == seconds


def test_no_reason_is_ambiguous_as_text() -> None:
    """A gate is told reasons of both kinds as text, and gives back what was never sent."""
    assert {reason.value for reason in R}.isdisjoint(reason.value for reason in U)


@pytest.mark.parametrize(
    ("method", "write"), [("GET", False), ("POST", True), ("PUT", True), ("DELETE", True)]
)
def test_a_gate_sees_whether_it_is_a_write(method: str, write: bool) -> None:
    assert RequestInfo("clients.get", method, "/clients/1", 1).write is write
