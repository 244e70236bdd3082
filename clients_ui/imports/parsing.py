"""From the cells of a row to the values of a client: what they say, and what is wrong with them as they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from clients_ui import editing, normal
from clients_ui.fields import BY_NAME, Kind, is_empty
from clients_ui.forms import LONGEST, PLAIN_READERS, READERS
from clients_ui.imports import matches
from clients_ui.imports.mapping import ID, Options
from clients_ui.imports.models import ERROR, TWIN
from clients_ui.imports.reading import Record
from kayse_admin.cells import original
from kayse_admin.converters import parse_id
from kayse_admin.jobs.models import Row

CLEAR = "CLEAR"
UNREADABLE_MARK = "\ufffd"
UNREADABLE = f"a character in it cannot be read; it is shown as “{UNREADABLE_MARK}”."
#: Clients that are named where a row may be any of them.
MOST_TWINS = 5
_FLAGS = {
    **dict.fromkeys(("true", "t", "1", "yes", "y"), True),
    **dict.fromkeys(("false", "f", "0", "no", "n"), False),
}


@dataclass(slots=True)
class Parsed:
    """A row under way: its values by field."""

    row: Row
    values: dict[str, Any]
    #: External source and id as they are compared, of a new client or as they are changed; None for neither.
    key: tuple[str, str] | None = None
    #: The Kayse id in the row.
    pk: int | None = None

    def refuse(self, why: str, places: Sequence[int] = ()) -> Parsed:
        """The row cannot be sent; `places` are the columns that are wrong."""
        self.row.flag, self.row.outcome, self.row.reason = ERROR, Row.Outcome.FAILED, why[:500]
        self.row.body, self.row.before = {}, None
        if places:
            self.row.source["places"] = list(places)
        return self

    def ask(self, alike: Sequence[tuple[int, str]], same: str) -> None:
        """A person decides whether it is one of these clients (id and name), who have the `same` of something."""
        row = self.row
        row.flag, row.outcome = TWIN, Row.Outcome.FAILED
        if not alike:
            return
        row.source = {**(row.source or {}), "twins": [pk for pk, _ in alike[:MOST_TWINS]], "same": same}
        names = [f"{name} (ID {pk})" for pk, name in alike[:MOST_TWINS]]
        if (more := len(alike) - MOST_TWINS) > 0:
            names.append(f"{more:,} other{'' if more == 1 else 's'}")
        has = "has" if len(alike) == 1 else "have"
        row.reason = f"May be {' or '.join(names)}, who {has} the same {same}."[:500]


@dataclass(slots=True)
class Parser:
    """Reads the rows of one file by the choices that belong to it."""

    options: Options
    header: Sequence[str]
    #: Place and field of the columns that are used, and what reads their cells.
    used: list[tuple[int, str, Callable[[str], Any]]] = field(init=False)
    #: The same for rows of which no cell breaks a general rule.
    _plain: list[tuple[int, str, Callable[[str], Any] | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.used = [(place, name, _READERS[name]) for place, name in enumerate(self.options.columns) if name]
        self._plain = [(place, name, _PLAIN_READERS[name]) for place, name, _ in self.used]

    def parse(self, record: Record) -> Parsed:
        """One row: its values, or what is wrong with it."""
        cells = record.cells
        values: dict[str, Any] = {}
        one = Parsed(Row.light(line=record.line, source={"cells": cells}), values)
        if record.problem:
            return one.refuse(record.problem)
        wrong: dict[str, str] = {}
        places: list[int] = []
        if not self._read_plain(cells, values):
            self._read(cells, values, wrong, places)
        if self.options.source:
            values.setdefault("external_source", self.options.source)
        one.key = normal.identity(values)
        if values.get("first_name") or values.get("last_name"):
            one.row.label = matches.name_of(values)[:200]
        if wrong:
            # Whoever has no id of any kind can only be new: what a new client lacks is told at once, too.
            is_new = not (one.key or values.get(ID) or wrong.keys() & {ID, "external_source_id"})
            return one.refuse(" ".join([*wrong.values(), *lacks(values, wrong, is_new)]), places)
        return one

    def _read_plain(self, cells: Sequence[str], values: dict[str, Any]) -> bool:
        """Read the cells of a row that is as nearly all are, judged as a whole and not cell by cell, at half the price.

        False, with no values, where anything is out of the ordinary.
        """
        whole = "".join(cells)
        if len(whole) > LONGEST or not whole.isprintable():
            return False
        if "'" in whole or UNREADABLE_MARK in whole or CLEAR in whole:
            return False  # a mark of a spreadsheet perhaps, or what is no value
        try:
            for place, name, read in self._plain:
                if cell := cells[place].strip():
                    values[name] = read(cell) if read else cell
        except ValidationError:
            values.clear()
            return False
        return True

    def _read(
        self, cells: Sequence[str], values: dict[str, Any], wrong: dict[str, str], places: list[int]
    ) -> None:
        """Read the cells of any row: their values by field, what is wrong by field, and the columns of those."""
        for place, name, read in self.used:
            cell = cells[place]
            cell = (original(cell) if cell[:1] == "'" else cell).strip()
            if not cell:
                continue
            try:
                if UNREADABLE_MARK in cell:
                    raise ValidationError(UNREADABLE)
                values[name] = _cleared(name) if cell == CLEAR else read(cell)
            except ValidationError as error:
                wrong[name] = f"{self.header[place]}: {error.messages[0]}"
                places.append(place)


_REQUIRED = tuple(name for name, field in BY_NAME.items() if field.required)


def lacks(values: Mapping[str, Any], wrong: Collection[str] = (), is_new: bool = True) -> list[str]:
    """A sentence about what a new client needs and has not; fields that are `wrong` are there."""
    if not is_new or all(map(values.get, _REQUIRED)):
        return []  # nothing is missing, as nearly always
    missing = [name for name in _REQUIRED if is_empty(values.get(name)) and name not in wrong]
    if not missing:
        return []
    return [f"A new client needs: {', '.join(BY_NAME[name].label for name in missing)}."]


def _kayse_id(cell: str) -> int:
    found = parse_id(cell)
    if found is None:
        raise ValidationError("A Kayse id is a whole number from 1.")
    return found


def _opt_out(cell: str) -> bool:
    if cell.lower() not in _FLAGS:
        raise ValidationError("Write yes or no.")
    return _FLAGS[cell.lower()]


def _cleared(name: str) -> list[int] | None:
    if name in _REQUIRED or name in (ID, editing.OPT_OUT):
        raise ValidationError("This field cannot be cleared.")
    return [] if BY_NAME[name].kind is Kind.IDS else None


#: What reads the cells of a field: it raises ValidationError with a sentence.
_READERS: Mapping[str, Callable[[str], Any]] = {**READERS, ID: _kayse_id, editing.OPT_OUT: _opt_out}
_PLAIN_READERS: Mapping[str, Callable[[str], Any] | None] = {
    **PLAIN_READERS,
    ID: _kayse_id,
    editing.OPT_OUT: _opt_out,
}
