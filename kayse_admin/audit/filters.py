"""What the log can be filtered by, as a condition on the event that opens an operation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Q, When

#: The filter's word for operations without an outcome; `Event.result` is empty for them.
UNDER_WAY = "under_way"

# Django writes `opens=True` as a bare column, which SQLite does not look up in an index; a list of one value it does.
OPENING = Q(opens__in=[True])
CLOSING = Q(opens__in=[False])


@dataclass(frozen=True, slots=True)
class Filters:
    """Which operations; every None or "" is no filter. `until` is exclusive; `person` 0 is the system."""

    text: str = ""
    person: int | None = None
    role: str = ""
    action: str = ""
    result: str = ""
    kind: str = ""
    target: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    address: str = ""
    job: int | None = None
    gesture: str = ""
    #: With the requests of jobs that held a row about the target (`audit.mentions`).
    mentions: bool = False
    #: Only what was meant for the vendor: no sign-ins, exports and other facts of this house.
    changes_only: bool = False
    #: Kinds of targets that the reader may see nothing of (`audit.reading`).
    hidden: frozenset[str] = frozenset()

    @property
    def equalities(self) -> list[Q]:
        """The conditions for each of which an index leads to its operations in order; the target is not one."""
        said = {
            "gesture": self.gesture,
            "job": self.job,
            "address": self.address,
            "action": self.action,
            "actor_role": self.role,
            "target_kind": "" if self.target is not None else self.kind,
        }
        found = [Q(**{name: value}) for name, value in said.items() if value not in (None, "")]
        if self.person is not None:
            found.append(Q(actor_id=self.person) if self.person else Q(actor_id__isnull=True))
        return found

    @property
    def during(self) -> Q:
        """The time range; empty when there is none.

        Of the ids around it (`seeking.in_time`) all but a few lie in it. So it is asked in a way in which no index is
        looked up along the time: PostgreSQL would read the whole range, to return one page of it in order of the ids.
        """
        bounds: dict[str, Any] = {"at__gte": self.since, "at__lt": self.until}
        told = {name: moment for name, moment in bounds.items() if moment is not None}
        return Q(Case(When(**told, then=True), default=False)) if told else Q()

    @property
    def rest(self) -> Q:
        """The conditions that no index leads along, each operation has to be looked at: empty when there are none."""
        where = Q()
        if self.changes_only:
            where &= Q(stage="intent")
        if self.hidden:
            where &= ~Q(target_kind__in=self.hidden)
        if self.text:
            where &= (
                Q(target_label__icontains=self.text)
                | Q(actor_name__icontains=self.text)
                | Q(reason__icontains=self.text)
                | Q(detail__icontains=self.text)
            )
        return where
