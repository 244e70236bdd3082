"""The audit log as a file: exactly what a filter finds, one operation a line, in the order of the page."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC

from kayse_admin.audit.fields import masked
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.queries import Filters, every
from kayse_admin.cells import neutral

COLUMNS = (
    "time", "person", "role", "address", "sentence", "action", "result", "target kind", "target id", "target",
    "changes", "requests", "duration ms", "status", "reason", "detail", "job", "request id", "operation",
)  # fmt: skip


class _Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def lines(filters: Filters, *, up_to: int) -> Iterator[str]:
    """The lines of the CSV file, header first; operations that began after the event `up_to` are left out."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for operation in every(filters, up_to=up_to):
        yield writer.writerow([neutral(cell) for cell in _cells(operation)])


def _cells(operation: Operation) -> Iterator[object]:
    opening, last = operation.opening, operation.last
    yield opening.at.astimezone(UTC).isoformat(timespec="milliseconds")
    yield from (opening.actor_name, opening.actor_role, opening.address)
    yield from (operation.sentence, opening.action, operation.result or "under_way")
    yield from (opening.target_kind, operation.target_id, masked(opening.target_label))
    yield "; ".join(f"{c.label}: {_words(c.before)} → {_words(c.after)}" for c in operation.changes)
    yield from (last.requests, last.duration_ms, last.http_status)
    yield from (operation.reason, operation.detail, opening.job, opening.gesture, opening.operation)


def _words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "empty" if value in (None, "") else str(value)
