"""What bulk jobs did to one client: the record tells of requests with hundreds of rows, the jobs of each row."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from clients_ui import bulk
from kayse_admin.audit.diff import Change, diff, shown_safely
from kayse_admin.audit.fields import labels_of
from kayse_admin.jobs.models import Row

#: Kinds of jobs whose rows are clients that change at Kayse; a refresh changes nothing, and a list is no client.
KINDS = tuple(kind.name for kind in (bulk.Upsert, bulk.Revert, bulk.Delete, bulk.DeleteForGood))


@dataclass(frozen=True, slots=True)
class Part:
    """A client's row of a job, with what it changed or was to change."""

    row: Row
    changes: list[Change]


def of(pk: int, most: int) -> list[Part]:
    """The newest rows about this client that were sent, or that somebody has to decide about; one query."""
    mine = Q(target=pk) | Q(result=pk, outcome=Row.Outcome.CREATED)
    sent = (Row.Outcome.CREATED, Row.Outcome.UPDATED, Row.Outcome.FAILED, Row.Outcome.UNKNOWN)
    rows = Row.objects.filter(mine, outcome__in=sent, job__kind__in=KINDS).select_related("job")
    return [Part(row, _changes(row)) for row in rows.order_by("-pk")[:most]]


def _changes(row: Row) -> list[Change]:
    if not row.body:
        return []
    before = {name: value for name, value in (row.before or {}).items() if name in row.body}
    return shown_safely(diff(before, row.body, labels_of("client")))
