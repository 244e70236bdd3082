"""What went through here for a list: its definition as it is known, the changes on top of it, and the whole history.

The vendor tells neither filter nor members, so this is all that anybody can know. The changes are the operations of
the audit record; nothing is kept twice.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Exists, Max, Min, OuterRef, Subquery, Value

from caselists_ui.definition import Definition, parse
from caselists_ui.known import Known, Step
from caselists_ui.models import Reading, Version
from kayse_admin.audit import queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import CLOSING, OPENING, Filters
from kayse_admin.audit.models import Event, Stage
from kayse_admin.audit.operation import Operation
from kayse_admin.jobs import ledger as jobs
from kayse_admin.jobs.models import Chunk, Job, Row

Json = Any

#: The changes of members, and the set that puts an end to all of them.
MEMBERS = (
    Action.CASE_LIST_ATTACH,
    Action.CASE_LIST_DETACH,
    Action.CASE_LIST_APPEND_CLIENTS,
    Action.CASE_LIST_REMOVE_CLIENTS,
)
CHANGES = (*MEMBERS, Action.CASE_LIST_UPDATE)
#: The kind of job that sets many lists.
SET_MANY = "case_lists_set"
#: Results after which the vendor has, or may have, the change.
HAPPENED = ("applied", "unknown", "")


def defined(version: Version) -> Definition:
    """The definition that a version keeps."""
    return parse(version.definition)


def known_of(list_ids: Iterable[int]) -> dict[int, Known]:
    """What is known of each of these lists; the number of queries does not grow with them."""
    ids = list(list_ids)
    newest = Version.objects.filter(case_list__in=ids).values("case_list").annotate(newest=Max("id"))
    versions = {v.case_list_id: v for v in Version.objects.filter(pk__in=newest.values("newest"))}
    done = _operations(ids)
    waiting = set[int]()
    for pk, sent_at in _of_jobs(ids):
        if sent_at is None:
            waiting.add(pk)
        else:
            done[pk].append(_Done(uuid.UUID(int=0), Action.CASE_LIST_UPDATE, {}, "unknown", sent_at, ""))
            done[pk].sort(key=lambda one: one.at)
    known = {pk: _known(versions.get(pk), done.get(pk, [])) for pk in ids}
    return {pk: replace(one, waiting=pk in waiting) for pk, one in known.items()}


def _of_jobs(list_ids: list[int]) -> list[tuple[int, datetime | None]]:
    """The lists that are among many that are set, with when that was sent.

    Either nobody knows what became of it, or it was not sent yet (None).
    """
    sent = Chunk.objects.filter(
        job=OuterRef("job"),
        first__lte=OuterRef("number"),
        last__gte=OuterRef("number"),
        sent_at__isnull=False,
    )
    rows = Row.objects.filter(target__in=list_ids)
    unknown = rows.filter(job__in=Job.objects.filter(kind=SET_MANY), outcome=Row.Outcome.UNKNOWN)
    told = unknown.annotate(sent_at=Subquery(sent.order_by("-sent_at").values("sent_at")[:1]))
    going = Job.objects.filter(kind=SET_MANY, state__in=(*jobs.ACTIVE, Job.State.PAUSED))
    planned = rows.filter(job__in=going, outcome="").annotate(sent_at=Value(None, DateTimeField()))
    return [
        (pk, at)
        for pk, at in told.union(planned, all=True).values_list("target", "sent_at")
        if pk is not None
    ]


def known(list_id: int) -> Known:
    """What is known of one list."""
    return known_of([list_id])[list_id]


@dataclass(frozen=True, slots=True)
class _Done:
    """An operation of the record with its end: `at` is when it ended, or began while nobody knows."""

    operation: uuid.UUID
    action: Action
    payload: dict[str, Json]
    result: str
    at: datetime
    by: str


def _operations(ids: list[int]) -> dict[int, list[_Done]]:
    begun = Event.objects.filter(
        OPENING, target_kind="case_list", target_id__in=ids, action__in=CHANGES
    ).order_by("id")
    columns = ("operation", "target_id", "action", "payload", "at", "actor_name", "result")
    rows = list(begun.values_list(*columns))
    ends = _ends(row[0] for row in rows)
    found: dict[int, list[_Done]] = defaultdict(list)
    for operation, pk, action, payload, at, by, at_once in rows:
        # A fact tells its result itself: the line of one list among many that were changed.
        result, ended = ends.get(operation, (at_once, _sent_at(payload)))
        if pk is not None and result in HAPPENED:
            found[pk].append(_Done(operation, Action(action), payload or {}, result, ended or at, by))
    for done in found.values():
        done.sort(key=lambda one: one.at)
    return found


def _sent_at(payload: Mapping[str, Json] | None) -> datetime | None:
    """When the set of one list among many was sent, where it was found out late that it was done."""
    told = (payload or {}).get("sent_at")
    return datetime.fromisoformat(told) if told else None


def _ends(operations: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, datetime | None]]:
    """How each of these operations ended, as it is told last, and when that was told first.

    None where no answer told it: a look that comes later does not say when it was done.
    """
    found: dict[uuid.UUID, tuple[str, datetime | None]] = {}
    events = Event.objects.filter(CLOSING, operation__in=list(operations)).order_by("id")
    for operation, stage, result, at in events.values_list("operation", "stage", "result", "at"):
        first = None if stage == Stage.RECONCILED else at
        found[operation] = (result, found[operation][1] if operation in found else first)
    return found


def _known(version: Version | None, done: list[_Done]) -> Known:
    """Play what was done after the newest version: a change of members adds a step, a set begins anew."""
    state = Known()
    if version is not None:
        steps = tuple(Step.read(raw, version.at) for raw in version.steps)
        state = Known(defined(version), version.number, steps)
        done = [one for one in done if one.at > version.at and one.operation != version.operation]
    for one in done:
        if one.action is not Action.CASE_LIST_UPDATE:
            step = Step(one.action, one.payload, one.result != "applied", one.at, one.by)
            state = replace(state, steps=(*state.steps, step))
        elif one.result != "applied":
            sent = after_set(state.definition, one.payload) if "filter" in one.payload else None
            state = replace(state, doubtful=True, sent=sent)
        elif "filter" in one.payload:
            state = Known(after_set(state.definition, one.payload), state.version)
        else:  # a rename of a list whose definition is not known
            state = Known(None, state.version)
    return state


def oldest_needed() -> datetime | None:
    """When the oldest change was begun that is on top of the newest version of a living list: the record keeps it."""
    newest = Version.objects.filter(case_list=OuterRef("target_id"), case_list__gone_at=None).order_by("-id")
    kept = Version.objects.filter(operation=OuterRef("operation"))
    changes = Event.objects.filter(OPENING, ~Exists(kept), target_kind="case_list", action__in=CHANGES)
    found: datetime | None = changes.filter(at__gt=Subquery(newest.values("at")[:1])).aggregate(at=Min("at"))[
        "at"
    ]
    return found


def after_set(was: Definition | None, payload: Mapping[str, Json]) -> Definition:
    """The definition that a set leaves: what was sent, and the on-behalf-of flag that was not."""
    sent = parse(payload)
    return replace(sent, is_obo=was.is_obo) if was and sent.is_obo is None else sent


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation on a list as its history shows it, with the counts that were told before it and after it."""

    operation: Operation
    version: Version | None
    before: Reading | None
    after: Reading | None

    @property
    def matched(self) -> int | None:
        """How many cases the vendor says that the clients have."""
        answer = self.operation.last.answer
        found = answer.get("matched_case_count") if isinstance(answer, dict) else None
        return found if isinstance(found, int) else None


def history(list_id: int, most: int = 50) -> list[Entry]:
    """The newest operations on a list, newest first; the number of queries does not grow with them."""
    operations = queries.page(Filters(kind="case_list", target=list_id), size=most).operations
    versions = {version.operation: version for version in Version.objects.filter(case_list=list_id)}
    readings = list(Reading.objects.filter(case_list=list_id).order_by("id"))
    after = {reading.operation: reading for reading in readings if reading.operation}
    return [
        Entry(
            one,
            versions.get(one.opening.operation),
            next((r for r in reversed(readings) if r.at < one.opening.at), None),
            after.get(one.opening.operation),
        )
        for one in operations
    ]
