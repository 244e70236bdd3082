"""Reading the client export that a firm downloads from the Kayse app: a CSV with `id` first and `case_ids` with spaces.

A column that is missing was not told; an empty cell was told empty.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from clients_ui.fields import BY_NAME, DOCUMENTED, MOST_KEPT
from kayse_admin.cells import original
from kayse_admin.converters import parse_id

#: Longest line that is believed to be one: an unclosed quote would swallow the rest of the file as a single row.
MOST_LINES_A_ROW = 50

_FLAGS = {
    "true": True,
    "t": True,
    "1": True,
    "yes": True,
    "false": False,
    "f": False,
    "0": False,
    "no": False,
}
_CASE_ID = re.compile(r"[ ,;]+")


class NotAnExport(Exception):
    """The file as a whole cannot be a client export; the text says why."""


class Row(NamedTuple):
    """One client of the file: its line, its id, its documented fields as far as the file has them, and others."""

    line: int
    pk: int
    told: dict[str, Any]
    extra: Mapping[str, Any] = MappingProxyType({})


class BadRow(NamedTuple):
    """A row that cannot be taken, and why."""

    line: int
    why: str


def read(lines: Iterable[str]) -> Iterator[Row | BadRow]:
    """The rows of an export, good and bad, in order; memory does not grow with the file.

    Raises `NotAnExport` when the head is not that of a client export.
    """
    source = Lines(lines)
    try:
        head = [name.strip().lower() for name in next(csv.reader(source, strict=True))]
    except (StopIteration, csv.Error):
        raise NotAnExport("The file is empty or not a CSV file.") from None
    columns = _columns(head)
    reader = csv.reader(source, strict=True)
    while True:
        source.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(source.row, f"This is not readable as CSV: {error}.")
            source.go_on_behind_first_line()
            reader = csv.reader(source, strict=True)
            continue
        if cells:
            yield _row(source.row, columns, cells)


class Lines:
    """Lines with their numbers, of which those of the current row can be given back.

    An unclosed quote would swallow the rest of the file as one row; so a row that goes on for too long is an error,
    and reading starts again at its second line.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.row = 1
        self._number = 0
        self._taken: list[str] = []
        self._source = iter(lines)
        self._again: deque[str] = deque()

    def begin_row(self) -> None:
        self.row = self._number + 1
        self._taken.clear()

    def first_line(self) -> str:
        """The first line of the row, without its end."""
        return self._taken[0].rstrip("\r\n")

    def go_on_behind_first_line(self) -> None:
        self._again.extendleft(reversed(self._taken[1:]))
        self._number = self.row

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) == MOST_LINES_A_ROW:
            raise csv.Error("a quotation mark is never closed")
        line = self._again.popleft() if self._again else next(self._source)
        self._number += 1
        self._taken.append(line)
        return line.removeprefix("\ufeff") if self._number == 1 else line


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand in a row: how many cells, the id's place, and each documented field's."""

    count: int
    pk: int
    fields: tuple[tuple[str, int], ...]


def _columns(head: list[str]) -> _Columns:
    if "id" not in head:
        raise NotAnExport("The first line has no column “id”: this is not a client export.")
    twice = {name for name in head if name and head.count(name) > 1}
    if twice:
        raise NotAnExport(f"The column “{min(twice)}” is there twice.")
    fields = tuple((name, head.index(name)) for name in DOCUMENTED if name in head)
    if not fields:
        raise NotAnExport("None of the columns is a field of a client.")
    return _Columns(len(head), head.index("id"), fields)


def _row(line: int, columns: _Columns, cells: list[str]) -> Row | BadRow:
    if len(cells) != columns.count:
        return BadRow(line, f"{len(cells)} cells where the first line has {columns.count}.")
    whole = "".join(cells)
    if "\x00" in whole:
        return BadRow(line, "There is a NUL character in it.")
    if len(whole) > MOST_KEPT:
        return BadRow(line, f"It is longer than {MOST_KEPT:,} characters.")
    pk = parse_id(cells[columns.pk].strip())
    if pk is None:
        return BadRow(line, "The id is not a whole number from 1.")
    told: dict[str, Any] = {name: original(cells[place]) or None for name, place in columns.fields}
    try:
        for name, read_cell in _READ.items():
            if name in told:
                told[name] = read_cell(told[name] or "")
    except ValueError as error:
        return BadRow(line, str(error))
    return Row(line, pk, told)


def _flag(cell: str) -> bool | None:
    wanted = cell.strip().lower()
    if wanted and wanted not in _FLAGS:
        raise ValueError(f"{BY_NAME['voice_calls_opted_out'].label} is neither true nor false.")
    return _FLAGS.get(wanted)


def _ids(cell: str) -> list[int]:
    if cell.isascii() and cell.isdigit() and len(cell) < 19 and cell[0] != "0":
        return [int(cell)]
    found = [parse_id(part) for part in _CASE_ID.split(cell.strip()) if part]
    ids = [one for one in found if one is not None]
    if len(ids) != len(found):
        raise ValueError("The case ids are not whole numbers from 1.")
    return ids


#: The cells that are not text.
_READ: dict[str, Callable[[str], Any]] = {"voice_calls_opted_out": _flag, "case_ids": _ids}
