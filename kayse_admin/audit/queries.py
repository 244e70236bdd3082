"""Finding operations in the record: by filter, a page at a time, each with the event that tells how it ended.

A page is one seek along an index, whatever its place in the record, and a second query for the outcomes; nothing
grows with the rows. The list is in the order of the ids of the events that open the operations.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.records import RESULT_WORDS

#: Counting stops here: "more than 1,000".
MOST_COUNTED = 1_000
#: Free text is looked for in at most this many operations a page; the next page goes on from there.
TEXT_WINDOW = 10_000
#: An event's time is read before its id is given out, and a busy database may lie between: ids and times agree
#: in order but for so much. A time range is turned into a range of ids with this margin, and then compared exactly.
MARGIN = timedelta(hours=1)
#: So many events beyond the margin are asked for the id at which a time range begins or ends.
NEIGHBOURS = 1_000
#: The filter's word for operations without an outcome; `Event.result` is empty for them.
UNDER_WAY = "under_way"
#: These learn their target's id from the answer: it stands on the closing event alone.
_CREATES = (Action.CLIENT_CREATE, Action.CASE_LIST_CREATE, Action.CASE_LIST_DUPLICATE)

# Django writes `opens=True` as a bare column, which SQLite does not look up in an index; a list of one value it does.
OPENING = Q(opens__in=[True])
CLOSING = Q(opens__in=[False])


@dataclass(frozen=True, slots=True)
class Filters:
    """Which operations; every None or "" is no filter. `until` is exclusive; `person` 0 is the system."""

    text: str = ""
    person: int | None = None
    role: str = ""
    action: str = ""
    result: str = ""
    kind: str = ""
    target: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    address: str = ""
    job: int | None = None
    gesture: str = ""
    #: Only what was meant for the vendor: no sign-ins, exports and other facts of this house.
    changes_only: bool = False
    #: Kinds of targets that the reader may see nothing of (`audit.reading`).
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Operations, newest first, and the cursors of the pages beside it.

    `older`: rows before this id follow; `newer`: rows after it precede; None where there are none. `searched_to` is
    set when a search for text stopped before it had looked through the whole record: the moment it came to.
    """

    operations: list[Operation]
    older: int | None = None
    newer: int | None = None
    searched_to: datetime | None = None


def page(filters: Filters, *, before: int | None = None, after: int | None = None, size: int = 25) -> Page:
    """The page that follows the cursor `before` (towards older) or precedes `after` (towards newer); else the first."""
    forward = after is not None and before is None
    cursor = Bounds(low=after + 1) if forward and after is not None else Bounds()
    if before is not None:
        cursor = Bounds(high=before - 1)
    found, edge = _openings(filters, cursor, size + 1, forward=forward)
    more, found = len(found) > size, found[:size]
    if forward:
        found.reverse()
    older = found[-1].pk if found and (more or forward) else None
    newer = found[0].pk if found and (more if forward else before is not None) else None
    if edge is not None and not more:  # the window of a search ended here: the next page goes on behind it
        older = None if forward else edge.pk
        newer = edge.pk if forward else newer
    return Page(with_outcomes(found), older, newer, edge.at if edge and not more else None)


def count(filters: Filters) -> tuple[int, bool] | None:
    """How many operations match, and whether counting stopped at `MOST_COUNTED`; None for a search by text."""
    if filters.text:
        return None
    bounds = _in_time(filters, Bounds())
    found = len(_ids(_predicate(filters), bounds, filters.result, MOST_COUNTED + 1, forward=False))
    return min(found, MOST_COUNTED), found > MOST_COUNTED


def tally(filters: Filters) -> tuple[Counter[str], bool]:
    """How many operations ended with which result ("": under way), and whether only the newest were counted."""
    where, bounds = _predicate(filters), _in_time(filters, Bounds())
    found = Event.objects.filter(OPENING, where, bounds.on("id")).annotate(
        ended=Coalesce(_LAST_WORD, F("result"))
    )
    results = list(found.order_by("-id").values_list("ended", flat=True)[: MOST_COUNTED + 1])
    return Counter(results[:MOST_COUNTED]), len(results) > MOST_COUNTED


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


