"""Which operations of the record were requests that held a row about one client or list."""

from __future__ import annotations

import uuid

from django.db.models import F, Q

from kayse_admin.audit.mentions import MOST
from kayse_admin.jobs import registry
from kayse_admin.jobs.models import HELD, Chunk, Row

#: What became of a row that was sent.
SENT = (Row.Outcome.CREATED, Row.Outcome.UPDATED, Row.Outcome.FAILED, Row.Outcome.UNKNOWN)


def of(kind: str, target: int) -> list[uuid.UUID]:
    """The newest requests that held a row about it, in two queries; those it was halved or sent again in, too."""
    kinds = [name for name, one in registry.known().items() if one.rows_are == kind]
    mine = Q(target=target) | Q(result=target, outcome=Row.Outcome.CREATED)
    rows = Row.objects.filter(mine, outcome__in=SENT, job__kind__in=kinds).exclude(flag=HELD).order_by("-pk")
    found = list(rows.values_list("pk", flat=True)[:MOST])
    if not found:
        return []
    chunks = Chunk.objects.filter(
        job__rows__in=found,
        job__rows__number__gte=F("first"),
        job__rows__number__lte=F("last"),
        operation__isnull=False,
    )
    return [one for one in chunks.order_by("-pk").values_list("operation", flat=True)[:MOST] if one]
