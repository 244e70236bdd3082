"""The list of clients: one page of light rows, formatted before the template sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from clients_ui import directory, filters, keyset, normal, search
from clients_ui.filters import Filters
from clients_ui.forms import national
from clients_ui.keyset import Section
from clients_ui.models import NEVER, Client
from kayse_admin.actors import actor_of
from kayse_admin.pager import SIZES, Pager, address
from kayse_admin.templatetags.ui import moment

SORTS = {
    "name": search.BY_LAST,
    "id": ("id",),
    "told": ("told_at", "id"),
    "changed": ("changed_at", "id"),
}
DEFAULT_SORT = "name"

COLUMNS = (
    "id", "first_name", "last_name", "mobile", "email", "city", "state", "external_source", "external_source_id",
    "voice_calls_opted_out", "told", "told_at", "changed_at", "gone_at", "lost",
)  # fmt: skip


#: What a link to the first page leaves out.
START = {"after": None, "before": None}


class Row(NamedTuple):
    """A client as the table shows it: all words, no queries."""

    pk: int
    url: str
    name: str
    mobile: str
    email: str
    place: str
    source: str
    external_id: str
    opted_out: str
    told: str
    changed: str
    gone: bool
    lost: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of clients, the text that was searched for, and the words for what it covers."""

    rows: list[Row]
    pager: Pager
    typed: str
    sort: str
    known: int
    readings: tuple[str, ...]
    filters: Filters
    chips: tuple[tuple[str, str], ...]
    url: str
    export_url: str

    @property
    def is_search(self) -> bool:
        """Whether something is looked for."""
        return bool(self.typed)


def listing(request: HttpRequest) -> Listing:
    """The page that the address asks for: q, sort, size, after or before. Odd values count as not given."""
    asked = wanted(request)
    size = request.GET.get("size", "")
    number = int(size) if size in {str(one) for one in SIZES} else SIZES[0]
    known = directory.known_count()
    sections, also = asked.sections, asked.filters.conditions
    counts = keyset.count(sections, also) if asked.typed or also else None
    total, capped = (known, False) if counts is None else keyset.total(counts)
    page = keyset.page(
        sections, number, also=also, counts=counts, **_cursors(request, sections, total, capped)
    )
    given = {name: value or None for name, value in request.GET.items()}
    return Listing(
        rows=_rows(page.ids),
        pager=_pager(request, page, total, capped, number),
        typed=asked.typed,
        sort=asked.sort,
        known=known,
        readings=tuple(dict.fromkeys(section.title for section in sections)) if asked.typed else (),
        filters=asked.filters,
        chips=tuple(
            (chip.words, address(request, {**given, **START, chip.name: None}))
            for chip in asked.filters.chips
        ),
        url=address(request, given),
        export_url=_export_url(request),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for, before any row is read."""

    typed: str
    sort: str
    sections: list[Section]
    filters: Filters


def wanted(request: HttpRequest) -> Wanted:
    """The search, the order and the filters of an address: q, sort and those of `filters`."""
    typed = normal.tidy(request.GET.get("q", ""))
    sort = request.GET.get("sort", "")
    sort = sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT
    sections = search.sections(typed) if typed else _sorted(sort)
    return Wanted(typed, "" if typed else sort, sections, filters.read(request.GET, actor_of(request)))


def _sorted(sort: str) -> list[Section]:
    return [Section("", SORTS[sort.removeprefix("-")], descending=sort.startswith("-"))]


def _export_url(request: HttpRequest) -> str:
    query = address(request, {**START, "size": None}).partition("?")[2]
    return reverse("clients_ui:export") + (f"?{query}" if query else "")


def _cursors(request: HttpRequest, sections: list[Section], total: int, capped: bool) -> dict[str, Any]:
    """Where the page begins; `before=end` is the last page, as long as its end is known."""
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    if before == "end" and not capped:
        return {"from_end": total}
    if before:
        return {"before": keyset.decode(before, sections)}
    return {"after": keyset.decode(after, sections)}


def _pager(request: HttpRequest, page: keyset.Page, total: int, capped: bool, size: int) -> Pager:
    def link(name: str, cursor: keyset.Cursor | None) -> str:
        moved = {**START, name: cursor.encode() if cursor else None}
        return address(request, moved) if cursor else ""

    sizes = tuple((one, address(request, {"size": one, **START})) for one in SIZES)
    return Pager(
        first=page.before + 1 if page.ids else 0,
        last=page.before + len(page.ids),
        total=total,
        capped=capped,
        previous_url=link("before", page.previous),
        next_url=link("after", page.next),
        size=size,
        sizes=sizes,
    )


def _rows(ids: list[int]) -> list[Row]:
    """The rows of a page by their ids, in that order: one query by primary key."""
    start = reverse("clients_ui:index")
    found = {values[0]: values for values in Client.objects.filter(pk__in=ids).values_list(*COLUMNS)}
    return [_row(start, *found[pk]) for pk in ids if pk in found]


def _row(
    start: str,
    pk: int,
    first: str | None,
    last: str | None,
    mobile: str | None,
    email: str | None,
    city: str | None,
    state: str | None,
    source: str | None,
    external_id: str | None,
    opted_out: bool | None,
    told: dict[str, Any],
    told_at: datetime,
    changed_at: datetime,
    gone_at: datetime | None,
    lost: dict[str, Any] | None,
) -> Row:
    return Row(
        pk=pk,
        url=f"{start}{pk}/",
        name=" ".join(filter(None, (first, last))) or f"Client {pk}",
        mobile=national(mobile) if mobile else "",
        email=email or "",
        place=", ".join(filter(None, (city, state))),
        source=source or "",
        external_id=external_id or "",
        opted_out="yes" if opted_out else "no" if opted_out is False else "unknown",
        told=moment(told_at),
        changed="" if changed_at == NEVER else moment(changed_at),
        gone=gone_at is not None,
        lost=bool(lost),
    )