def with_outcomes(openings: Iterable[Event]) -> list[Operation]:
    """The operations that these events opened, each with its newest closing event: one query."""
    opened = list(openings)
    asked = [event.operation for event in opened if event.stage != "fact"]
    closings: dict[uuid.UUID, Event] = {}
    if asked:
        for event in Event.objects.filter(CLOSING, operation__in=asked).order_by("id"):
            closings[event.operation] = event
    return [Operation(event, closings.get(event.operation)) for event in opened]


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


# --- How a filter becomes a seek ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of ids, inclusive at both ends; None is open."""

    low: int | None = None
    high: int | None = None

    def on(self, column: str) -> Q:
        """The range as a condition on a column that holds ids of openings."""
        where = Q()
        if self.low is not None:
            where &= Q(**{f"{column}__gte": self.low})
        if self.high is not None:
            where &= Q(**{f"{column}__lte": self.high})
        return where

    def narrowed(self, low: int | None = None, high: int | None = None) -> Bounds:
        """The part of the range between these, too."""
        lows = [bound for bound in (self.low, low) if bound is not None]
        highs = [bound for bound in (self.high, high) if bound is not None]
        return Bounds(max(lows, default=None), min(highs, default=None))


def _openings(
    filters: Filters, cursor: Bounds, most: int, *, forward: bool
) -> tuple[list[Event], Event | None]:
    """At most `most` opening events, and for a search by text the event at which its window ended, if it did."""
    where, bounds = _predicate(filters), _in_time(filters, cursor)
    edge = None
    if filters.text:
        if filters.result not in _FROM_OUTCOMES:
            edge = _window(where, bounds, forward=forward)
        where &= _contains(filters.text)
    if edge is not None:
        bounds = bounds.narrowed(high=edge.pk) if forward else bounds.narrowed(low=edge.pk)
    ids = _ids(where, bounds, filters.result, most, forward=forward)
    found = Event.objects.filter(pk__in=ids).order_by("id" if forward else "-id")
    return list(found) if ids else [], edge


def _window(where: Q, bounds: Bounds, *, forward: bool) -> Event | None:
    """The last event that a search by text looks at in one go; None when fewer are left."""
    ids = Event.objects.filter(OPENING, where, bounds.on("id")).order_by("id" if forward else "-id")
    last = ids.values_list("id", flat=True)[TEXT_WINDOW - 1 : TEXT_WINDOW].first()
    return Event.objects.get(pk=last) if last else None


def _contains(text: str) -> Q:
    return (
        Q(target_label__icontains=text)
        | Q(actor_name__icontains=text)
        | Q(reason__icontains=text)
        | Q(detail__icontains=text)
    )


def _ids(where: Q, bounds: Bounds, result: str, most: int, *, forward: bool) -> list[int]:
    """Ids of at most `most` opening events that match, in order."""
    if result in _FROM_OUTCOMES:
        return _rare(where, bounds, result, most, forward=forward)
    if result and result != UNDER_WAY:
        return _common(where, bounds, result, most, forward=forward)
    found = Event.objects.filter(OPENING, where, bounds.on("id"))
    if result == UNDER_WAY:
        found = found.filter(
            operation__in=OpenOperation.objects.filter(state="in_flight").values("operation")
        )
    return list(found.order_by("id" if forward else "-id").values_list("id", flat=True)[:most])


#: Nearly every operation is applied: those are filtered out of all. The other results are looked for from their
#: closing events, because they may be years apart.
_FROM_OUTCOMES = frozenset(RESULT_WORDS) - {"applied", ""}
#: The result that the newest closing event tells.
_LAST_WORD = Subquery(
    Event.objects.filter(CLOSING, operation=OuterRef("operation")).order_by("-id").values("result")[:1]
)
_IS_LAST_WORD = ~Exists(Event.objects.filter(CLOSING, operation=OuterRef("operation"), id__gt=OuterRef("id")))


