"""Operations about a thing that do not name it as their target: the requests of jobs name hundreds in their rows.

The jobs know those rows and register here; nothing is kept twice, and no app is imported.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from kayse_admin.audit.filters import OPENING
from kayse_admin.audit.models import Event

#: Finds the newest operations about a thing, by the kind and id of the record's targets; never more than `MOST`.
Finder = Callable[[str, int], Collection[uuid.UUID]]

#: So many are found of one thing; each page of the log under its filter asks for them.
MOST = 500

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Name who else knows operations about things."""
    _finders.append(finder)


def of(kind: str, target: int) -> frozenset[int]:
    """The ids of the events that open the operations which mention a thing."""
    operations = {operation for finder in _finders for operation in finder(kind, target)}
    if not operations:
        return frozenset()
    return frozenset(Event.objects.filter(OPENING, operation__in=operations).values_list("id", flat=True))
