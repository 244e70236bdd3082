"""What is known of a list at one moment: its definition, the changes of members since, and what a set does to them.

Pure values: nothing here knows a database or the vendor; `ledger` fills them out of the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zlib import crc32

from caselists_ui.definition import Definition, Selection, parse_selection
from kayse_admin.audit.actions import Action

Json = Any


@dataclass(frozen=True, slots=True)
class Step:
    """One change of members: which action with which payload; `unsure` when its outcome is not known."""

    action: Action
    payload: dict[str, Json]
    unsure: bool = False
    at: datetime | None = None
    by: str = ""

    @classmethod
    def read(cls, raw: Mapping[str, Json], at: datetime | None = None) -> Step:
        """A change out of `record`."""
        return cls(Action(raw["action"]), raw["payload"], bool(raw.get("unsure")), at)

    @property
    def record(self) -> dict[str, Json]:
        """The change as a copy of the list takes it along."""
        return {"action": self.action, "payload": self.payload, **({"unsure": True} if self.unsure else {})}

    @property
    def client_ids(self) -> tuple[int, ...]:
        """The clients of an append or a removal."""
        return tuple(self.payload.get("client_ids") or ())

    @property
    def selection(self) -> Selection:
        """The cases of an attach or a detach."""
        return parse_selection(self.payload)

    @property
    def case_ids(self) -> tuple[int, ...]:
        """The cases that it names one by one."""
        return tuple(self.payload.get("include_ids") or ())

    @property
    def by_ids(self) -> bool:
        """Whether it names its cases one by one, so that a set can carry them."""
        return not self.client_ids and not self.payload.get("filter")

    @property
    def joins(self) -> bool:
        """Whether it puts cases on the list; else it takes them off."""
        return self.action in (Action.CASE_LIST_ATTACH, Action.CASE_LIST_APPEND_CLIENTS)

    @property
    def parts(self) -> tuple[Step, ...]:
        """The same change as two where it names cases beside its filter: what the filter finds, and what is named."""
        if self.by_ids or not self.case_ids:
            return (self,)
        without = set(self.payload.get("exclude_ids") or ())
        found = {name: value for name, value in self.payload.items() if name != "include_ids"}
        return replace(self, payload=found), self.naming(n for n in self.case_ids if n not in without)

    def naming(self, case_ids: Iterable[int]) -> Step:
        """The same change of these cases."""
        return replace(self, payload={"include_ids": list(dict.fromkeys(case_ids))})


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a list: its definition (None: made elsewhere) and the changes of members since, oldest first.

    `doubtful`: the outcome of a set is not known, so that the definition may be another: `sent`, where that was told.
    `waiting`: a job has not come yet to setting it.
    """

    definition: Definition | None = None
    version: int | None = None
    steps: tuple[Step, ...] = ()
    doubtful: bool = False
    waiting: bool = False
    sent: Definition | None = None

    @property
    def unsure(self) -> bool:
        """Whether the definition may be another, or is about to be."""
        return self.doubtful or self.waiting

    @property
    def mark(self) -> str:
        """Names this state, so that a form can tell whether the list was changed while it was open."""
        told = repr([(step.at, step.unsure) for step in self.steps])
        return f"{self.version or 0}.{len(self.steps)}" + (
            f".{crc32(told.encode()):08x}" if self.steps else ""
        )

    @property
    def asks(self) -> bool:
        """Whether a person has to say that the list is to be what a form says, whatever became of earlier changes."""
        return self.doubtful or bool(self.undecided)

    @property
    def undecided(self) -> tuple[Step, ...]:
        """The changes whose outcome nobody knows, but for those about cases that were named again since.

        They count for nothing: what is to become of them is for a person to say.
        """
        later: set[int] = set()
        found = []
        for step in reversed(self.steps):
            if step.unsure and not (step.by_ids and later.issuperset(step.case_ids)):
                found.append(step)
            elif not step.unsure:
                later.update(n for part in step.parts if part.by_ids for n in part.case_ids)
        return tuple(reversed(found))

    @property
    def _parts(self) -> tuple[Step, ...]:
        """The changes that are known to have been done, in order; those that name cases beside a filter as two."""
        return tuple(part for step in self.steps if not step.unsure for part in step.parts)

    @property
    def by_hand(self) -> dict[int, bool]:
        """Cases that were attached (True) or detached (False) one by one since the set; the last change counts."""
        found: dict[int, bool] = {}
        for step in self._parts:
            if step.by_ids:
                found |= dict.fromkeys(step.case_ids, step.joins)
        return found

    @property
    def words(self) -> dict[int, bool]:
        """Every case that is named, in the definition or by hand: whether it is to be on the list."""
        return (_words(self.definition.selection) if self.definition else {}) | self.by_hand

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
    def beyond(self) -> tuple[Step, ...]:
        """The changes that no set can carry: by filter or by client; of an unknown definition all of them."""
        return tuple(step for step in self._parts if self.definition is None or not step.by_ids)

    def is_rename(self, selection: Selection) -> bool:
        """Whether a set to this selection names nothing of the members: none is known, and none is given."""
        return self.definition is None and selection.is_empty

    def after(self, selection: Selection) -> dict[int, bool]:
        """The words about cases when the list is set to this selection; what was off stays off without a filter."""
        off = {} if selection.narrows else {n: False for n, member in self.words.items() if not member}
        return off | _words(selection)

    def replay(self, selection: Selection) -> tuple[Step, ...]:
        """What is done again after a set to this selection, in order: the changes that no set can carry.

        What it names travels in the set, and is done again only where one of those changes would undo it: behind it,
        where it was done behind it, and at the end, where this selection is the first to say it. What it does not name
        any more is not done again.
        """
        if self.is_rename(selection):
            return _merged(self._parts)
        parts, was, now = self._parts, self.words, self.after(selection)
        last = {n: place for place, step in enumerate(parts) if step.by_ids for n in step.case_ids}
        again: list[Step] = []
        ways: set[bool] = set()  # so far cases were put on the list (True), were taken off it (False)
        for place, step in enumerate(parts):
            if not step.by_ids:
                again.append(step)
                ways.add(step.joins)
            elif (not step.joins) in ways:
                again.append(
                    step.naming(n for n in step.case_ids if last[n] == place and now.get(n) is step.joins)
                )
        for joins, action in ((True, Action.CASE_LIST_ATTACH), (False, Action.CASE_LIST_DETACH)):
            if (not joins) in ways:
                new = (n for n, member in now.items() if member is joins and was.get(n) is not joins)
                again.append(Step(action, {}).naming(new))
        return _merged(again)


def _words(selection: Selection) -> dict[int, bool]:
    """What a selection says of the cases that it names; of one in both, Kayse leaves it out."""
    return dict.fromkeys(selection.include_ids, True) | dict.fromkeys(selection.exclude_ids, False)


def _merged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same changes with fewer requests: neighbours that name cases are one, and one without a case is none."""
    merged: list[Step] = []
    for step in steps:
        before = merged[-1] if merged else None
        if step.by_ids and not step.case_ids:
            continue
        if before and step.by_ids and before.by_ids and before.action is step.action:
            merged[-1] = step.naming((*before.case_ids, *step.case_ids))
        else:
            merged.append(step)
    return tuple(merged)