def _common(where: Q, bounds: Bounds, result: str, most: int, *, forward: bool) -> list[int]:
    """The result that nearly all have: read along the index and compared here, in windows that grow.

    Asked in one statement, PostgreSQL may rather read and sort the whole record (330 ms for 400,000 events).
    """
    found: list[int] = []
    window = most + 100
    while True:
        events = Event.objects.filter(OPENING, where, bounds.on("id")).annotate(
            ended=Coalesce(_LAST_WORD, F("result"))
        )
        seen = list(events.order_by("id" if forward else "-id").values_list("id", "ended")[:window])
        found += [pk for pk, ended in seen if ended == result]
        if len(found) >= most or len(seen) < window:
            return found[:most]
        last = seen[-1][0]
        bounds = bounds.narrowed(low=last + 1) if forward else bounds.narrowed(high=last - 1)
        window = min(window * 2, TEXT_WINDOW)


def _rare(where: Q, bounds: Bounds, result: str, most: int, *, forward: bool) -> list[int]:
    along = "" if forward else "-"
    facts = Event.objects.filter(OPENING, where, bounds.on("id"), result=result, begun=0)
    closings = Event.objects.filter(CLOSING, _IS_LAST_WORD, bounds.on("begun"), result=result)
    if where:
        closings = closings.filter(Exists(Event.objects.filter(OPENING, where, pk=OuterRef("begun"))))
    begun = closings.order_by(f"{along}begun", f"{along}id").values_list("begun", flat=True)[:most]
    ids = facts.order_by(f"{along}id").values_list("id", flat=True)[:most]
    return sorted({*begun, *ids}, reverse=not forward)[:most]


def _predicate(filters: Filters) -> Q:
    """What the opening event itself must say."""
    where = Q()
    if filters.person is not None:
        where &= Q(actor_id=filters.person) if filters.person else Q(actor_id__isnull=True)
    if filters.role:
        where &= Q(actor_role=filters.role)
    if filters.action:
        where &= Q(action=filters.action)
    if filters.address:
        where &= Q(address=filters.address)
    if filters.job is not None:
        where &= Q(job=filters.job)
    if filters.gesture:
        where &= Q(gesture=filters.gesture)
    if filters.changes_only:
        where &= Q(stage="intent")
    if filters.hidden:
        where &= ~Q(target_kind__in=filters.hidden)
    if filters.target is not None:
        where &= _about(filters.kind, filters.target)
    elif filters.kind:
        where &= Q(target_kind=filters.kind)
    if filters.since is not None:
        where &= Q(at__gte=filters.since)
    if filters.until is not None:
        where &= Q(at__lt=filters.until)
    return where


def _about(kind: str, target: int) -> Q:
    """Operations on a target, with the one that made it: a create knows the id only when it has ended."""
    made = Event.objects.filter(CLOSING, target_kind=kind, target_id=target, action__in=_CREATES)
    begun = list(made.order_by("id").values_list("begun", flat=True)[:10])
    named = Q(target_kind=kind, target_id=target)
    return named | Q(pk__in=begun) if begun else named


def _in_time(filters: Filters, cursor: Bounds) -> Bounds:
    """The ids around a time range, so that the index leads there from any place in the record.

    What lies more than the margin outside the range lies outside it in the order of ids, too, unless a clock was
    wrong; of many neighbours the farthest is taken, so that some wrong ones hide nothing.
    """
    events, bounds = Event.objects.filter(OPENING), cursor
    if filters.since is not None:
        earlier = events.filter(at__lt=filters.since - MARGIN).order_by("-at", "-id")
        ids = list(earlier.values_list("id", flat=True)[:NEIGHBOURS])
        bounds = bounds.narrowed(low=min(ids) if len(ids) == NEIGHBOURS else None)
    if filters.until is not None:
        later = events.filter(at__gte=filters.until + MARGIN).order_by("at", "id")
        ids = list(later.values_list("id", flat=True)[:NEIGHBOURS])
        bounds = bounds.narrowed(high=max(ids) if len(ids) == NEIGHBOURS else None)
    return bounds
