"""Finding operations in the record: by filter, a page at a time, each with the event that tells how it ended.

A page is found by seeks along indexes (`audit.seeking`), whatever its place in the record, and a second query for the
outcomes; nothing grows with the rows. The list is in the order of the ids of the events that open the operations.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from kayse_admin.audit import seeking
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import CLOSING, OPENING, Filters
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.naming import Names
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.seeking import Bounds, Search, results

#: Counting stops here: "more than 1,000".
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Operations, newest first, and the cursors of the pages beside it.

    `older`: rows before this id follow; `newer`: rows after it precede; None where there are none. `searched_to` is
    set when a long search stopped before it had looked through the whole record: the moment it came to. `counted`: how
    many match in all, as `count` says it, if that was asked for.
    """

    operations: list[Operation]
    older: int | None = None
    newer: int | None = None
    searched_to: datetime | None = None
    counted: tuple[int, bool] | None = None


def page(
    filters: Filters,
    *,
    before: int | None = None,
    after: int | None = None,
    size: int = 25,
    counting: bool = False,
) -> Page:
    """The page that follows the cursor `before` (towards older) or precedes `after` (towards newer); else the first."""
    search = Search.of(filters)
    forward = after is not None and before is None
    cursor = Bounds(low=after + 1, forward=True) if forward and after is not None else Bounds()
    if before is not None:
        cursor = Bounds(high=before - 1)
    begin = _counting(search) if counting else None
    counted = _counted(begin)
    if begin and cursor == Bounds():
        ids, edge = _first(search, *begin, size + 1)
    else:
        ids, edge = search.openings(cursor, size + 1)
    found = list(Event.objects.filter(pk__in=ids).order_by("id" if forward else "-id")) if ids else []
    more, found = len(found) > size, found[:size]
    if forward:
        found.reverse()
    older, newer = _beside(found, before, after if forward else None, more=more)
    if edge is None or more:
        return Page(with_outcomes(found), older, newer, counted=counted)
    # A long search stopped here: the next page goes on behind it.
    older, newer = (older, edge) if forward else (edge, newer)
    return Page(with_outcomes(found), older, newer, Event.objects.values_list("at", flat=True).get(pk=edge))


def _first(search: Search, ids: list[int], edge: int | None, most: int) -> tuple[list[int], int | None]:
    """The first page: what counting has found, and what lies behind where it stopped, as far as a page looks."""
    if len(ids) >= most or (len(ids) <= MOST_COUNTED and edge is None):
        return ids[:most], None
    behind = Bounds().behind(edge if edge is not None else ids[-1])
    more, edge = search.openings(behind, most - len(ids), max(1, seeking.LOOKED_AT - MOST_COUNTED - 1))
    return ids + more, edge


def _beside(
    found: list[Event], before: int | None, after: int | None, *, more: bool
) -> tuple[int | None, int | None]:
    """The cursors of the older and the newer page; `more`: there are others in the direction of reading."""
    if not found:  # back to where it was turned from
        return None if after is None else after + 1, None if before is None else before - 1
    older = found[-1].pk if more or after is not None else None
    newer = found[0].pk if (more if after is not None else before is not None) else None
    return older, newer


def count(filters: Filters) -> tuple[int, bool] | None:
    """How many operations match, and whether counting stopped at `MOST_COUNTED`; None where that is a long search."""
    return _counted(_counting(Search.of(filters)))


#: The newest openings that match, and where the search for them stopped.
_Counting = tuple[list[int], int | None]


def _counting(search: Search) -> _Counting | None:
    if search.filters.text:
        return None
    return search.openings(Bounds(), MOST_COUNTED + 1, look_at=MOST_COUNTED + 1)


def _counted(counting: _Counting | None) -> tuple[int, bool] | None:
    if counting is None or counting[1] is not None:
        return None
    found = len(counting[0])
    return min(found, MOST_COUNTED), found > MOST_COUNTED


