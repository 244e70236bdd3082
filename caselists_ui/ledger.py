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

from django.db.models import Max

from caselists_ui.definition import Definition, Selection, parse, parse_selection
from caselists_ui.models import Reading, Version
from kayse_admin.audit import queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.queries import CLOSING, OPENING, Filters

Json = Any

#: The changes of members, and the set that puts an end to all of them.
MEMBERS = (
    Action.CASE_LIST_ATTACH,
    Action.CASE_LIST_DETACH,
    Action.CASE_LIST_APPEND_CLIENTS,
    Action.CASE_LIST_REMOVE_CLIENTS,
)
CHANGES = (*MEMBERS, Action.CASE_LIST_UPDATE)
#: Results after which the vendor has, or may have, the change.
HAPPENED = ("applied", "unknown", "")


@dataclass(frozen=True, slots=True)
class Step:
    """One change of members: which action with which payload; `unsure` when its outcome is not known."""

    action: Action
    payload: dict[str, Json]
    unsure: bool = False
    at: datetime | None = None
    by: str = ""

    @property
    def client_ids(self) -> tuple[int, ...]:
        """The clients of an append or a removal."""
        return tuple(self.payload.get("client_ids") or ())

    @property
    def selection(self) -> Selection:
        """The cases of an attach or a detach."""
        return parse_selection(self.payload)

    @property
    def by_ids(self) -> bool:
        """Whether it names its cases one by one, so that a set can carry them."""
        return not self.client_ids and not self.payload.get("filter")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a list: its definition (None: made elsewhere) and the changes of members since, oldest first.

    `unsure` is true when the outcome of a set is not known, so that the definition may be another.
    """

    definition: Definition | None = None
    version: int | None = None
    steps: tuple[Step, ...] = ()
    unsure: bool = False

    @property
    def mark(self) -> str:
        """Names this state, so that a form can tell whether the list was changed while it was open."""
        return f"{self.version or 0}.{len(self.steps)}"

    @property
    def by_hand(self) -> dict[int, bool]:
        """Cases that were attached (True) or detached (False) one by one since the set; the last change counts."""
        found: dict[int, bool] = {}
        for step in self.steps:
            if step.by_ids:
                found |= dict.fromkeys(step.selection.include_ids, step.action is Action.CASE_LIST_ATTACH)
        return found

    @property
    def carried(self) -> Definition | None:
        """The definition with what was attached and detached one by one since, as a set can carry it."""
        if self.definition is None:
            return None
        was = self.definition.selection
        include, exclude = dict.fromkeys(was.include_ids), dict.fromkeys(was.exclude_ids)
        for number, member in self.by_hand.items():
            into, out = (include, exclude) if member else (exclude, include)
            into[number] = None
            out.pop(number, None)
        # Without a filter there is nothing to leave a case out of.
        selection = Selection(was.filter, tuple(include), tuple(exclude) if was.narrows else ())
        return replace(self.definition, selection=selection)

    @property
    def replay(self) -> tuple[Step, ...]:
        """The changes that no set can carry, and those after them, in order: done again, they give the same members."""
        first = next((place for place, step in enumerate(self.steps) if not step.by_ids), len(self.steps))
        merged: list[Step] = []
        for step in self.steps[first:]:
            if merged and step.by_ids and merged[-1].by_ids and merged[-1].action is step.action:
                ids = dict.fromkeys((*merged[-1].selection.include_ids, *step.selection.include_ids))
                merged[-1] = replace(step, payload={"include_ids": list(ids)})
            else:
                merged.append(step)
        return tuple(merged)


def defined(version: Version) -> Definition:
    """The definition that a version keeps."""
    return parse(version.definition)


def known_of(list_ids: Iterable[int]) -> dict[int, Known]:
    """What is known of each of these lists; three queries, however many they are."""
    ids = list(list_ids)
    newest = Version.objects.filter(case_list__in=ids).values("case_list").annotate(newest=Max("id"))
    versions = {v.case_list_id: v for v in Version.objects.filter(pk__in=newest.values("newest"))}
    done = _operations(ids)
    return {pk: _known(versions.get(pk), done.get(pk, [])) for pk in ids}


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
    rows = list(begun.values_list("operation", "target_id", "action", "payload", "at", "actor_name"))
    ends = _ends(row[0] for row in rows)
    found: dict[int, list[_Done]] = defaultdict(list)
    for operation, pk, action, payload, at, by in rows:
        result, ended = ends.get(operation, ("", at))
        if pk is not None and result in HAPPENED:
            found[pk].append(_Done(operation, Action(action), payload or {}, result, ended, by))
    for done in found.values():
        done.sort(key=lambda one: one.at)
    return found


def _ends(operations: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, datetime]]:
    """How each of these operations ended, as it is told last, and when that was told first."""
    found: dict[uuid.UUID, tuple[str, datetime]] = {}
    events = Event.objects.filter(CLOSING, operation__in=list(operations)).order_by("id")
    for operation, result, at in events.values_list("operation", "result", "at"):
        found[operation] = (result, found[operation][1] if operation in found else at)
    return found


def _known(version: Version | None, done: list[_Done]) -> Known:
    """Play what was done after the newest version: a change of members adds a step, a set begins anew."""
    state = Known()
    if version is not None:
        steps = tuple(Step(Action(s["action"]), s["payload"], at=version.at) for s in version.steps)
        state = Known(defined(version), version.number, steps)
        done = [one for one in done if one.at > version.at and one.operation != version.operation]
    for one in done:
        if one.action is not Action.CASE_LIST_UPDATE:
            step = Step(one.action, one.payload, one.result != "applied", one.at, one.by)
            state = replace(state, steps=(*state.steps, step))
        elif one.result != "applied":
            state = replace(state, unsure=True)
        elif "filter" in one.payload:
            state = Known(after_set(state.definition, one.payload), state.version)
        else:  # a rename of a list whose definition is not known
            state = Known(None, state.version)
    return state


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
