"""The list of clients: one page of light rows, formatted before the template sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from clients_ui import columns, directory, filters, keyset, normal, search
from clients_ui.columns import Shown
from clients_ui.filters import Filters
from clients_ui.keyset import Condition, Section
from clients_ui.models import Client
from clients_ui.rows import Row
from kayse_admin.accounts.saved import Asked, Offer, Room, offers
from kayse_admin.actors import actor_of
from kayse_admin.pager import SIZES, Pager, address

SORTS = {
    "name": search.BY_LAST,
    "id": ("id",),
    "told": ("told_at", "id"),
    "changed": ("changed_at", "id"),
}
DEFAULT_SORT = "name"

#: The words of each order, where it is chosen.
ORDERS = {"name": "name", "id": "id", "told": "last told", "changed": "last changed"}

#: What every row needs, whatever its columns.
FIELDS = ("id", "first_name", "last_name", "voice_calls_opted_out", "gone_at", "lost")

#: What a link to the first page leaves out.
START = {"after": None, "before": None}


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
    columns: list[Shown]
    #: Words, address, and whether it is the order of the page; empty where more is found than can be sorted.
    orders: list[tuple[str, str, bool]]
    query: str
    saved: list[Offer]

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
    also: Sequence[Condition] = asked.filters.conditions
    counts = keyset.count(asked.sections, also) if asked.typed or also else None
    total, capped = (known, False) if counts is None else keyset.total(counts)
    sections, also, counts = in_order(asked, counts)
    page = keyset.page(
        sections, number, also=also, counts=counts, **_cursors(request, sections, total, capped)
    )
    given = {name: value or None for name, value in request.GET.items()}
    shown = columns.in_place(columns.chosen(actor_of(request)))
    return Listing(
        rows=_rows(page.ids, shown),
        pager=_pager(request, page, total, capped, number),
        typed=asked.typed,
        sort=asked.sort,
        known=known,
        readings=tuple(dict.fromkeys(one.title for one in asked.sections)) if asked.typed else (),
        filters=asked.filters,
        chips=tuple(
            (chip.words, address(request, {**given, **START, chip.name: None}))
            for chip in asked.filters.chips
        ),
        url=address(request, given),
        export_url=_export_url(request),
        columns=shown,
        orders=[] if asked.typed and capped else _orders(request, asked),
        query=request.GET.urlencode(),
        saved=offers(actor_of(request), ROOM),
    )


def in_order(
    asked: Wanted, counts: list[int] | None = None
) -> tuple[list[Section], Sequence[Condition], list[int] | None]:
    """Sections, conditions and counts of what is asked for, in its order.

    A search stands in the order of its sections, the likeliest first. Where an order was chosen for it, what it finds
    is sorted by that, as long as it is no more than is counted: beyond, sorting would need the whole table.
    """
    also: Sequence[Condition] = asked.filters.conditions
    if not asked.typed or not asked.sort:
        return asked.sections, also, counts
    counts = keyset.count(asked.sections, also) if counts is None else counts
    if keyset.total(counts)[1]:
        return asked.sections, also, counts
    ids = keyset.page(asked.sections, keyset.MOST_COUNTED, also=also, counts=counts).ids
    found: Condition = (f'"id" IN ({", ".join(["%s"] * len(ids))})', tuple(ids)) if ids else ("1 = 0", ())
    return _sorted(asked.sort), (found,), [len(ids)]


def _orders(request: HttpRequest, asked: Wanted) -> list[tuple[str, str, bool]]:
    """The orders to choose from; a search has its own, too."""
    best = [("best match", address(request, {"sort": None, **START}), not asked.sort)] if asked.typed else []
    current = asked.sort.removeprefix("-")
    return best + [
        (words, address(request, {"sort": key, **START}), key == current) for key, words in ORDERS.items()
    ]


def _asked_filter(request: HttpRequest) -> Asked | None:
    """What of an address is worth keeping under a name: the search, the filters and the order."""
    asked = wanted(request)
    words = asked.words
    if not words:
        return None
    kept = QueryDict(mutable=True)
    names = ("q", *(chip.name for chip in asked.filters.chips), "sort")
    kept.update({name: request.GET[name] for name in names if request.GET.get(name)})
    return Asked(kept.urlencode(), "; ".join(words))


ROOM = Room("clients_ui", "clients_ui:index", _asked_filter)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for, before any row is read."""

    typed: str
    sort: str
    sections: list[Section]
    filters: Filters

    @property
    def words(self) -> list[str]:
        """The search and the filters in words."""
        return [*([self.typed] if self.typed else []), *(chip.words for chip in self.filters.chips)]


def wanted(request: HttpRequest) -> Wanted:
    """The search, the order and the filters of an address: q, sort and those of `filters`."""
    typed = normal.tidy(request.GET.get("q", ""))
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") not in SORTS:
        sort = "" if typed else DEFAULT_SORT
    sections = search.sections(typed) if typed else _sorted(sort)
    return Wanted(typed, sort, sections, filters.read(request.GET, actor_of(request)))


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


def _rows(ids: list[int], shown: list[Shown]) -> list[Row]:
    """The rows of a page by their ids, in that order: one query by primary key."""
    start, wanted_fields = reverse("clients_ui:index"), (*FIELDS, *columns.fields_of(shown))
    found = {values[0]: values for values in Client.objects.filter(pk__in=ids).values_list(*wanted_fields)}
    return [_row(start, shown, *found[pk]) for pk in ids if pk in found]


def _row(
    start: str,
    shown: list[Shown],
    pk: int,
    first: str | None,
    last: str | None,
    opted_out: bool | None,
    gone_at: datetime | None,
    lost: dict[str, Any] | None,
    *values: Any,
) -> Row:
    return Row(
        pk=pk,
        url=f"{start}{pk}/",
        name=" ".join(filter(None, (first, last))) or f"Client {pk}",
        opted_out=bool(opted_out),
        gone=gone_at is not None,
        lost=bool(lost),
        cells=columns.cells_of(shown, values),
    )