def tally(filters: Filters) -> tuple[Counter[str], bool]:
    """How many operations ended with which result ("": under way), and whether only the newest were counted."""
    found = results(filters, MOST_COUNTED + 1)
    return Counter(found[:MOST_COUNTED]), len(found) > MOST_COUNTED


def every(filters: Filters, *, up_to: int, chunk: int = 500) -> Iterator[Operation]:
    """All operations that match and began up to the event `up_to`, newest first; `chunk` are in memory at once."""
    before: int | None = up_to + 1
    while before is not None:
        found = page(filters, before=before, size=chunk)
        yield from found.operations
        before = found.older


def beginning(day: date) -> datetime:
    """The moment at which a day begins by the firm's clock."""
    return timezone.make_aware(datetime.combine(day, time.min))


def newest() -> int:
    """Id of the newest event; 0 in an empty record."""
    return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0


def with_outcomes(events: Iterable[Event]) -> list[Operation]:
    """The operations that these events opened, each with its newest closing event: one query."""
    opened = list(events)
    asked = [event.operation for event in opened if event.stage != "fact"]
    closings: dict[uuid.UUID, Event] = {}
    if asked:
        for event in Event.objects.filter(CLOSING, operation__in=asked).order_by("id"):
            closings[event.operation] = event
    names = Names()
    return [Operation(event, closings.get(event.operation), names=names) for event in opened]


def one(operation: uuid.UUID) -> tuple[Operation, list[Event]] | None:
    """An operation and all events of its life, oldest first; None when there is no such operation."""
    events = list(Event.objects.filter(operation=operation).order_by("id"))
    opening = next((event for event in events if event.opens), None)
    if opening is None:
        return None
    closings = [event for event in events if not event.opens]
    return Operation(opening, closings[-1] if closings else None), events


def same_gesture(opening: Event, most: int = 20, hidden: frozenset[str] = frozenset()) -> list[Operation]:
    """What else the same click caused, oldest first; nothing of the kinds in `hidden`."""
    if not opening.gesture:
        return []
    others = Event.objects.filter(OPENING, gesture=opening.gesture).exclude(pk=opening.pk)
    others = others.exclude(target_kind__in=hidden)
    return with_outcomes(others.order_by("id")[:most])


def notes(opening: Event, most: int = 50) -> list[Event]:
    """What people have noted about an operation, oldest first. A note is a fact about the event that opened it."""
    found = Event.objects.filter(
        OPENING, target_kind="operation", target_id=opening.pk, action=Action.AUDIT_NOTE
    )
    return list(found.order_by("id")[:most])


def sizes_of(gestures: Iterable[str]) -> dict[str, int]:
    """How many operations each of these gestures caused: one query."""
    asked = {gesture for gesture in gestures if gesture}
    if not asked:
        return {}
    found = Event.objects.filter(OPENING, gesture__in=asked).values("gesture").annotate(number=Count("id"))
    return {row["gesture"]: row["number"] for row in found.order_by()}


def around(operation: Operation, each: int = 5) -> list[Operation]:
    """What else happened to the same target just before and after, newest first."""
    kind, target = operation.opening.target_kind, operation.target_id
    if not kind or target is None:
        return []
    filters, at = Filters(kind=kind, target=target), operation.opening.pk
    later = page(filters, after=at, size=each).operations
    return later + page(filters, before=at, size=each).operations


def unfinished(
    person: int | None = None, most: int = 20, stuck: timedelta = timedelta(minutes=2)
) -> list[Operation]:
    """Operations that need a person: outcome unknown, or under way for too long; newest first. None: everybody's."""
    waiting = Q(state=OpenOperation.State.UNKNOWN) | Q(opened_at__lt=timezone.now() - stuck)
    rows = OpenOperation.objects.filter(waiting)
    if person is not None:
        rows = rows.filter(actor_id=person)
    ids = list(rows.order_by("-opened_at").values_list("operation", flat=True)[:most])
    if not ids:
        return []
    return with_outcomes(Event.objects.filter(OPENING, operation__in=ids).order_by("-id"))
