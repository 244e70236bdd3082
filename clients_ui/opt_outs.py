"""Who switched calls off or on for whom: found in the record, in both directions, one by one and in jobs.

Each change of a client is an operation in the record with the state before and after it; the requests of a job name
their clients in the ledger of jobs. Nothing is kept twice, so this looks through the changes of a time, newest first,
and stops after a fixed number: the next page goes on from there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clients_ui.editing import OPT_OUT
from kayse_admin.audit import queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.masking import masked
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.records import RESULT_WORDS
from kayse_admin.cells import neutral
from kayse_admin.jobs.models import Chunk, Row

#: A page ends behind so many changes of calls, or when so many operations have been looked at.
A_PAGE = 50
MOST_LOOKED_AT = 5_000
CHUNK = 500

HAPPENED = ("applied", "unknown")
COLUMNS = (
    "time",
    "client id",
    "client",
    "before",
    "after",
    "result",
    "person",
    "role",
    "reason",
    "job",
    "operation",
)


@dataclass(frozen=True, slots=True)
class Switch:
    """One client whose calls were switched: `before` and `after` are True for "opted out", NOT_TOLD for not told."""

    operation: Operation
    client_id: int | None
    client: str
    before: Any
    after: Any
    result: str

    @property
    def off(self) -> bool:
        """Whether calls were switched off."""
        return bool(self.after)

    @property
    def words(self) -> tuple[str, str]:
        """Before and after, for people."""
        return _words(self.before), _words(self.after)

    @property
    def result_words(self) -> str:
        """Whether it happened; "" for what simply did."""
        return "" if self.result == "applied" else RESULT_WORDS.get(self.result, self.result)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the report: the switches, where the next page begins, and how far it looked when it stopped early."""

    switches: list[Switch]
    older: int | None
    searched_to: datetime | None


def _words(value: Any) -> str:
    return "not told" if value in (None, NOT_TOLD) else "opted out" if value else "may be called"


def page(filters: Filters, direction: str = "", before: int | None = None) -> Found:
    """The newest switches in this time ("off" or "on" only if named), from the cursor `before` on."""
    found: list[Switch] = []
    for looked in range(0, MOST_LOOKED_AT, CHUNK):
        part = queries.page(filters, before=before, size=CHUNK)
        for operation in part.operations:
            found += _switches(operation, direction)
            if len(found) >= A_PAGE and operation is not part.operations[-1]:
                return Found(found, operation.opening.pk, None)
        before = part.older
        if before is None:
            return Found(found, None, None)
        if len(found) >= A_PAGE or looked + CHUNK >= MOST_LOOKED_AT:
            break
    looked_to = part.searched_to or part.operations[-1].opening.at
    return Found(found, before, None if len(found) >= A_PAGE else looked_to)


def lines(filters: Filters, direction: str, up_to: int) -> Iterator[str]:
    """The whole report as CSV, header first; memory does not grow with it."""
    yield _csv(COLUMNS)
    for operation in queries.every(filters, up_to=up_to):
        for one in _switches(operation, direction):
            opening = operation.opening
            yield _csv(
                [
                    opening.at.astimezone(UTC).isoformat(timespec="seconds"),
                    one.client_id or "",
                    neutral(one.client),
                    *one.words,
                    one.result,
                    neutral(opening.actor_name),
                    opening.actor_role,
                    neutral(operation.reason),
                    opening.job or "",
                    opening.operation,
                ]
            )


def _csv(cells: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _switches(operation: Operation, direction: str) -> list[Switch]:
    if operation.result not in HAPPENED:
        return []
    action = operation.opening.action
    if action in (Action.CLIENT_UPDATE, Action.CLIENT_CREATE):
        found = _one(operation)
    elif action == Action.CLIENTS_BULK_UPSERT:
        found = _many(operation)
    else:
        return []
    return [one for one in found if not direction or one.off is (direction == "off")]


def _one(operation: Operation) -> list[Switch]:
    """An edit or a create; of one whose outcome is not known, what was sent."""
    opening, last = operation.opening, operation.last
    after = last.after if isinstance(last.after, dict) else opening.payload
    before = opening.before if isinstance(opening.before, dict) else {}
    was, now = before.get(OPT_OUT, NOT_TOLD), (after or {}).get(OPT_OUT, NOT_TOLD)
    if not _is_switch(was, now) or (opening.action == Action.CLIENT_CREATE and not now):
        return []
    return [Switch(operation, operation.target_id, operation.target_label, was, now, operation.result)]


def _is_switch(was: Any, now: Any) -> bool:
    """Off, or on again. That somebody of whom it was not told may be called is one: an opt-out may have been there."""
    return isinstance(now, bool) and was != now and (now or was is not None)


def _many(operation: Operation) -> list[Switch]:
    """The clients of one request of a job, as its ledger names them."""
    sent = (operation.opening.payload or {}).get("clients") or []
    if not any(OPT_OUT in one for one in sent):
        return []
    chunk = Chunk.objects.filter(operation=operation.opening.operation).first()
    if chunk is None:
        return []
    ids = {one.get("id") for one in sent}
    rows = Row.objects.filter(job=chunk.job_id, number__gte=chunk.first, number__lte=chunk.last).order_by(
        "number"
    )
    found = []
    for row in rows.only("target", "result", "label", "body", "before", "outcome"):
        was, now = (row.before or {}).get(OPT_OUT, NOT_TOLD), row.body.get(OPT_OUT)
        if row.target not in ids or not _is_switch(was, now) or (row.target is None and not now):
            continue
        result = {"created": "applied", "updated": "applied", "unknown": "unknown"}.get(row.outcome)
        if result:
            found.append(
                Switch(operation, row.result or row.target, str(masked(row.label)), was, now, result)
            )
    return found
