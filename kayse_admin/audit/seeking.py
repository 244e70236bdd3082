"""How a filter becomes seeks: which index leads to the operations, and how many of them a page may look at.

Each condition has an index that lists its openings in order. Alone, the page is one seek along it. Of several
conditions the one leads whose openings lie farthest apart from where the page begins, and the others are looked up
for what it lists, in steps that grow. A page looks at `LOOKED_AT` openings at most, however many there are, and says
where it stopped; the next one goes on from there. So no combination of filters, and no text, is a slow page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kayse_admin.among import Among
from kayse_admin.audit import mentions
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import CLOSING, OPENING, UNDER_WAY, Filters
from kayse_admin.audit.models import Event, OpenOperation

#: A page of several conditions looks at so many operations at most.
LOOKED_AT = 2_000
#: How far a condition's openings lie apart is told from where so many of them end.
SAMPLE = 1_000
#: An event's time is read before its id is given out, and a busy database may lie between: ids and times agree
#: in order but for so much. A time range is turned into a range of ids with this margin, and then compared exactly.
MARGIN = timedelta(hours=1)
#: So many events beyond the margin are asked for the id at which a time range begins or ends.
NEIGHBOURS = 1_000
#: These learn their target's id from the answer: it stands on the closing event alone.
_CREATES = (Action.CLIENT_CREATE, Action.CASE_LIST_CREATE, Action.CASE_LIST_DUPLICATE)

#: How an operation ended: what its newest closing event tells, or the fact itself; "" while it is under way.
ENDED = Coalesce(
    Subquery(
        Event.objects.filter(CLOSING, operation=OuterRef("operation")).order_by("-id").values("result")[:1]
    ),
    F("result"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of ids, inclusive at both ends; None is open. `forward`: read from its low end."""

    low: int | None = None
    high: int | None = None
    forward: bool = False

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
        return Bounds(max(lows, default=None), min(highs, default=None), self.forward)

    def order(self, column: str) -> str:
        """The column in the order in which the range is read."""
        return column if self.forward else f"-{column}"

    def __contains__(self, pk: int) -> bool:
        """Whether an id lies in the range."""
        return (self.low is None or self.low <= pk) and (self.high is None or pk <= self.high)

    def up_to(self, pk: int | None) -> Bounds:
        """The part of the range that is read first, up to this id; None: all of it."""
        return self.narrowed(high=pk) if self.forward else self.narrowed(low=pk)

    def behind(self, pk: int) -> Bounds:
        """What is left of the range when it has been read up to this id."""
        return self.narrowed(low=pk + 1) if self.forward else self.narrowed(high=pk - 1)


@dataclass(frozen=True, slots=True)
class Index:
    """Events along an index, and the column that holds the ids of the openings they belong to."""

    events: QuerySet[Event]
    column: str = "id"

    def ids(self, bounds: Bounds, most: int, skip: int = 0) -> list[int]:
        """The first ids in the range, in its order, without as many as `skip`."""
        order = dict.fromkeys((self.column, "id"))
        found = self.events.filter(bounds.on(self.column)).order_by(*(bounds.order(name) for name in order))
        return list(found.values_list(self.column, flat=True)[skip : skip + most])


@dataclass(frozen=True, slots=True)
class Lead:
    """The openings of one condition: along one index or several, and a few that are known by their ids."""

    indexes: tuple[Index, ...]
    known: frozenset[int] = frozenset()
    #: Whether the condition is that on the result.
    tells_result: bool = False
    #: Whether these are the openings that fulfil the condition, and lie in the time range if there is one.
    tells_all: bool = False

    def along(self, bounds: Bounds, most: int) -> tuple[list[int], int | None]:
        """About `most` ids in order, and the one up to which these are all (None: no others follow)."""
        lists = [index.ids(bounds, most) for index in self.indexes]
        nearest = min if bounds.forward else max
        edge = nearest((ids[-1] for ids in lists if len(ids) == most), default=None)
        within = bounds.up_to(edge)
        found = {pk for ids in (*lists, self.known) for pk in ids if pk in within}
        return sorted(found, reverse=not bounds.forward), edge

    def spread(self, bounds: Bounds) -> float:
        """How far its next `SAMPLE` openings reach; infinite when there are fewer."""
        ends = [end for index in self.indexes for end in index.ids(bounds, 1, skip=SAMPLE - 1)]
        if not ends:
            return float("inf")
        return float(min(ends) if bounds.forward else -max(ends))


def results(filters: Filters, most: int) -> list[str]:
    """How the newest operations that match ended: "" for those under way."""
    search = Search.of(filters)
    events = search.events().filter(search.within.on("id"))
    return list(events.annotate(ended=ENDED).order_by("-id").values_list("ended", flat=True)[:most])


def in_time(filters: Filters) -> Bounds:
    """The ids around a time range, so that the index leads there from any place in the record.

    What lies more than the margin outside the range lies outside it in the order of ids, too, unless a clock was
    wrong; of many neighbours the farthest is taken, so that some wrong ones hide nothing.
    """
    events, bounds = Event.objects.filter(OPENING), Bounds()
    if filters.since is not None:
        earlier = events.filter(at__lt=filters.since - MARGIN).order_by("-at", "-id")
        found = earlier[:NEIGHBOURS].aggregate(end=Min("id"), many=Count("id"))
        bounds = bounds.narrowed(low=found["end"] if found["many"] == NEIGHBOURS else None)
    if filters.until is not None:
        later = events.filter(at__gte=filters.until + MARGIN).order_by("at", "id")
        found = later[:NEIGHBOURS].aggregate(end=Max("id"), many=Count("id"))
        bounds = bounds.narrowed(high=found["end"] if found["many"] == NEIGHBOURS else None)
    return bounds


