"""A model of who is on a list: by the vendor's rules for a change, by what a person expects of a save."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Filter = dict[str, list[int]]


@dataclass(frozen=True)
class Gesture:
    """A change of members: these cases in or out; `named` one by one, or found by a filter or by their clients."""

    cases: frozenset[int]
    member: bool
    named: bool
    #: Whether its outcome is known. It may have happened without that; then it counts for nobody's word.
    sure: bool = True


@dataclass
class Story:
    """What a list was made of, and what was done to it since, oldest first."""

    filter: Filter
    named: dict[int, bool]
    gestures: list[Gesture] = field(default_factory=list)

    @property
    def words(self) -> dict[int, tuple[bool, int]]:
        """The last word about each case that was named: in or out, and which gesture said it (-1: the definition)."""
        found = {case: (member, -1) for case, member in self.named.items()}
        for place, gesture in enumerate(self.gestures):
            if gesture.named and gesture.sure:
                found |= dict.fromkeys(gesture.cases, (gesture.member, place))
        return found


class Model:
    """Who is on which list: what matches the filter, and the latest gesture about each case."""

    def __init__(self, cases: list[dict[str, Any]]) -> None:
        self.cases = cases
        self.lists: dict[int, Story] = {}

    def matching(self, filter_: Filter) -> set[int]:
        keys = {"case_type_ids": "case_type_id", "status_ids": "status_id"}
        if not any(filter_.values()):
            return set()
        return {
            case["id"]
            for case in self.cases
            if all(case[keys[key]] in wanted for key, wanted in filter_.items() if wanted)
        }

    def of_clients(self, clients: Iterable[int]) -> set[int]:
        return {case["id"] for case in self.cases if set(case["client_ids"]) & set(clients)}

    def define(self, pk: int, filter_: Filter, include: Iterable[int], exclude: Iterable[int]) -> None:
        """An id in both is out."""
        self.lists[pk] = Story(filter_, dict.fromkeys(include, True) | dict.fromkeys(exclude, False))

    def cases_changed(
        self,
        pk: int,
        filter_: Filter,
        include: Iterable[int],
        exclude: Iterable[int],
        member: bool,
        *,
        sure: bool = True,
    ) -> None:
        """An attach or a detach that was done; `sure`: and is known to be done."""
        found, named = self.matching(filter_) - set(exclude), set(include) - set(exclude)
        self.lists[pk].gestures += [
            Gesture(frozenset(found), member, named=False, sure=sure),
            Gesture(frozenset(named), member, named=True, sure=sure),
        ]

    def clients_changed(self, pk: int, clients: Iterable[int], member: bool, *, sure: bool = True) -> None:
        """An append or a removal that was done; `sure`: and is known to be done."""
        cases = frozenset(self.of_clients(clients))
        self.lists[pk].gestures.append(Gesture(cases, member, named=False, sure=sure))

    def save(
        self, pk: int, filter_: Filter, include: Iterable[int], exclude: Iterable[int], *, again: bool
    ) -> None:
        """A set. With `again` everything stays on top that was done since, but for what somebody took out of the form.

        A case about which the form says another thing than before is as the form says: that is the newest word.
        """
        was = self.lists[pk]
        told = dict.fromkeys(include, True) | dict.fromkeys(exclude, False)
        if not any(filter_.values()):  # nothing can be left out of no filter, and what was out stays out
            told = {case: False for case, (member, _) in was.words.items() if not member} | told
        same = {case: place for case, (member, place) in was.words.items() if told.get(case) is member}
        stays = [
            one if not one.named else Gesture(_of(one, same, place), one.member, named=True)
            for place, one in enumerate(was.gestures)
            if one.sure
        ]
        new = {case: member for case, member in told.items() if case not in same}
        stays += [Gesture(frozenset({case}), member, named=True) for case, member in new.items()]
        self.define(pk, filter_, include, exclude)
        self.lists[pk].gestures = stays if again else []

    def members(self, pk: int) -> list[int]:
        story = self.lists[pk]
        by_hand = dict(story.named)
        for gesture in story.gestures:
            by_hand |= dict.fromkeys(gesture.cases, gesture.member)
        found = self.matching(story.filter) | {case for case, member in by_hand.items() if member}
        real = {case["id"] for case in self.cases}
        return sorted((found - {case for case, member in by_hand.items() if not member}) & real)

    def found(self, pk: int) -> set[int]:
        """The cases that a filter, or a client who was appended, puts on the list, whatever is said of them by name."""
        story = self.lists[pk]
        on = self.matching(story.filter)
        for gesture in story.gestures:
            if not gesture.named:
                on = on | gesture.cases if gesture.member else on - gesture.cases
        return on


def _of(gesture: Gesture, places: dict[int, int], place: int) -> frozenset[int]:
    return frozenset(case for case in gesture.cases if places.get(case) == place)
