"""The list as a CSV file, in the form that `load_export` takes: what is exported can be loaded again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

from clients_ui import keyset
from clients_ui.fields import BY_NAME, Kind
from clients_ui.keyset import Condition, Section
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.masking import masked
from kayse_admin.cells import neutral
from kayse_admin.kayse_api.schemas import CLIENT_FIELDS

BATCH = 1_000
HEADER = ("id", *CLIENT_FIELDS)


def of_listing(actor: Actor, sections: Sequence[Section], also: Sequence[Condition]) -> Iterator[str]:
    """The rows of a listing in its order, from the first to the last; memory does not grow with them."""
    return lines(actor, _pages(sections, also) if sections else iter(()))


def lines(actor: Actor, pages: Iterable[Sequence[int]]) -> Iterator[str]:
    """The header, and the rows with these ids, page by page; an id that is not known is left out.

    Social security numbers are blotted out for people who may not reveal them. They cannot load a file either, so that
    what is blotted out never comes back as a value.
    """
    shown = _whole if actor.can(Capability.CLIENTS_REVEAL) else masked
    yield _csv([HEADER])
    for ids in pages:
        found = {row[0]: row for row in Client.objects.filter(pk__in=ids).values_list(*HEADER)}
        yield _csv([_cells(found[pk], shown) for pk in ids if pk in found])


def response(rows: Iterator[str]) -> StreamingHttpResponse:
    """The file, named by today's date."""
    name = f"clients-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pages(sections: Sequence[Section], also: Sequence[Condition]) -> Iterator[Sequence[int]]:
    cursor = None
    while True:
        page = keyset.page(sections, BATCH, also=also, after=cursor)
        yield page.ids
        cursor = page.next
        if cursor is None:
            return


Show = Callable[[str], str]


def _whole(text: str) -> str:
    return text


def _cells(row: tuple[Any, ...], shown: Show) -> list[str]:
    pairs = zip(CLIENT_FIELDS, row[1:], strict=True)
    return [str(row[0]), *(_cell(name, value, shown) for name, value in pairs)]


def _cell(name: str, value: Any, shown: Show) -> str:
    if value is None:
        return ""
    kind = BY_NAME[name].kind
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind is Kind.IDS:
        return " ".join(map(str, value))
    return neutral(shown(str(value)))


def _csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
