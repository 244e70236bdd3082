"""What can be done next about an operation: the rooms that know clients and lists register it, none is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kayse_admin.actors import Actor
from kayse_admin.audit.operation import Operation


@dataclass(frozen=True, slots=True)
class Followup:
    """A step as its page offers it: a button's words, where it leads, and what it does. Nothing is sent by the link.

    Without a `url` there is no step, and `text` says why.
    """

    label: str
    url: str
    text: str


#: Says what this person can do about an operation on its kind of thing.
Finder = Callable[[Actor, Operation], Iterable[Followup]]

_finders: dict[str, Finder] = {}
_named: set[str] = set()


def register(kind: str, finder: Finder, *, named: Iterable[str] = ()) -> None:
    """Name who knows what can be done about operations on this kind of thing.

    `named`: actions that make something, of which nobody says "it happened" without naming what was made, by a step.
    """
    _finders[kind] = finder
    _named.update(named)


def has_to_be_named(operation: Operation) -> bool:
    """Whether a person who found that it happened has to name what was made."""
    return operation.target_id is None and str(operation.opening.action) in _named


def of(actor: Actor, operation: Operation) -> list[Followup]:
    """What the person can do about the operation."""
    finder = _finders.get(operation.opening.target_kind)
    return list(finder(actor, operation)) if finder else []
