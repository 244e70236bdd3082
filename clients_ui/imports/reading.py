"""The rows of a CSV file with the lines that they stand on, good and bad."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clients_ui.export_file import Lines
from clients_ui.imports.decoding import NotACsv

#: Most columns, and longest cell that is taken.
MOST_COLUMNS = 200
MOST_CELL = 5_000


class Record(NamedTuple):
    """One row: its first line in the file, its cells, and what is wrong with it as a row ("" for nothing).

    What cannot be cut into cells is one: the text of the line.
    """

    line: int
    cells: list[str]
    problem: str = ""


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The head as the first record, then every row that is not empty; memory does not grow with the file.

    Raises `NotACsv` for a head that cannot be one.
    """
    source = Lines(lines)
    head: Record | None = None
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            if head is None:
                raise NotACsv("There is nothing in the file.") from None
            return
        except csv.Error as error:
            if head is None:
                raise NotACsv(f"The first line cannot be read as CSV: {error}.") from None
            yield Record(source.row, [source.first_line()], f"This cannot be read as CSV: {_why(error)}.")
            source.go_on_behind_first_line()
            reader = csv.reader(source, delimiter=delimiter, strict=True)
            continue
        whole = "".join(cells)
        if not whole.strip() or (source.row == 1 and _names_delimiter(cells, delimiter)):
            continue
        if head is None:
            head = _head(source.row, cells)
            yield head
        else:
            yield Record(source.row, cells, _problem(cells, whole, len(head.cells)))


def _names_delimiter(cells: list[str], delimiter: str) -> bool:
    """Whether this is the line “sep=;”, by which a file tells Excel how its cells are parted."""
    line = delimiter.join(cells).lower()
    return line.startswith(f"sep={delimiter}") and line.rstrip(f"{delimiter} \t") == "sep="


def _why(error: csv.Error) -> str:
    text = str(error)
    if "field limit" in text:
        return "a cell is longer than any field of a client"
    if "unexpected end" in text or "never closed" in text:
        return "a quotation mark is opened and never closed"
    return text


def _head(line: int, cells: list[str]) -> Record:
    names = [cell.strip() for cell in cells]
    if len(names) > MOST_COLUMNS:
        raise NotACsv(f"There are {len(names)} columns; {MOST_COLUMNS} are taken.")
    twice = sorted({name for name in names if name and [n.lower() for n in names].count(name.lower()) > 1})
    if twice:
        raise NotACsv(f"The column “{twice[0][:60]}” is there twice. Give each column a name of its own.")
    if any(len(name) > 200 for name in names):
        raise NotACsv("The first line does not look like column names: one is longer than 200 characters.")
    return Record(line, names)


def _problem(cells: list[str], whole: str, width: int) -> str:
    if len(cells) != width:
        return f"{len(cells)} cells where the first line has {width}."
    if len(whole) > MOST_CELL and max(map(len, cells)) > MOST_CELL:
        return f"A cell has more than {MOST_CELL:,} characters."
    if "\x00" in whole:
        return "There is a NUL character in it."
    return ""
