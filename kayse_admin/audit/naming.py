"""Numbers in recorded changes that have a name here: the rooms that keep such names register, none is imported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from kayse_admin.audit.diff import Change

#: Says the same changes with names.
Namer = Callable[[Sequence[Change]], list[Change]]

_makers: dict[str, tuple[Collection[str], Callable[[], Namer]]] = {}


def register(kind: str, fields: Collection[str], make: Callable[[], Namer]) -> None:
    """Name who knows the names behind these fields of a kind of target; `make` reads them, for a whole page."""
    _makers[kind] = fields, make


class Names:
    """The names for one page or file: read when the first change needs them, and once."""

    def __init__(self) -> None:
        self._made: dict[str, Namer] = {}

    def told(self, kind: str, changes: list[Change]) -> list[Change]:
        """The changes of a target of this kind, with names where there are any."""
        fields, make = _makers.get(kind, ((), None))
        if make is None or not any(change.field in fields for change in changes):
            return changes
        if kind not in self._made:
            self._made[kind] = make()
        return self._made[kind](changes)
