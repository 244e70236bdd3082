"""What changed between two states of a record, field by field, for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final

from kayse_admin.audit.fields import named
from kayse_admin.audit.masking import hidden, masked
from kayse_admin.audit.records import Json

#: Told by the vendor after each change and of no interest to anybody who asks what somebody changed.
NOISE = frozenset({"update_origin"})


class NotTold(Enum):
    """The one value of a field that was not told: its key is missing, which is not the same as empty."""

    NOT_TOLD = "not told"

    def __str__(self) -> str:
        return self.value


NOT_TOLD: Final = NotTold.NOT_TOLD


class Kind(StrEnum):
    """What happened to a field."""

    CHANGED = "changed"
    ADDED = "added"  # there was nothing, or nothing was told
    REMOVED = "removed"  # it is empty now
    UNTOLD = "untold"  # it was known, and the later state does not tell it
    ITEMS = "items"  # a list: `before` are the items that went, `after` those that came


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changed: its name in the data and for people, and its values (`NOT_TOLD` for a missing key)."""

    field: str
    label: str
    before: Any
    after: Any
    kind: Kind


def diff(before: Json, after: Json, labels: Mapping[str, str]) -> list[Change]:
    """The fields that differ between two recorded states, in the order in which they are told, named by `labels`.

    Nothing, empty text, an empty list and a field that was never told are the same nothing; lists are compared as
    bags; the parts of a nested object are fields of their own ("filter.status_ids"). None is the state of what does
    not exist, before it is made or after it is deleted: all its fields are empty.
    """
    old, new = dict(_flat(before)), dict(_flat(after))
    for state, fields in ((before, old), (after, new)):
        if not isinstance(state, Mapping):
            fields.update(dict.fromkeys({**old, **new}))
    changes = (_change(labels, field, old, new) for field in [*old, *(f for f in new if f not in old)])
    return [change for change in changes if change]


def shown_safely(changes: list[Change], *, hides: bool = False) -> list[Change]:
    """The same changes with social security numbers blotted out: compare first, blot out after.

    `hides`: personal values, too.
    """
    blotted = hidden if hides else masked

    def safe(value: Any, field: str) -> Any:
        return value if value is NOT_TOLD else blotted(value, field)

    return [
        Change(c.field, c.label, safe(c.before, c.field), safe(c.after, c.field), c.kind) for c in changes
    ]


def _flat(state: Json, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(state, Mapping):
        return
    for name, value in state.items():
        if not prefix and name in NOISE:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _change(
    labels: Mapping[str, str], field: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Change | None:
    before, after = old.get(field, NOT_TOLD), new.get(field, NOT_TOLD)
    if _same(before, after):
        return None
    label = named(labels, field)
    if before and after and isinstance(before, list) and isinstance(after, list) and _plain(before + after):
        gone, come = _less(before, after), _less(after, before)
        return Change(field, label, gone, come, Kind.ITEMS) if gone or come else None
    return Change(field, label, before, after, _kind(before, after))


def _kind(before: Any, after: Any) -> Kind:
    if after is NOT_TOLD:
        return Kind.UNTOLD
    if _is_nothing(before):
        return Kind.ADDED
    return Kind.REMOVED if _is_nothing(after) else Kind.CHANGED


def _is_nothing(value: Any) -> bool:
    return value is NOT_TOLD or value is None or (isinstance(value, str | list | dict) and not value)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON, whose true is not its 1, though Python says so."""
    if _is_nothing(one) or _is_nothing(other):
        return _is_nothing(one) and _is_nothing(other)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _plain(items: list[Any]) -> bool:
    return all(isinstance(item, str | int | float) for item in items)


def _less(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that are not among the others, each as often as it is missing there, in their order."""
    left = Counter((type(other), other) for other in others)
    gone = []
    for item in items:
        if left[(type(item), item)]:
            left[(type(item), item)] -= 1
        else:
            gone.append(item)
    return gone
