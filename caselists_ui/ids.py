"""Ids as people paste them: out of an e-mail, a spreadsheet column, another program's report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kayse_admin.converters import parse_id

#: Most case ids in one request. The vendor names no number; its own screens work with fewer.
MOST_IDS = 10_000
#: How many of the words that were no ids are kept to be shown, and how much of each.
SHOWN_WORDS, SHOWN_LENGTH = 20, 40

_SEPARATORS = re.compile(r"[\s,;|]+")
_WORD = re.compile(r"(?:case[-_#:]?|[a-z]{1,10}[-_#:]|#)?([0-9]+)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was found in a pasted text: ids in their order, how many came twice, and the words that are no ids."""

    ids: tuple[int, ...] = ()
    duplicates: int = 0
    not_understood: tuple[str, ...] = ()
    not_understood_count: int = 0


def parse_pasted(text: str) -> Pasted:
    """Read ids that are separated by spaces, commas, semicolons, tabs or new lines; "CASE-101" is 101.

    An id is 1..2**63-1 in plain digits without padding. Whatever else stands there is told, never dropped silently.
    """
    found: dict[int, None] = {}
    strange: list[str] = []
    duplicates = count = 0
    for word in _SEPARATORS.split(text):
        if not word:
            continue
        number = _number(word)
        if number is None:
            count += 1
            if len(strange) < SHOWN_WORDS:
                strange.append(_short(word))
        elif number in found:
            duplicates += 1
        else:
            found[number] = None
    return Pasted(tuple(found), duplicates, tuple(strange), count)


def write_ids(ids: Iterable[int]) -> str:
    """Ids as a text that `parse_pasted` reads back."""
    return ", ".join(str(number) for number in ids)


def _number(word: str) -> int | None:
    match = _WORD.fullmatch(word)
    return parse_id(match[1]) if match else None


def _short(word: str) -> str:
    return word if len(word) <= SHOWN_LENGTH else f"{word[: SHOWN_LENGTH - 1]}…"
