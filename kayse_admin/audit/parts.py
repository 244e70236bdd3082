"""What one request of a job did to each of the many clients or lists in it, a page at a time.

The record itself holds what was sent for each and what was known of it before. The names, and what became of each row,
the jobs know; they register here and are never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kayse_admin.audit.diff import Change, diff, shown_safely
from kayse_admin.audit.fields import KINDS, labels_of
from kayse_admin.audit.models import Event
from kayse_admin.audit.naming import Names
from kayse_admin.audit.records import Json

A_PAGE = 25
#: The key under which a request names many, and what they are.
_MANY = {"clients": "client", "client_ids": "client", "lists": "case_list", "ids": "case_list"}


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger of the job says about one of them: a name, its page, and what became of it."""

    name: str = ""
    url: str = ""
    badge: str = ""
    outcome: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the many: its place from 1, its id (None: it was to be made), its changes, and what the ledger says."""

    number: int
    kind: str
    id: int | None
    changes: list[Change]
    row: Row

    @property
    def name(self) -> str:
        """Its name, or its number where no name is known."""
        return self.row.name or (f"{self.id}" if self.id else "without a name")


#: Says of these items, as they were sent with this event, what the ledger knows, in their order.
Finder = Callable[[Event, Sequence[Json]], Sequence[Row]]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Name who knows the rows of jobs."""
    _finders.append(finder)


def items(opening: Event) -> tuple[str, list[Json]]:
    """What kind of things a request of a job was about, and each of them as it was sent; empty for anything else."""
    payload = opening.payload
    if opening.job is None or opening.stage != "intent" or not isinstance(payload, Mapping):
        return "", []
    for key, kind in _MANY.items():
        if isinstance(payload.get(key), list):
            return kind, payload[key]
    return "", []


def page(opening: Event, first: int, shown: Callable[[Any], Any], *, hides: bool, names: Names) -> list[Part]:
    """The parts from the place `first` on, at most `A_PAGE`; `shown` and `hides` leave out what may not be seen."""
    kind, sent = items(opening)
    asked = sent[first - 1 : first - 1 + A_PAGE]
    known: Sequence[Row] = [Row()] * len(asked)
    for finder in _finders:
        known = finder(opening, asked)
    return [
        Part(
            number,
            kind,
            ident(item),
            names.told(kind, changes(opening, kind, item, hides=hides)),
            _named(row, item, shown),
        )
        for number, (item, row) in enumerate(zip(asked, known, strict=True), start=first)
    ]


def each(opening: Event, *, hides: bool, names: Names) -> Iterator[tuple[str, list[Change]]]:
    """Each part as "client 7" with its changes: for files, from the record alone."""
    kind, sent = items(opening)
    for item in sent:
        pk = ident(item)
        told = names.told(kind, changes(opening, kind, item, hides=hides))
        yield f"{KINDS[kind]} {pk or '(new)'}", told


def ident(item: Json) -> int | None:
    """The id of what an item is about."""
    found = item.get("id") if isinstance(item, Mapping) else item
    return found if isinstance(found, int) else None


def changes(opening: Event, kind: str, item: Json, *, hides: bool) -> list[Change]:
    """What was to change of one of them: what was known before, and what was sent."""
    pk, before = ident(item), opening.before if isinstance(opening.before, Mapping) else {}
    known = before.get(str(pk)) or {}
    if isinstance(item, Mapping):
        after: Json = {name: value for name, value in item.items() if name != "id"}
        was: Json = {name: known[name] for name in after if name in known} if pk else None
    else:
        was, after = known, None
    found = diff(was, after, labels_of(kind)) if known or after else []
    return shown_safely(found, hides=hides)


def _named(row: Row, item: Json, shown: Callable[[Any], Any]) -> Row:
    name = row.name
    if not name and isinstance(item, Mapping):
        name = " ".join(str(item[key]) for key in ("first_name", "last_name", "name") if item.get(key))
    return Row(shown(name), row.url, row.badge, row.outcome, shown(row.reason))