@dataclass(frozen=True, slots=True)
class Search:
    """A filter with what is asked once, for all the pages that are sought with it.

    `within`: the ids around its time range. `meant`: openings about its target that do not name it when they begin.
    `flying`: what is being done at this moment, never much.
    """

    filters: Filters
    within: Bounds
    meant: frozenset[int] = frozenset()
    flying: frozenset[int] = frozenset()

    @classmethod
    def of(cls, filters: Filters) -> Search:
        """A search under this filter."""
        flying = _under_way() if filters.result == UNDER_WAY else frozenset()
        return cls(filters, in_time(filters), _meant(filters), flying)

    def openings(self, cursor: Bounds, most: int, look_at: int | None = None) -> tuple[list[int], int | None]:
        """Ids of at most `most` openings that match, in order; and where a long search stopped before it had as many.

        It stops when it has looked at `look_at` (else `LOOKED_AT`) openings; one along a single index never does.
        """
        bounds, look_at = cursor.narrowed(self.within.low, self.within.high), look_at or LOOKED_AT
        leads = self.leads()
        lead = leads[0] if len(leads) == 1 else max(leads, key=lambda one: one.spread(bounds))
        alone = len(leads) == 1 and lead.tells_all and not self.filters.rest
        found: list[int] = []
        looked, step = 0, most if alone else min(most + 100, look_at)
        while True:
            ids, edge = lead.along(bounds, step)
            found += ids if alone else sorted(self.matching(ids, lead), reverse=not bounds.forward)
            looked += len(ids)
            if len(found) >= most or edge is None:
                return found[:most], None
            if looked >= look_at and not alone:
                return found, edge
            bounds, step = bounds.behind(edge), step if alone else min(step * 4, look_at - looked)

    @property
    def about(self) -> Q:
        """The condition on the target."""
        return Q(target_kind=self.filters.kind, target_id=self.filters.target)

    def leads(self) -> list[Lead]:
        """A lead for each condition that has an index; that of all openings when there is none."""
        filters, opening = self.filters, Event.objects.filter(OPENING)
        timeless = not filters.during
        found = [Lead((Index(opening.filter(one)),), tells_all=timeless) for one in filters.equalities]
        if filters.target is not None:
            found.append(Lead((Index(opening.filter(self.about)),), self.meant, tells_all=timeless))
        if filters.result == UNDER_WAY:
            found.append(Lead((), self.flying, tells_all=timeless))
        elif filters.result:
            closings = Event.objects.filter(CLOSING, result=filters.result)
            facts = opening.filter(result=filters.result, begun=0)
            found.append(Lead((Index(closings, "begun"), Index(facts)), tells_result=True))
        return found or [Lead((Index(opening.filter(filters.during)),), tells_all=True)]

    def matching(self, ids: Collection[int], lead: Lead) -> set[int]:
        """Those of these openings, which the lead listed, that fulfil every condition; what it says is asked last."""
        steps = [self._ended, self._fulfilling]
        left = set(ids)
        for step in reversed(steps) if lead.tells_result else steps:
            left = step(left) if left else left
        return left

    def _ended(self, ids: set[int]) -> set[int]:
        """Those that ended so, as their newest closing event tells it, and the facts among them."""
        result = self.filters.result
        if not result or result == UNDER_WAY:
            return ids & self.flying if result else ids
        later = Event.objects.filter(operation=OuterRef("operation"), id__gt=OuterRef("id"))
        closings = Event.objects.filter(CLOSING, Among("begun", ids), ~Exists(later), result=result)
        facts = Event.objects.filter(OPENING, Among("id", ids), result=result, begun=0)
        return {*closings.values_list("begun", flat=True), *facts.values_list("id", flat=True)}

    def _fulfilling(self, ids: set[int]) -> set[int]:
        filters = self.filters
        if not (filters.equalities or filters.rest or filters.during or filters.target is not None):
            return ids
        return set(self.events().filter(Among("id", ids)).values_list("id", flat=True))

    def events(self) -> QuerySet[Event]:
        """The openings that fulfil every condition but that on the result."""
        filters = self.filters
        events = Event.objects.filter(OPENING, filters.during, filters.rest, *filters.equalities)
        return events.filter(self.about | Q(pk__in=self.meant)) if self.filters.target is not None else events


def _meant(filters: Filters) -> frozenset[int]:
    """What made the target, which knows its id only when it has ended; and the requests of jobs that held it."""
    if filters.target is None:
        return frozenset()
    told = Q(target_kind=filters.kind, target_id=filters.target, action__in=_CREATES)
    made = Event.objects.filter(CLOSING, told).order_by("id").values_list("begun", flat=True)[:10]
    return frozenset(made) | (mentions.of(filters.kind, filters.target) if filters.mentions else frozenset())


def _under_way() -> frozenset[int]:
    flying = OpenOperation.objects.filter(state=OpenOperation.State.IN_FLIGHT)
    operations = list(flying.order_by("-opened_at").values_list("operation", flat=True)[:LOOKED_AT])
    return frozenset(Event.objects.filter(OPENING, operation__in=operations).values_list("id", flat=True))
