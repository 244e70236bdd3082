"""The list as a CSV file, in the form that `load_export` takes: what is exported can be loaded again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from clients_ui import keyset
from clients_ui.fields import BY_NAME, Kind
from clients_ui.keyset import Condition, Section
from clients_ui.models import Client
from kayse_admin.cells import neutral
from kayse_admin.kayse_api.schemas import CLIENT_FIELDS

BATCH = 1_000
HEADER = ("id", *CLIENT_FIELDS)


def lines(sections: Sequence[Section], also: Sequence[Condition]) -> Iterator[str]:
    """The rows of a listing in its order, from the first to the last; memory does not grow with them."""
    yield _csv([HEADER])
    cursor = None
    while True:
        page = keyset.page(sections, BATCH, also=also, after=cursor)
        found = {row[0]: row for row in Client.objects.filter(pk__in=page.ids).values_list(*HEADER)}
        yield _csv([_cells(found[pk]) for pk in page.ids if pk in found])
        cursor = page.next
        if cursor is None:
            return


def _cells(row: tuple[Any, ...]) -> list[str]:
    return [str(row[0]), *(_cell(name, value) for name, value in zip(CLIENT_FIELDS, row[1:], strict=True))]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    kind = BY_NAME[name].kind
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind is Kind.IDS:
        return " ".join(map(str, value))
    return neutral(str(value))


def _csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
