"""What kinds of bulk jobs there are: the rooms that know clients and lists register theirs, none is imported here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Json, Target
from kayse_admin.jobs.models import Job, Row
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, Outcome


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one row: one of the five outcomes, the vendor's id, and why."""

    outcome: str
    result: int | None = None
    reason: str = ""


class Seen(Enum):
    """What a read shows of a row that was sent and never answered."""

    DONE = "done"
    OLD = "old"
    NEITHER = "neither"


class Kind(ABC):
    """One kind of bulk job. `name` is what the ledger stores and never changes."""

    name: ClassVar[str]
    action: ClassVar[Action]
    capability: ClassVar[Capability]
    #: Whether a batch that is refused as a whole may be halved to find the row that it was for.
    can_halve: ClassVar[bool] = True

    def target(self, job: Job) -> Target:
        """What the record says that each request is about."""
        return Target("job", job.pk, job.title)

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """What is sent, as the record keeps it."""
        return {"rows": [row.sent for row in rows]}

    @abstractmethod
    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[Any]:
        """One request for these rows."""

    @abstractmethod
    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: Any, at: datetime
    ) -> Sequence[Became]:
        """What became of each row, in order, by the answer; updates the local copy."""

    def told(self, outcome: Applied[Any]) -> Json:
        """What of the answer the record keeps."""
        return outcome.raw

    def may_resend(self, row: Row) -> bool:
        """Whether a row may be sent a second time where a read shows that the first did nothing."""
        return row.target is not None

    @abstractmethod
    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Any], Seen]:
        """One read for a row that was sent and never answered. Only called for rows that `may_resend`."""

    def links(self, actor: Actor, job: Job) -> list[tuple[str, str]]:
        """What else can be done with such a job: words and address."""
        return []

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """What became of a row of which a read, or a person, says that it was done."""
        return Became(Row.Outcome.UPDATED if row.target else Row.Outcome.CREATED, row.target or row.result)


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; called from the `ready()` of its app."""
    _kinds[kind.name] = kind


def kind_of(job: Job) -> Kind:
    """The kind of a job. Raises KeyError for one that this version does not know."""
    return _kinds[job.kind]


def known() -> Mapping[str, Kind]:
    """All kinds by name."""
    return _kinds
