"""What the ledger knows of the many things that one request of a job was about, for the log's page of the request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from kayse_admin.audit import parts
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Json
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.registry import Kind, known

#: The colour of what became of a row.
ROW_BADGES = {
    "": "neutral", "created": "ok", "updated": "ok", "unchanged": "neutral", "failed": "bad", "unknown": "warn",
}  # fmt: skip


def of(opening: Event, items: Sequence[Json]) -> list[parts.Row]:
    """The row of each item: by its id, and by what was sent where it was to be made. At most four queries."""
    job = Job.objects.filter(pk=opening.job or 0).first()
    kind = known().get(job.kind) if job else None
    if job is None or kind is None:
        return [parts.Row()] * len(items)
    targets = [pk for item in items if (pk := parts.ident(item))]
    rows: dict[str, Row] = {}
    if len(targets) < len(items):
        rows |= {_key(row.sent): row for row in _made(job, opening)}
    if targets:
        rows |= {_key(row.target): row for row in Row.objects.filter(job=job, target__in=targets)}
    return [_told(kind, rows.get(_key(parts.ident(item) or item))) for item in items]


def _made(job: Job, opening: Event) -> Iterable[Row]:
    """The rows of the request that had no id, as long as the ledger knows which rows they were."""
    chunk = Chunk.objects.filter(job=job, operation=opening.operation).first()
    if chunk is None:
        return []
    return Row.objects.filter(job=job, number__range=(chunk.first, chunk.last), target=None)


def _key(item: Json) -> str:
    return json.dumps(item, sort_keys=True) if isinstance(item, Mapping) else str(item)


def _told(kind: Kind, row: Row | None) -> parts.Row:
    if row is None:
        return parts.Row()
    said = kind.word(row.outcome)
    return parts.Row(row.label, kind.page_of(row), ROW_BADGES[row.outcome], said, row.reason)
