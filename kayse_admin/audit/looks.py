"""Who opened whose page, under a filter of the log: kept apart from the record, and shown beside it.

A look changes nothing, there are many times more of them than of everything else, and they have to go when their own
time is over. So they are no events. The room that keeps them registers here and is never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.utils import timezone

from kayse_admin.audit.filters import Filters

#: What the filter for actions calls it.
ACTION = "client_view"
WORDS = "Open a client"
#: Fields of the filter of which a look knows nothing.
UNKNOWN = ("q", "result", "role", "address", "job", "gesture")


@dataclass(frozen=True, slots=True)
class Look:
    """That somebody opened a client: who, whose page (its name and address), when."""

    person: str
    name: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Looks, newest first, and the cursors of the pages beside it; None where there are none."""

    looks: list[Look]
    older: int | None = None
    newer: int | None = None


#: Finds a page by person, target and time of the filter: filters, the cursors before and after, rows a page.
Finder = Callable[[Filters, int | None, int | None, int], Page]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Name who keeps the looks."""
    _finders.append(finder)


def page(filters: Filters, before: int | None, after: int | None, size: int) -> Page:
    """The page that follows the cursor `before` or precedes `after`; else the first."""
    return _finders[0](filters, before, after, size) if _finders else Page([])


def by_day(looks: Iterable[Look], heading: Callable[[date], str]) -> list[tuple[str, list[Look]]]:
    """The looks under the headings of their days, by the firm's clock."""
    days = groupby(looks, key=lambda look: timezone.localtime(look.at).date())
    return [(heading(day), list(found)) for day, found in days]
