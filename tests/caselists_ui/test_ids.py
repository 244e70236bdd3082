"""Pasted ids: any form in which people have them, and nothing that is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caselists_ui.ids import parse_pasted, write_ids

IDS = st.lists(st.integers(1, 2**63 - 1), unique=True)
SEPARATORS = st.sampled_from([" ", ",", ", ", "\n", "\r\n", "\t", ";", " | ", "\u00a0"])
PREFIXES = st.sampled_from(["", "CASE-", "case-", "CASE", "#", "CS-", "Matter:"])


@given(IDS, st.data())
def test_ids_are_found_in_any_form(ids: list[int], data: st.DataObject) -> None:
    text = "".join(f"{data.draw(PREFIXES)}{number}{data.draw(SEPARATORS)}" for number in ids)
    found = parse_pasted(text)
    assert found.ids == tuple(ids)
    assert (found.duplicates, found.not_understood_count) == (0, 0)


@given(IDS)
def test_written_ids_are_read_back(ids: list[int]) -> None:
    assert parse_pasted(write_ids(ids)).ids == tuple(ids)


@given(st.lists(st.integers(1, 50), min_size=1))
def test_duplicates_are_dropped_and_counted(ids: list[int]) -> None:
    found = parse_pasted(write_ids(ids))
    assert found.ids == tuple(dict.fromkeys(ids))
    assert found.duplicates == len(ids) - len(set(ids))


@given(st.text())
def test_no_word_is_lost(text: str) -> None:
    found = parse_pasted(text)
    words = [word for word in re.split(r"[\s,;|]+", text) if word]
    assert len(found.ids) + found.duplicates + found.not_understood_count == len(words)


@pytest.mark.parametrize(
    "word",
    [
        "0",
        "-1",
        "+5",
        "007",
        "1e3",
        "1.0",
        "٣",
        "１２",
        "9223372036854775808",
        "1_000",
        "CASE",
        "CASE-",
        "A1B",
        "1\x00",
        "²",
    ],
)
def test_what_is_no_id_is_told(word: str) -> None:
    found = parse_pasted(f"101 {word}")
    assert found.ids == (101,)
    assert found.not_understood == (word,)


def test_a_word_without_end_is_shown_short() -> None:
    found = parse_pasted("x" * 100_000)
    assert len(found.not_understood[0]) == 40


def test_many_strange_words_are_counted_and_some_are_shown() -> None:
    found = parse_pasted(" ".join(f"x{n}" for n in range(500)))
    assert found.not_understood_count == 500
    assert len(found.not_understood) == 20
