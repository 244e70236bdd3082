"""What was typed into the search box, understood, and where in the directory to look for it.

Each way to understand it becomes a section: a range of one index. The first section holds what is most likely meant;
a client is in the first section that it matches and in no other. Nothing is ever looked for in the middle of a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from clients_ui import normal, states
from clients_ui.keyset import Holds, Range, Section, Words
from kayse_admin.converters import MAX_ID, parse_id

#: Digits that the tail of a phone number must have to be looked for.
TAIL = 4
#: Words of a name that are told apart where one name ends and the other begins; the rest belongs to the last of them.
MOST_WORDS = 4
#: Words of a name that are looked for one by one.
MOST_PARTS = 10

_NUMBERS = re.compile(r"[0-9 ().+/#-]+")
#: "ID 36", as each row of the list shows it.
_SHOWN_ID = re.compile(r"(?i)id[ :#]*([0-9]+)")
_ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?")

BY_LAST = ("last_key", "first_key", "id")
BY_FIRST = ("first_key", "last_key", "id")
BY_STATE = ("state_key", "last_key", "first_key", "id")
BY_CITY = ("city_key", "state_key", "last_key", "first_key", "id")


def sections(typed: str) -> list[Section]:
    """Where to look for what was typed, most likely meaning first; empty for nothing searchable."""
    text = normal.tidy(typed)
    text = _SHOWN_ID.sub(r"#\1", text) if _SHOWN_ID.fullmatch(text) else text
    if "@" in text:
        found = _email(text)
    elif "," in text:
        found = _comma(text)
    elif _NUMBERS.fullmatch(text):
        found = _numbers(text)
    else:
        found = _words(text)
    return list(_distinct(found))


def _distinct(found: Iterator[Section]) -> Iterator[Section]:
    """Each section without what the sections before it hold already, where they can have a client in common."""
    before: list[tuple[Holds, ...]] = []
    for section in found:
        if section.own not in before:
            yield replace(section, unless=tuple(own for own in before if not _apart(own, section.own)))
            before.append(section.own)


def _apart(one: Iterable[Holds], other: Iterable[Holds]) -> bool:
    """Whether nobody is in both: of one column they want different ranges."""
    ranges = [(a, b) for a in one for b in other if isinstance(a, Range) and isinstance(b, Range)]
    return any(a.column == b.column and not _meet(a, b) for a, b in ranges)


def _meet(one: Range, other: Range) -> bool:
    return (one.high is None or other.low < one.high) and (other.high is None or one.low < other.high)


def _starts(title: str, order: tuple[str, ...], prefix: str, *only: Holds) -> Section:
    """The clients whose first column of `order` starts with this."""
    return Section(title, order, _prefix(order[0], prefix), only)


def _prefix(column: str, prefix: str) -> Range:
    return Range(column, prefix, prefix + normal.LAST)


def _email(text: str) -> Iterator[Section]:
    """ "ana@exa" from its beginning, "@example.com" by what stands behind the @."""
    wanted = normal.email_key(text)
    if not wanted.startswith("@"):
        yield _starts("E-mail", ("email_key", "id"), wanted)
    elif len(wanted) > 1:
        yield _starts("E-mail domain", ("domain_key", "id"), wanted[1:])


def _comma(text: str) -> Iterator[Section]:
    """ "Austin, TX" is a place; "Garcia, Maria" is a last and a first name."""
    left, _, right = text.partition(",")
    one, other = normal.key(left), normal.key(right)
    if one and normal.key(right) in states.CODES:
        yield _place(one, right)
    if one and other:
        yield _pair(first=other, last=one)
        yield from _parts(normal.words(text.replace(",", " ")))
    elif one or other:
        yield from _words(text.replace(",", " "))


def _numbers(text: str) -> Iterator[Section]:
    """An id, an external id, a ZIP code, or the end of a phone number."""
    plain = text.replace(" ", "")
    number = parse_id(plain.removeprefix("#"))
    if number is not None:
        yield Section("Kayse id", ("id",), Range("id", number, number + 1 if number < MAX_ID else None))
    told = normal.digits(plain)
    if plain.startswith("#") or not told:
        return
    if _ZIP.fullmatch(plain):
        yield _starts("ZIP code", ("postal_key", "id"), told)
    if len(told) >= TAIL:
        yield _starts("Phone", ("phone_key", "id"), told[::-1][: normal.KEY_LENGTH])
    yield _starts("External id", ("external_key", "id"), told[: normal.KEY_LENGTH])


def _words(text: str) -> Iterator[Section]:
    """Names in any order, the beginning of each word; then external ids, e-mail addresses and places."""
    every = normal.words(text)
    if not every:
        return
    words = list(every)
    if len(words) > MOST_WORDS:
        words[MOST_WORDS - 1 :] = ["".join(words[MOST_WORDS - 1 :])]
    whole = "".join(words)[: normal.KEY_LENGTH]
    yield _starts("Last name", BY_LAST, whole)
    yield _starts("First name", BY_FIRST, whole)
    for cut in range(1, len(words)):
        one, other = ("".join(part)[: normal.KEY_LENGTH] for part in (words[:cut], words[cut:]))
        yield _pair(first=one, last=other)
        yield _pair(first=other, last=one)
    yield from _parts(every)
    if text.upper() in states.NAMES:
        yield _starts("State", BY_STATE, normal.state_key(text))
    yield from _codes(text, whole)
    if len(words) > 1 and words[-1] in states.CODES:
        yield _place("".join(words[:-1]), words[-1])
    yield _starts("City", BY_CITY, whole)


def _parts(words: tuple[str, ...]) -> Iterator[Section]:
    """Names of more than two words, by the beginnings of any of them in any order ("lop mar" is María García López).

    The longest word leads, because fewest names have it, and of three or more that are as long the last, because names
    begin with what many share; the others are looked for among all words of the name, which stand in the same index.
    Until here there are only sections of names, which those indexes tell, too.
    """
    if len(words) > MOST_PARTS:
        return
    ordered = words if len(words) < 3 else words[::-1]
    lead = max(ordered, key=lambda word: (word not in normal.SMALL_WORDS, len(word)))
    others = tuple(item for item in Counter(words).items() if item != (lead, 1))
    only = (Words("words_key", others),) if others else ()
    for column in ("last_key", "first_key", *normal.PARTS[1:]) if others else normal.PARTS[1:]:
        length = normal.WORD_LENGTH if column in normal.PARTS else normal.KEY_LENGTH
        yield _starts("Part of a name", (column, "words_key", "id"), lead[:length], *only)


def _codes(text: str, whole: str) -> Iterator[Section]:
    """What one word can be besides a name: an external id, an e-mail address, a foreign postal code."""
    if len(text.split()) == 1:
        yield _starts("External id", ("external_key", "id"), whole)
        if re.search(r"[0-9._+-]", text):
            yield _starts("E-mail", ("email_key", "id"), normal.email_key(text))
        if "." in text:
            yield _starts("E-mail domain", ("domain_key", "id"), normal.email_key(text))
    if re.search(r"[0-9]", text):
        yield _starts("Postal code", ("postal_key", "id"), whole)


def _place(city: str, state: str) -> Section:
    """A city and its state. A range for the state, too: SQLite sorts anew where a column of the order is constant."""
    return _starts(
        "City and state", BY_CITY, city[: normal.KEY_LENGTH], _prefix("state_key", normal.state_key(state))
    )


def _pair(first: str, last: str) -> Section:
    """First and last name both begin so; the longer beginning leads, because fewer clients have it."""
    if len(first) > len(last):
        return _starts("Name", BY_FIRST, first, _prefix("last_key", last))
    return _starts("Name", BY_LAST, last, _prefix("first_key", first))
