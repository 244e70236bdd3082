"""What bulk jobs did to one client: the record tells of requests with hundreds of rows, the jobs of each row."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from clients_ui import bulk
from kayse_admin.audit.diff import Change, diff, shown_safely
from kayse_admin.audit.fields import labels_of
from kayse_admin.jobs.models import Chunk, Row

#: Kinds of jobs whose rows are clients that change at Kayse; a refresh changes nothing, and a list is no client.
KINDS = tuple(kind.name for kind in (bulk.Upsert, bulk.Revert, bulk.Delete, bulk.DeleteForGood))


@dataclass(frozen=True, slots=True)
class Part:
    """A client's row of a job, with what it changed or was to change."""

    row: Row
    changes: list[Change]
    #: The newest request that held it, as the record names it.
    operation: uuid.UUID | None = None


def of(pk: int, most: int) -> list[Part]:
    """The newest rows about this client that were sent, or that somebody has to decide about; one query."""
    mine = Q(target=pk) | Q(result=pk, outcome=Row.Outcome.CREATED)
    sent = (Row.Outcome.CREATED, Row.Outcome.UPDATED, Row.Outcome.FAILED, Row.Outcome.UNKNOWN)
    rows = Row.objects.filter(mine, outcome__in=sent, job__kind__in=KINDS).select_related("job")
    requests = Chunk.objects.filter(
        job=OuterRef("job"),
        first__lte=OuterRef("number"),
        last__gte=OuterRef("number"),
        operation__isnull=False,
    )
    newest = Subquery(requests.order_by("-pk").values("operation")[:1])
    found = rows.annotate(request=newest).order_by("-pk")[:most]
    return [Part(row, _changes(row), row.request) for row in found]


def _changes(row: Row) -> list[Change]:
    if not row.body:
        return []
    before = {name: value for name, value in (row.before or {}).items() if name in row.body}
    return shown_safely(diff(before, row.body, labels_of("client")))
