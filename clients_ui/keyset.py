"""Paging by key over sections: the next page is a seek, however deep it is.

A section is a range of one index in that index's own order. A listing is several sections, one after the other: the
last names that match, then the first names. A cursor names a section, the key of a row in it and its position.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan, LessThan

from clients_ui.models import Client
from kayse_admin.converters import MAX_ID

#: Counting stops here: "more than 1,000".
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Section:
    """A range of the index `order`, which ends in "id"; `low <= order[0] < high` where they are given.

    `only` narrows it further, by columns of the same index where it can.
    """

    title: str
    order: tuple[str, ...]
    low: str | None = None
    high: str | None = None
    only: Q = field(default_factory=Q)
    descending: bool = False

    @property
    def condition(self) -> Q:
        """The whole range as a condition."""
        found = self.only
        if self.low is not None:
            found &= Q(**{f"{self.order[0]}__gte": self.low})
        if self.high is not None:
            found &= Q(**{f"{self.order[0]}__lt": self.high})
        return found


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: in which section, the key of the row beside it, how many rows come before it."""

    section: int
    key: tuple[Any, ...]
    position: int

    def encode(self) -> str:
        """As it stands in an address."""
        parts = [part.isoformat() if isinstance(part, datetime) else part for part in self.key]
        told = json.dumps([self.section, self.position, *parts], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page in order, where the pages beside it begin, and the number of rows before it if known."""

    rows: list[tuple[Any, ...]]
    before: int
    previous: Cursor | None
    next: Cursor | None


def decode(text: str, sections: Sequence[Section]) -> Cursor | None:
    """The cursor in an address; None for anything that is none, so that a mangled link shows the first page."""
    if len(text) > 2_000:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        number, position, *key = found
        if not (_is_count(number) and _is_count(position)):
            return None
        order = sections[number].order
        if len(key) != len(order):
            return None
        return Cursor(number, tuple(map(_part, order, key)), position)
    except (ValueError, TypeError, IndexError, RecursionError, binascii.Error):
        return None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_ID


def _part(column: str, value: object) -> Any:
    if column == "id":
        if not _is_count(value):
            raise ValueError
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()
    if column.endswith("_at"):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 1970 <= moment.year <= 9000:
            raise ValueError
        return moment
    return value


def count(rows: QuerySet[Client], sections: Sequence[Section]) -> tuple[int, bool]:
    """How many rows the sections hold together, and whether counting stopped at `MOST_COUNTED`."""
    total = 0
    for section in sections:
        left = MOST_COUNTED + 1 - total
        total += rows.filter(section.condition).order_by(*_ordering(section, False))[:left].count()
        if total > MOST_COUNTED:
            return MOST_COUNTED, True
    return total, False


def page(
    rows: QuerySet[Client],
    sections: Sequence[Section],
    size: int,
    columns: Sequence[str],
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    from_end: int | None = None,
) -> Page:
    """One page of `columns` from the beginning, after or before a cursor, or the last page of `from_end` rows."""
    if before or from_end is not None:
        return _backwards(rows, sections, size, columns, before, from_end or 0)
    found = _walk(rows, sections, size + 1, columns, after, backwards=False)
    more, found = len(found) > size, found[:size]
    start = after.position if after else 0
    return Page(
        rows=[row for _, _, row in found],
        before=start,
        previous=Cursor(found[0][0], found[0][1], start) if found and after else None,
        next=Cursor(found[-1][0], found[-1][1], start + len(found)) if more else None,
    )


def _backwards(
    rows: QuerySet[Client],
    sections: Sequence[Section],
    size: int,
    columns: Sequence[str],
    before: Cursor | None,
    total: int,
) -> Page:
    found = _walk(rows, sections, size + 1, columns, before, backwards=True)
    more, found = len(found) > size, found[:size][::-1]
    end = before.position if before else total
    start = max(end - len(found), 0) if more else 0
    return Page(
        rows=[row for _, _, row in found],
        before=start,
        previous=Cursor(found[0][0], found[0][1], start) if more else None,
        next=Cursor(found[-1][0], found[-1][1], start + len(found)) if found and before else None,
    )


Found = tuple[int, tuple[Any, ...], tuple[Any, ...]]


def _walk(
    rows: QuerySet[Client],
    sections: Sequence[Section],
    wanted: int,
    columns: Sequence[str],
    start: Cursor | None,
    *,
    backwards: bool,
) -> list[Found]:
    """Up to `wanted` rows in the direction of walking, each with its section and key: a query for each section."""
    found: list[Found] = []
    numbers = range(len(sections))
    for number in reversed(numbers) if backwards else numbers:
        section = sections[number]
        if start and (number > start.section if backwards else number < start.section):
            continue
        condition = section.condition
        narrowed = rows.filter(condition)
        if start and number == start.section:
            narrowed = _beyond(rows, section, start.key, backwards)
        ordered = narrowed.order_by(*_ordering(section, backwards))
        width = len(section.order)
        wide = ordered.values_list(*section.order, *columns)[: wanted - len(found)]
        found.extend((number, row[:width], row[width:]) for row in wide)
        if len(found) >= wanted:
            break
    return found


def _beyond(
    rows: QuerySet[Client], section: Section, key: Sequence[Any], backwards: bool
) -> QuerySet[Client]:
    """The rows on the far side of the key. One bound on each side: a second one could be taken for the seek."""
    greater = backwards == section.descending
    found = rows.filter(section.only)
    column = section.order[0]
    if greater and section.high is not None:
        found = found.filter(**{f"{column}__lt": section.high})
    if not greater and section.low is not None:
        found = found.filter(**{f"{column}__gte": section.low})
    compare = GreaterThan if greater else LessThan
    return found.filter(compare(_tuple(F(name) for name in section.order), _tuple(map(Value, key))))


def _tuple(parts: Any) -> Func:
    """`(a, b, id)`: both databases compare such rows column by column and can seek by it."""
    return Func(*parts, function="", output_field=BooleanField())


def _ordering(section: Section, backwards: bool) -> list[str]:
    sign = "-" if section.descending != backwards else ""
    return [f"{sign}{name}" for name in section.order]
