"""Labels of case types and statuses: reading them, changing them, and their CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import transaction

from caselists_ui.definition import STATUSES, TYPES
from caselists_ui.models import Label
from caselists_ui.words import Labels
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import naming, recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import Change
from kayse_admin.audit.records import Target
from kayse_admin.converters import parse_id

COLUMNS = ("kind", "id", "name")
MOST_BYTES, MOST_ROWS, LONGEST_NAME = 1_000_000, 5_000, 200
_KINDS = {"case_type": Label.Kind.CASE_TYPE, "type": Label.Kind.CASE_TYPE, "status": Label.Kind.STATUS}
#: Spreadsheets run cells that begin like this; an apostrophe in front stops them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Row:
    """One label."""

    kind: Label.Kind
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a line of a file (line 0: with the file)."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message


class BadFile(ValueError):
    """A CSV that was not taken; nothing of it was."""

    def __init__(self, troubles: list[Trouble]) -> None:
        super().__init__("; ".join(map(str, troubles[:5])))
        self.troubles = troubles


def current() -> Labels:
    """Every label; one query."""
    types: dict[int, str] = {}
    statuses: dict[int, str] = {}
    for kind, number, name in Label.objects.order_by("name", "number").values_list("kind", "number", "name"):
        (types if kind == Label.Kind.CASE_TYPE else statuses)[number] = name
    return Labels(types, statuses)


def named(changes: Iterable[Change], names: Labels) -> list[Change]:
    """The same changes with case types and statuses by their names, where they are told one by one."""
    known = {f"filter.{TYPES}": names.type, f"filter.{STATUSES}": names.status}

    def by_name(change: Change, value: Any) -> Any:
        if change.field not in known or not isinstance(value, list):
            return value
        return [known[change.field](number) if isinstance(number, int) else number for number in value]

    return [
        replace(change, before=by_name(change, change.before), after=by_name(change, change.after))
        for change in changes
    ]


def register() -> None:
    """Let the log tell case types and statuses by their names; called once when the app is ready."""
    fields = {f"filter.{TYPES}", f"filter.{STATUSES}"}
    naming.register("case_list", fields, lambda: partial(named, names=current()))


def write(actor: Actor, rows: Iterable[Row], *, reason: str = "") -> int:
    """Add these labels, or rename those that are there; one fact in the record. Returns how many changed."""
    actor.require(Capability.LISTS_EDIT)
    with transaction.atomic():
        known = {(label.kind, label.number): label for label in Label.objects.select_for_update()}
        changed = [
            row for row in rows if getattr(known.get((row.kind, row.number)), "name", None) != row.name
        ]
        before = {
            _field(row): known[row.kind, row.number].name
            for row in changed
            if (row.kind, row.number) in known
        }
        for row in changed:
            Label.objects.update_or_create(kind=row.kind, number=row.number, defaults={"name": row.name})
        if changed:
            _record(actor, before, {_field(row): row.name for row in changed}, reason)
    return len(changed)


def remove(actor: Actor, label: Label) -> None:
    """Forget a label: its number is shown without a name from now on."""
    actor.require(Capability.LISTS_EDIT)
    with transaction.atomic():
        row = Row(Label.Kind(label.kind), label.number, label.name)
        Label.objects.filter(pk=label.pk).delete()
        _record(actor, {_field(row): row.name}, {}, "")


def _field(row: Row) -> str:
    return f"{row.kind.label} {row.number}"


def _record(actor: Actor, before: dict[str, str], after: dict[str, str], reason: str) -> None:
    names = {*before, *after}
    target = Target("label", None, next(iter(names)) if len(names) == 1 else f"{len(names)} labels")
    # A label that is new or gone says so: a missing key would be "not told".
    full = dict.fromkeys(sorted(names), "")
    recorder.fact(
        actor, Action.LABELS_CHANGE, target, before=full | before, after=full | after, reason=reason
    )


def check_name(text: str) -> str:
    """The name as it is stored. Raises ValueError with a sentence for people."""
    name = " ".join(text.split())
    if not name:
        raise ValueError("A label needs a name.")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"A name has at most {LONGEST_NAME} characters.")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in name):
        raise ValueError("The name holds a character that cannot be stored.")
    return name


def to_csv() -> Iterator[str]:
    """Every label as CSV lines: kind, id, name."""
    yield ",".join(COLUMNS) + "\r\n"
    for kind, number, name in Label.objects.order_by("kind", "number").values_list("kind", "number", "name"):
        buffer = io.StringIO()
        csv.writer(buffer).writerow((kind, number, f"'{name}" if name.startswith(("'", *_FORMULA)) else name))
        yield buffer.getvalue()


def from_csv(content: bytes) -> list[Row]:
    """The labels of a CSV file with the columns kind, id, name. Raises BadFile that names every bad line."""
    if len(content) > MOST_BYTES:
        raise BadFile([Trouble(0, f"The file is larger than {MOST_BYTES // 1000:,} kB.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile([Trouble(0, "The file is not UTF-8 text. Save it as “CSV UTF-8”.")]) from None
    return _read(_lines(text))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line of the file on which it ends."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise BadFile([Trouble(reader.line_num, f"This is not CSV: {error}.")]) from None


def _read(lines: Iterator[tuple[int, list[str]]]) -> list[Row]:
    _, first = next(lines, (1, []))
    if [cell.strip().casefold() for cell in first] != list(COLUMNS):
        raise BadFile([Trouble(1, "The first line has to be: kind,id,name.")])
    rows: dict[tuple[str, int], Row] = {}
    troubles: list[Trouble] = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = _row(cells)
            if (row.kind, row.number) in rows:
                raise ValueError(f"{_field(row)} is there twice.")
            rows[row.kind, row.number] = row
        except ValueError as error:
            troubles.append(Trouble(line, str(error)))
    if not rows and not troubles:
        troubles.append(Trouble(0, "The file holds no label."))
    if len(rows) > MOST_ROWS:
        troubles.append(Trouble(0, f"The file holds more than {MOST_ROWS:,} labels."))
    if troubles:
        raise BadFile(troubles)
    return list(rows.values())


def _row(cells: list[str]) -> Row:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"There are {len(cells)} cells, not {len(COLUMNS)}.")
    kind = _KINDS.get(cells[0].strip().casefold())
    if kind is None:
        raise ValueError("The kind is case_type or status.")
    number = parse_id(cells[1].strip())
    if number is None:
        raise ValueError("The id is a whole number from 1.")
    name = cells[2]
    if name.startswith("'") and name[1:].startswith(("'", *_FORMULA)):
        name = name[1:]
    return Row(kind, number, check_name(name))
