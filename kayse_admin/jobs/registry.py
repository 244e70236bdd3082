"""What kinds of bulk jobs there are: the rooms that know clients and lists register theirs, none is imported here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, NamedTuple

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Json, Target
from kayse_admin.jobs.models import Job, Row
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected


class Became(NamedTuple):
    """What became of one row: one of the five outcomes, the vendor's id, and why."""

    outcome: str
    result: int | None = None
    reason: str = ""


#: The words of a kind that deletes.
DELETED: Mapping[str, str] = {Row.Outcome.UPDATED: "Deleted"}


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
    #: Whether it only reads: such a request leaves no trace in the record, and may be sent again.
    reads: ClassVar[bool] = False
    #: What a row is about, as the record calls it: a filter for one of them finds the requests that held its row.
    rows_are: ClassVar[str] = ""
    #: Rows in one request; 0 for as many as the vendor takes.
    size: ClassVar[int] = 0

    #: The button of whoever found that a change was made after all: for one row, and for many. What is created has no
    #: id yet, and "is there".
    done_words: ClassVar[tuple[str, str]] = ("It is changed", "They are changed")

    #: Requests that `check_result` takes.
    result_costs: ClassVar[int] = 0

    #: What an outcome is called where the usual word would be wrong.
    outcome_words: ClassVar[Mapping[str, str]] = {}

    def word(self, outcome: str) -> str:
        """What an outcome is called: "Updated", or "Deleted" for what deletes."""
        return self.outcome_words.get(outcome) or str(Row.Outcome(outcome).label)

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
        """Whether a row may be sent a second time where a look (`Looking`) shows that the first did nothing."""
        return False

    def refused(self, rows: Sequence[Row], outcome: Rejected, at: datetime) -> None:  # noqa: B027  (mostly nothing)
        """Learn from a read that the vendor refused."""

    def overtaken(self, job: Job, rows: Sequence[Row]) -> dict[int, str]:
        """The rows, by number, that must not be sent any more as they are, and why. Asks nobody but our own tables.

        Called in the transaction of the request's intent: it may lock.
        """
        return {}

    def doubtful(self, job: Job, rows: Sequence[Row]) -> dict[int, str]:
        """The rows, by number, that are sent only when a person says so, and why. Asked at the same moment."""
        return {}

    def spared(self, rows: Sequence[Row]) -> list[Row]:
        """What of doubtful rows goes out all the same, as rows that the job gets besides."""
        return []

    def agree(self, row: Row) -> None:  # noqa: B027  (most kinds doubt nothing)
        """A person wants the row sent all the same: change its `before` or its `flag`, so that nobody doubts it."""

    def links(self, actor: Actor, job: Job) -> list[tuple[str, str]]:
        """What else can be done with such a job: words and address."""
        return []

    def files(self, actor: Actor, job: Job) -> list[tuple[str, str]]:
        """What can be downloaded of such a job besides its rows by outcome: words and address."""
        return []

    def page_of(self, row: Row) -> str:
        """The address of what a row is about; empty where there is no such page."""
        return ""

    def pages_of(self, rows: Sequence[Row]) -> dict[int, str]:
        """The addresses, by row number, of what rows that were held back are about, or resemble."""
        return {row.number: url for row in rows if (url := self.page_of(row))}

    def ended(self, job: Job) -> None:  # noqa: B027  (most kinds have nothing to do)
        """Called once when a job is over, outside of any transaction."""

    def check_result(self, job: Job, row: Row, result: int) -> str:
        """Whether the id that a person typed can be what became of a row: empty, or a sentence that refuses it.

        Called before the transaction of the decision, because it may read at the vendor: `result_costs` requests.
        """
        return ""

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """What became of a row of which a read, or a person, says that it was done."""
        return Became(Row.Outcome.UPDATED if row.target else Row.Outcome.CREATED, row.target or row.result)


class Looking(Kind):
    """A kind of which a read can tell what became of a row."""

    #: Whether each row is read before it is sent: one more request for each.
    reads_first: ClassVar[bool] = False

    def may_resend(self, row: Row) -> bool:
        """What has an id can be read."""
        return row.target is not None

    @abstractmethod
    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Any], Seen]:
        """One read for a row, one that `may_resend`: what the vendor shows of it."""


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
