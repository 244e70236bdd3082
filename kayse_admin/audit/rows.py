"""Operations made ready for a template: words, badges, links, grouped by day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import parts, queries
from kayse_admin.audit.diff import Change
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import Operation, badge_of, cost_of
from kayse_admin.audit.records import RESULT_WORDS, Json
from kayse_admin.audit.sentences import Sentence
from kayse_admin.converters import parse_id
from kayse_admin.pager import Pager

#: The longest JSON that a page shows; the export has the rest.
LONGEST_JSON = 20_000
_STAGES = {
    "intent": "Written down before anything was sent",
    "outcome": "Outcome",
    "reconciled": "Found out later",
    "fact": "Recorded",
}
#: Where a target's own page is, and who may open it.
_PAGES = {
    "client": ("clients_ui:detail", Capability.CLIENTS_VIEW),
    "case_list": ("caselists_ui:detail", Capability.LISTS_VIEW),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log: one operation, or several that one click caused. `number`: how many it caused in all."""

    operations: list[Operation]
    number: int = 1

    @property
    def newest(self) -> Operation:
        """The operation that stands for the line."""
        return self.operations[0]

    @property
    def row(self) -> Row:
        """The words of its newest operation."""
        return row(self.newest)

    @property
    def worst(self) -> Operation | None:
        """The newest operation of the line that did not simply happen."""
        return next((operation for operation in self.operations if operation.result != "applied"), None)


@dataclass(frozen=True, slots=True)
class Row:
    """The words of one operation, ready for the log: a page has many, and a template finds words slowly.

    `result` is empty for what simply happened; `facts` are the action, the address and the cost in one line.
    """

    by: str
    said: Sentence
    badge: str
    result: str
    time: str
    changes: list[Change]
    detail: str
    facts: str
    url: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the log: its heading and its lines, newest first."""

    heading: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Step:
    """One event in the life of an operation."""

    title: str
    badge: str
    result: str
    at: datetime
    person: str
    facts: str
    detail: str


def by_day(operations: Iterable[Operation]) -> list[Day]:
    """The operations under the days on which they began, by the firm's clock; what one click caused is one line."""
    shown = list(operations)
    neighbours = [one.opening.gesture for one, next_one in pairwise(shown) if _together(one, next_one)]
    sizes = queries.sizes_of(neighbours)
    days = groupby(shown, key=lambda operation: timezone.localtime(operation.opening.at).date())
    return [Day(heading(day), list(_lines(found, sizes))) for day, found in days]


def row(operation: Operation) -> Row:
    """An operation in words."""
    opening, last = operation.opening, operation.last
    at = timezone.localtime(opening.at)
    came = f"from {opening.address}" if opening.address else ""
    return Row(
        by=opening.actor_name,
        said=operation.sentence,
        badge=operation.badge,
        result="" if last.result == "applied" else operation.result_words,
        time=f"{at:%H:%M}",
        changes=operation.changes,
        detail=operation.detail,
        facts=" · ".join(part for part in (operation.action_words, came, cost_of(last)) if part),
        url=reverse("audit:operation", args=[opening.operation]),
    )


def _together(one: Operation, other: Operation) -> bool:
    return bool(one.opening.gesture) and one.opening.gesture == other.opening.gesture


def _lines(operations: Iterable[Operation], sizes: Mapping[str, int]) -> Iterator[Line]:
    for gesture, found in groupby(
        operations, key=lambda operation: operation.opening.gesture or operation.opening.pk
    ):
        together = list(found)
        yield Line(together, max(sizes.get(str(gesture), 1), len(together)))


def heading(day: date) -> str:
    """ "Today, November 21", "Yesterday, November 20", "Monday, November 16", and the year when it is another."""
    today = timezone.localdate()
    name = {today: "Today", today - timedelta(days=1): "Yesterday"}.get(day, format_date(day, "l"))
    return f"{name}, {format_date(day, 'F j' if day.year == today.year else 'F j, Y')}"


def life(operation: Operation, events: Iterable[Event]) -> list[Step]:
    """The events of one operation as steps, oldest first."""
    return [
        Step(
            title=_STAGES.get(event.stage, event.stage),
            badge=badge_of(event.result),
            result="" if event.stage == "intent" else RESULT_WORDS.get(event.result, event.result),
            at=event.at,
            person=event.actor_name,
            facts=cost_of(event),
            detail=str(operation.shown(event.detail)),
        )
        for event in events
    ]


@dataclass(frozen=True, slots=True)
class Parts:
    """A page of what a request of a job did to each: how many in all, those shown, and the pager (or None)."""

    total: int
    shown: list[parts.Part]
    pager: Pager | None


def parts_page(operation: Operation, request: HttpRequest) -> Parts:
    """The page of parts that the address asks for: by its first place ("part"), or by an id that is on it ("about")."""
    sent = parts.items(operation.opening)[1]
    total, about = len(sent), parse_id(request.GET.get("about", ""))
    asked = parse_id(request.GET.get("part", "")) or 1
    if about in (places := {parts.ident(item): place for place, item in enumerate(sent)}):
        asked = places[about] // parts.A_PAGE * parts.A_PAGE + 1
    first = asked if asked <= total else 1
    shown = parts.page(
        operation.opening, first, operation.shown, hides=operation.hides, names=operation.names
    )
    if total <= parts.A_PAGE:
        return Parts(total, shown, None)
    here, last = reverse("audit:operation", args=[operation.opening.operation]), first + len(shown) - 1
    return Parts(
        total,
        shown,
        Pager(
            first=first,
            last=last,
            total=total,
            previous_url=f"{here}?part={max(1, first - parts.A_PAGE)}#parts" if first > 1 else "",
            next_url=f"{here}?part={last + 1}#parts" if last < total else "",
        ),
    )


def target_page(operation: Operation, actor: Actor) -> str:
    """The address of the target's own page; "" when it has none or the person may not open it."""
    if operation.opening.target_kind == "operation":
        payload = operation.opening.payload
        return reverse("audit:operation", args=[payload["operation"]]) if isinstance(payload, dict) else ""
    name, capability = _PAGES.get(operation.opening.target_kind, ("", None))
    if not name or operation.target_id is None or not actor.can(str(capability)):
        return ""
    try:
        return reverse(name, args=[operation.target_id])
    except NoReverseMatch:
        return ""


def pretty(operation: Operation, value: Json) -> str:
    """JSON for people to read, without what may not be seen; "" for none. Very long ones are cut."""
    if value is None:
        return ""
    text = json.dumps(operation.shown(value), ensure_ascii=False, indent=2)
    return (
        text
        if len(text) <= LONGEST_JSON
        else f"{text[:LONGEST_JSON]}\n… cut after {LONGEST_JSON:,} characters"
    )
