"""Results speak to people: whole sentences, no jargon, and the truth about what may have happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kayse_admin.kayse_api import (
    Applied,
    NotSent,
    NotSentReason,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
    UnknownReason,
)
from kayse_admin.kayse_api import errors as e

EVERY: list[Outcome[Any]] = [
    Applied(1, 200, 1, 5, {}),
    *(Rejected(status, "x", "y", 1, 5) for status in (400, 401, 403, 404, 405, 409, 413, 418, 422)),
    *(NotSent(reason) for reason in NotSentReason),
    RateLimited(datetime(2026, 1, 1, tzinfo=UTC), sent=True),
    *(Unknown(reason, None, 1, 5, write=write) for reason in UnknownReason for write in (True, False)),
]
JARGON = (
    "http",
    "json",
    "api",
    "timeout",
    "status",
    "socket",
    "dns",
    "tls",
    "retry",
    "429",
    "500",
    "null",
    "_",
)


@pytest.mark.parametrize("outcome", EVERY, ids=repr)
def test_sentences_are_for_people(outcome: Outcome[Any]) -> None:
    sentence = outcome.sentence
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert not any(word in sentence.lower() for word in JARGON)


@pytest.mark.parametrize("reason", UnknownReason)
def test_only_a_write_leaves_a_doubt(reason: UnknownReason) -> None:
    assert "not known" in Unknown(reason, None, 1, 5).sentence
    assert "not known" not in Unknown(reason, None, 1, 5, write=False).sentence


@pytest.mark.parametrize("reason", NotSentReason)
def test_what_was_not_sent_changed_nothing(reason: NotSentReason) -> None:
    assert "nothing has changed" in NotSent(reason).sentence


def test_the_five_names() -> None:
    assert [kind.result for kind in (Applied, Rejected, NotSent, RateLimited, Unknown)] == [
        "applied",
        "rejected",
        "not_sent",
        "rate_limited",
        "unknown",
    ]


def test_the_two_refusals_that_callers_ask_for() -> None:
    assert Rejected(404, "", "", 1, 1).is_not_found
    assert Rejected(401, "", "", 1, 1).is_key_refused
    assert not Rejected(400, "", "", 1, 1).is_not_found
    assert not Rejected(400, "", "", 1, 1).is_key_refused


@pytest.mark.parametrize(
    "error",
    [
        e.KayseError(),
        e.ConfigError(),
        e.ArgumentError(),
        e.InvalidId(),
        e.InvalidPage(),
        e.EmptyArgument(),
        e.TooMany(),
        e.MissingFilter(),
        e.NotSendable(),
        e.WireError(),
        *(e.NeverSent(reason) for reason in NotSentReason),
        *(e.NoUsableAnswer(reason) for reason in UnknownReason),
    ],
    ids=repr,
)
def test_errors_have_sentences_too(error: e.KayseError) -> None:
    assert error.sentence.endswith(".")
    assert not any(word in error.sentence.lower() for word in JARGON)


def test_the_tree_is_as_it_is_drawn() -> None:
    drawn = {line.split("──")[1].split()[0] for line in (e.__doc__ or "").splitlines() if "──" in line}
    kinds = {
        name for name, kind in vars(e).items() if isinstance(kind, type) and issubclass(kind, e.KayseError)
    }
    assert kinds - {"KayseError"} == drawn
