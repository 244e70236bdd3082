"""The columns of the list of clients: which there are, which of them a person sees, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django import forms

from clients_ui.forms import national
from clients_ui.models import NEVER
from kayse_admin.accounts import preferences
from kayse_admin.actors import Actor
from kayse_admin.audit.masking import masked
from kayse_admin.templatetags.ui import day, moment

PREFERENCE = "clients.columns"
#: More would not fit beside each other.
MOST = 8


class Cell(NamedTuple):
    """What stands in a cell: a line, and a small one below it."""

    words: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its fields of the directory, how their values become a cell, its class, what it can be sorted by."""

    key: str
    label: str
    fields: tuple[str, ...]
    cell: Callable[..., Cell]
    css: str = ""
    sort: str = ""


def _text(value: str | None) -> Cell:
    return Cell(masked(value or ""))


def _phone(mobile: str | None, opted_out: bool | None) -> Cell:
    return Cell(national(mobile) if mobile else "", "calls: not told" if opted_out is None else "")


def _calls(opted_out: bool | None) -> Cell:
    return Cell("not told" if opted_out is None else "opted out" if opted_out else "may be called")


def _joined(*parts: str | None) -> Cell:
    return Cell(masked(", ".join(filter(None, parts))))


def _source(name: str | None, pk: str | None) -> Cell:
    return Cell(masked(name or ""), masked(pk or ""))


def _moment(at: datetime) -> Cell:
    return Cell("" if at == NEVER else moment(at))


def _born(value: str | None) -> Cell:
    try:
        return Cell(day(date.fromisoformat(value)) if value else "")
    except ValueError:
        return Cell(value or "")


def _cases(ids: list[int] | None) -> Cell:
    if ids is None:
        return Cell("not told")
    return Cell(
        str(len(ids)) if ids else "none", ", ".join(map(str, ids[:3])) + (" …" if len(ids) > 3 else "")
    )


COLUMNS = {
    column.key: column
    for column in (
        Column("phone", "Phone", ("mobile", "voice_calls_opted_out"), _phone, "nowrap"),
        Column("email", "E-mail", ("email",), _text, "cut"),
        Column("place", "City", ("city", "state"), _joined, "cut"),
        Column("source", "External source", ("external_source", "external_source_id"), _source, "cut"),
        Column("told", "Last told", ("told_at",), _moment, "nowrap muted", "told"),
        Column("changed", "Last changed", ("changed_at",), _moment, "nowrap muted", "changed"),
        Column("calls", "Calls", ("voice_calls_opted_out",), _calls),
        Column("cases", "Cases", ("case_ids",), _cases),
        Column("born", "Date of birth", ("date_of_birth",), _born, "nowrap"),
        Column("address", "Address", ("address_line1", "address_line2"), _joined, "cut"),
        Column("zip", "ZIP code", ("postal_code",), _text),
        Column("since", "Known since", ("known_since",), _moment, "nowrap muted"),
    )
}  # fmt: skip
USUAL = ("phone", "email", "place", "source", "told")

#: A column gives way on a narrow screen by its place: the first stays, the last go first.
_GIVES_WAY = ("", "hide-sm", "hide-md", "hide-lg", "hide-lg")


@dataclass(frozen=True, slots=True)
class Shown:
    """A column in its place: `css` is the class of its cells, which gives way on narrow screens."""

    column: Column
    css: str


def chosen(actor: Actor) -> list[str]:
    """The keys of the columns that a person sees, in order; the usual ones for who has chosen none."""
    kept = preferences.read(actor.id, PREFERENCE)
    known = [key for key in map(str, kept) if key in COLUMNS] if isinstance(kept, list) else []
    return known or list(USUAL)


def in_place(keys: Sequence[str]) -> list[Shown]:
    """The columns with these keys, beside each other."""
    return [
        Shown(COLUMNS[key], f"{_GIVES_WAY[min(place, len(_GIVES_WAY) - 1)]} {COLUMNS[key].css}".strip())
        for place, key in enumerate(keys)
    ]


def fields_of(shown: Iterable[Shown]) -> list[str]:
    """The fields that the cells of these columns are made of, one after the other."""
    return [field for one in shown for field in one.column.fields]


def cells_of(shown: Iterable[Shown], values: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Class, line and small line of each cell, from the values of `fields_of` the same columns."""
    cells, start = [], 0
    for one in shown:
        end = start + len(one.column.fields)
        words, small = one.column.cell(*values[start:end])
        cells.append((one.css, words or "–", small))
        start = end
    return cells


class ColumnsForm(forms.Form):
    """For each column its place in the list, or none. Two of one place stand in the order of this form."""

    def __init__(self, data: Any, keys: Sequence[str]) -> None:
        super().__init__(data, label_suffix="")
        places = [("0", "Not shown"), *((str(place), str(place)) for place in range(1, MOST + 1))]
        for key, column in COLUMNS.items():
            place = str(keys.index(key) + 1) if key in keys else "0"
            self.fields[key] = forms.ChoiceField(label=column.label, choices=places, initial=place)

    def clean(self) -> dict[str, Any]:
        """Not more than fit."""
        data: dict[str, Any] = super().clean() or {}
        if sum(place != "0" for place in data.values()) > MOST:
            raise forms.ValidationError(f"At most {MOST} columns fit beside each other.")
        return data

    @property
    def keys(self) -> list[str]:
        """The chosen columns in order; empty when none is."""
        placed = [(int(place), key) for key, place in self.cleaned_data.items() if place != "0"]
        return [key for _, key in sorted(placed, key=lambda one: one[0])]
