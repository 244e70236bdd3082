"""The audit log as a file: exactly what a filter finds, one operation a line, in the order of the page.

CSV for people, with the seals that cover each operation as heads; NDJSON for programs: there each line has every event
of the operation with the number of its seal, and the last line has those seals.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import islice
from operator import itemgetter
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from kayse_admin.audit import parts
from kayse_admin.audit.diff import Change
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.models import Event, Seal, SealedEvent
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.queries import every
from kayse_admin.cells import neutral

COLUMNS = (
    "time", "person", "role", "address", "sentence", "action", "result", "target kind", "target id", "target",
    "changes", "requests", "duration ms", "status", "reason", "detail", "job", "request id", "operation", "seals",
)  # fmt: skip


#: Operations whose events are read at once.
_CHUNK = 500


class _Echo:
    """A file that hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def lines(filters: Filters, *, up_to: int, hides: bool = True) -> Iterator[str]:
    """The lines of the CSV file, header first; operations that began after the event `up_to` are left out.

    `hides`: without personal values.
    """
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    found = every(filters, up_to=up_to, chunk=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        heads = _heads(chunk)
        for operation in chunk:
            cells = _cells(operation.hiding() if hides else operation)
            seals = " ".join(heads[operation.opening.operation])
            yield writer.writerow([neutral(cell) for cell in (*cells, seals)])


def _heads(chunk: list[Operation]) -> dict[uuid.UUID, list[str]]:
    """The seals of each operation's events as "number:signature", as heads are kept elsewhere; three queries."""
    events = Event.objects.filter(operation__in=[one.opening.operation for one in chunk])
    owners = dict(events.values_list("id", "operation"))
    sealed = dict(SealedEvent.objects.filter(event_id__in=owners).values_list("event_id", "seal"))
    signed = dict(Seal.objects.filter(number__in=set(sealed.values())).values_list("number", "signature"))
    heads: dict[uuid.UUID, list[str]] = {one.opening.operation: [] for one in chunk}
    for operation, number in sorted(
        {(owners[pk], number) for pk, number in sealed.items()}, key=itemgetter(1)
    ):
        heads[operation].append(f"{number}:{signed.get(number, '')}")
    return heads


def _cells(operation: Operation) -> Iterator[object]:
    opening, last = operation.opening, operation.last
    yield opening.at.astimezone(UTC).isoformat(timespec="milliseconds")
    yield from (opening.actor_name, opening.actor_role, opening.address)
    yield from (operation.sentence, opening.action, operation.result or "under_way")
    yield from (opening.target_kind, operation.target_id, operation.shown(opening.target_label))
    yield "; ".join(_changes(operation))
    yield from (last.requests, last.duration_ms, last.http_status)
    yield from (operation.reason, operation.detail, opening.job, opening.gesture, opening.operation)


def _changes(operation: Operation) -> Iterator[str]:
    for change in operation.changes:
        yield _change(change)
    if operation.is_about_many:
        for one, changes in parts.each(operation.opening, hides=operation.hides, names=operation.names):
            yield f"{one}: {', '.join(map(_change, changes))}" if changes else one


def _change(change: Change) -> str:
    return f"{change.label}: {_words(change.before)} → {_words(change.after)}"


def _words(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "empty" if value in (None, "") else str(value)


# --- NDJSON ---------------------------------------------------------------------------------------------------

_FIELDS = tuple(field.name for field in Event._meta.concrete_fields)


def objects(filters: Filters, *, up_to: int, hides: bool = True) -> Iterator[str]:
    """The lines of the NDJSON file; operations that began after the event `up_to` are left out.

    `hides`: without personal values.
    """
    used: set[int] = set()
    found = every(filters, up_to=up_to, chunk=_CHUNK)
    while chunk := list(islice(found, _CHUNK)):
        shown = [operation.hiding() for operation in chunk] if hides else chunk
        yield from _lives(shown, used)
    seals = Seal.objects.filter(number__in=sorted(used)).order_by("number").values()
    yield _line({"seals": list(seals)})


def _lives(chunk: list[Operation], used: set[int]) -> Iterator[str]:
    """A line for each operation with all its events; the numbers of their seals go into `used`."""
    lives: dict[Any, list[Event]] = {operation.opening.operation: [] for operation in chunk}
    for event in Event.objects.filter(operation__in=list(lives)).order_by("id"):
        lives[event.operation].append(event)
    ids = [event.pk for life in lives.values() for event in life]
    sealed = dict(SealedEvent.objects.filter(event_id__in=ids).values_list("event_id", "seal"))
    used.update(sealed.values())
    for operation in chunk:
        life: Iterable[Event] = lives[operation.opening.operation]
        yield _line(
            {
                "operation": operation.opening.operation,
                "sentence": str(operation.sentence),
                "result": operation.result or "under_way",
                "events": [{**_told(operation, event), "seal": sealed.get(event.pk)} for event in life],
            }
        )


#: The fields of an event that hold what somebody typed or Kayse told; the others are names, numbers and moments.
_FREE = frozenset({"target_label", "before", "after", "payload", "answer", "reason", "detail"})


def _told(operation: Operation, event: Event) -> dict[str, Any]:
    return {
        name: operation.shown(getattr(event, name)) if name in _FREE else getattr(event, name)
        for name in _FIELDS
    }


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"
