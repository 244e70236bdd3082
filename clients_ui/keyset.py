"""Paging by key over sections: the next page is a seek, however deep it is.

A section is a range of one index in that index's own order. A listing is several sections, one after the other: the
last names that match, then the first names. A cursor names a section, the key of a row in it and its position.

The statements are written here word by word, because they are the point: each is answered from one index alone, and
the rows themselves are fetched by id afterwards.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from clients_ui.models import Client
from kayse_admin.converters import MAX_ID

#: Counting stops here: "more than 1,000".
MOST_COUNTED = 1_000

TABLE = Client._meta.db_table


@dataclass(frozen=True, slots=True)
class Range:
    """`low <= column < high`; an open side is None."""

    column: str
    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Words:
    """Of the words in `column`, each behind a space, so many begin so; the beginnings are of letters and digits."""

    column: str
    beginnings: tuple[tuple[str, int], ...]


#: What holds for a row.
Holds = Range | Words


@dataclass(frozen=True, slots=True)
class Section:
    """A range of the index `order`, which ends in "id", by its first column; without one the whole index.

    `only` narrows it further, by columns of the same index where it can; `unless` leaves out the rows for which one of
    its members holds as a whole.
    """

    title: str
    order: tuple[str, ...]
    lead: Range | None = None
    only: tuple[Holds, ...] = ()
    unless: tuple[tuple[Holds, ...], ...] = ()
    descending: bool = False

    @property
    def own(self) -> tuple[Holds, ...]:
        """What makes a row belong here, apart from what other sections hold."""
        return (self.lead, *self.only) if self.lead else self.only


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
    """Ids of one page in order, the number of rows before it, and where the pages beside it begin."""

    ids: list[int]
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
        return Cursor(number, tuple(_part(*pair) for pair in zip(order, key, strict=True)), position)
    except (ValueError, TypeError, IndexError, RecursionError, binascii.Error):
        return None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_ID


def _part(column: str, value: object) -> Any:
    if column in ("id", "changed_by"):
        if not _is_count(value):
            raise ValueError
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()
    if not is_moment(column):
        return value
    moment = datetime.fromisoformat(value)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not 1970 <= moment.year <= 9000:
        raise ValueError
    return moment


def is_moment(column: str) -> bool:
    """Whether a column holds points in time."""
    return column in ("told_at", "changed_at", "known_since")


class Statement:
    """Conditions joined by AND, with their parameters as the database takes them."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self._values: list[Any] = []

    def holds(self, wanted: Holds) -> None:
        """Add both sides of a range, or the words."""
        if isinstance(wanted, Words):
            # Said apart, because SQLite does not take it from LIKE where it looks for a partial index.
            self.add(f'"{wanted.column}" IS NOT NULL')
            for beginning, times in wanted.beginnings:
                self.compare(wanted.column, "LIKE", f"% {beginning}" * times + "%")
            return
        if wanted.low is not None:
            self.compare(wanted.column, ">=", wanted.low)
        if wanted.high is not None:
            self.compare(wanted.column, "<", wanted.high)

    def compare(self, column: str, sign: str, value: Any) -> None:
        """Add one comparison."""
        self._conditions.append(f'"{column}" {sign} %s')
        self._values.append(adapted(value))

    def unless(self, together: Iterable[Holds]) -> None:
        """Leave out the rows for which all of these hold; a column that is NULL leaves none out."""
        inner = Statement()
        for one in together:
            inner.holds(one)
        self.add(f"({inner.sql}) IS NOT TRUE", inner.values)

    def add(self, condition: str, values: Iterable[Any] = ()) -> None:
        """Add a condition as it stands."""
        self._conditions.append(condition)
        self._values.extend(adapted(value) for value in values)

    @property
    def sql(self) -> str:
        """What stands behind WHERE."""
        return " AND ".join(self._conditions) or "1 = 1"

    @property
    def values(self) -> list[Any]:
        """The parameters in their order."""
        return self._values


