"""What the foot of a table says and where its links lead; for counted and for keyset paging alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page
from django.http import HttpRequest

SIZES = (25, 50, 100)


@dataclass(frozen=True, slots=True)
class Pager:
    """One page of a table.

    first, last: 1-based positions of the rows shown (0, 0: none; None: not known, as with keyset paging).
    total: how many rows there are (None: not known); capped: "more than" that many, counting stopped.
    previous_url, next_url: "" where there is no such page. sizes: (rows a page, address) to choose from.
    """

    first: int | None
    last: int | None
    total: int | None
    capped: bool = False
    previous_url: str = ""
    next_url: str = ""
    size: int = SIZES[0]
    sizes: tuple[tuple[int, str], ...] = ()


def of_page(request: HttpRequest, page: Page[Any]) -> Pager:
    """The foot for a page that was counted; its number is the query parameter `page`."""
    return Pager(
        first=page.start_index(),
        last=page.end_index(),
        total=page.paginator.count,
        previous_url=address(request, {"page": page.previous_page_number()}) if page.has_previous() else "",
        next_url=address(request, {"page": page.next_page_number()}) if page.has_next() else "",
    )


def address(request: HttpRequest, changes: Mapping[str, object]) -> str:
    """The current address with these query parameters changed (None or "" removes one)."""
    query = dict(request.GET.lists())
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    return request.path + (f"?{urlencode(query, doseq=True)}" if query else "")


def size_links(request: HttpRequest, reset: str = "page", name: str = "size") -> tuple[tuple[int, str], ...]:
    """The links for 25, 50 and 100 rows a page; each starts again at the first page."""
    return tuple((size, address(request, {name: size, reset: None})) for size in SIZES)