def adapted(value: Any) -> Any:
    """A parameter as the database compares it: SQLite keeps points in time as text."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


#: A condition on every row of every section, as SQL with its parameters: the filters of a list.
Condition = tuple[str, tuple[Any, ...]]


def _where(section: Section, also: Sequence[Condition], lead: bool = True) -> Statement:
    found = Statement()
    if lead and section.lead:
        found.holds(section.lead)
    for one in section.only:
        found.holds(one)
    for together in section.unless:
        found.unless(together)
    for sql, values in also:
        found.add(sql, values)
    return found


def _order(section: Section, backwards: bool = False) -> str:
    direction = "DESC" if section.descending != backwards else "ASC"
    return "ORDER BY " + ", ".join(f'"{name}" {direction}' for name in section.order)


def count(
    sections: Sequence[Section], also: Sequence[Condition] = (), most: int = MOST_COUNTED + 1
) -> list[int]:
    """How many rows each section holds, counted up to `most`: one query.

    A section that reaches `most` with rows that sections before it hold, too, counts as `most`. Those are left out
    behind the walk, where they cost PostgreSQL no planning; the order keeps SQLite at the section's own index.
    """
    if not sections:
        return []
    parts, values = [], []
    for section in sections:
        where, own = _where(replace(section, unless=()), also), Statement()
        for together in section.unless:
            own.unless(together)
        parts.append(
            f"(SELECT CASE COUNT(*) WHEN {most:d} THEN {most:d} ELSE COUNT(*) FILTER (WHERE own) END FROM "  # noqa: S608
            f'(SELECT {own.sql} AS own FROM "{TABLE}" WHERE {where.sql} {_order(section)} LIMIT {most:d}) AS walked)'
        )
        values += [*own.values, *where.values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return list(cursor.fetchone())


def whole_count(sections: Sequence[Section], also: Sequence[Condition] = ()) -> int:
    """How many rows the sections hold, counted to the end: for what is done once, not for a page."""
    return sum(count(sections, also, MAX_ID))


def ids(sections: Sequence[Section], also: Sequence[Condition], most: int) -> list[int]:
    """The ids of all rows in their order, up to `most`: one statement, so that they are of one moment."""
    if not sections:
        return []
    parts, values = [], []
    for number, section in enumerate(sections):
        where = _where(section, also)
        parts.append(
            f'SELECT "id", {number:d} AS part, ROW_NUMBER() OVER ({_order(section)}) AS place '  # noqa: S608
            f'FROM "{TABLE}" WHERE {where.sql}'
        )
        values += where.values
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "id" FROM ({" UNION ALL ".join(parts)}) AS found ORDER BY part, place LIMIT {most:d}',  # noqa: S608
            values,
        )
        return [row[0] for row in cursor.fetchall()]


def total(counts: Sequence[int]) -> tuple[int, bool]:
    """How many rows these counts are together, and whether counting stopped at `MOST_COUNTED`."""
    together = sum(counts)
    return min(together, MOST_COUNTED), together > MOST_COUNTED


def page(
    sections: Sequence[Section],
    size: int,
    *,
    also: Sequence[Condition] = (),
    counts: Sequence[int] | None = None,
    after: Cursor | None = None,
    before: Cursor | None = None,
    from_end: int | None = None,
) -> Page:
    """One page from the beginning, after or before a cursor, or the last page of `from_end` rows.

    A query for each section that the page touches; `counts` spares those for sections that are known to be empty.
    """
    backwards = before is not None or from_end is not None
    found = _walk(sections, size + 1, also, counts, before if backwards else after, backwards=backwards)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
        end = before.position if before else from_end or 0
        start = max(end - len(found), 0) if more else 0
    else:
        start = after.position if after else 0
    has_previous = more if backwards else after is not None
    has_next = before is not None if backwards else more
    return Page(
        ids=[key[-1] for _, key in found],
        before=start,
        previous=Cursor(*found[0], start) if found and has_previous else None,
        next=Cursor(*found[-1], start + len(found)) if found and has_next else None,
    )


Found = tuple[int, tuple[Any, ...]]


def _walk(
    sections: Sequence[Section],
    wanted: int,
    also: Sequence[Condition],
    counts: Sequence[int] | None,
    start: Cursor | None,
    *,
    backwards: bool,
) -> list[Found]:
    """Section and key of up to `wanted` rows in the direction of walking."""
    found: list[Found] = []
    empty = {one.own for one, held in zip(sections, counts or (), strict=False) if not held}
    numbers = range(len(sections))
    for number in reversed(numbers) if backwards else numbers:
        if counts is not None and not counts[number]:
            continue
        if start and (number > start.section if backwards else number < start.section):
            continue
        key = start.key if start and number == start.section else None
        # What is in no section need not be left out of this one.
        unless = tuple(one for one in sections[number].unless if one not in empty)
        section = replace(sections[number], unless=unless)
        rows = _keys(section, wanted - len(found), also, key, backwards=backwards)
        found.extend((number, row) for row in rows)
        if len(found) >= wanted:
            break
    return found


def _keys(
    section: Section, wanted: int, also: Sequence[Condition], key: Sequence[Any] | None, *, backwards: bool
) -> list[tuple[Any, ...]]:
    """The keys of the next rows of a section, from its beginning or beyond a key."""
    columns = ", ".join(f'"{name}"' for name in section.order)
    where = _where(section, also, lead=key is None)
    greater = backwards == section.descending
    if key is not None:
        # One bound on each side: with two on one side, the database may seek by the wrong one.
        if section.lead:
            lead = section.lead
            where.holds(Range(lead.column, high=lead.high) if greater else Range(lead.column, low=lead.low))
        marks = ", ".join(["%s"] * len(key))
        where.add(f"({columns}) {'>' if greater else '<'} ({marks})", key)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {columns} FROM "{TABLE}" WHERE {where.sql} {_order(section, backwards)} LIMIT {wanted:d}',  # noqa: S608
            where.values,
        )
        return list(cursor.fetchall())
