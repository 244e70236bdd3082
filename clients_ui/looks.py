"""Who opened which client, for the filter of the audit log: from the table that `clients_ui.attention` writes."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from clients_ui.models import Client, Opened
from kayse_admin.audit import looks
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.looks import Look, Page

#: Ids and times of looks agree in order but for moments: so many neighbours are asked for where a time begins or ends.
NEIGHBOURS = 100


def register() -> None:
    """Tell the audit log; called once when the app is ready."""
    looks.register(page)


def page(filters: Filters, before: int | None, after: int | None, size: int) -> Page:
    """One seek along an index, and a query for the names; a time range becomes a range of ids first."""
    forward = after is not None and before is None
    found = Opened.objects.filter(_asked(filters), _in_time(filters))
    if forward:
        rows = list(found.filter(pk__gt=after).order_by("pk")[: size + 1])
    else:
        rows = list(found.filter(**({"pk__lt": before} if before else {})).order_by("-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if forward:
        rows.reverse()
    older = rows[-1].pk if rows and (more or forward) else None
    newer = rows[0].pk if rows and (more if forward else before is not None) else None
    return Page(_told(rows), older, newer)


def _asked(filters: Filters) -> Q:
    where = Q()
    if filters.person is not None:
        where &= Q(person_id=filters.person)
    if filters.target is not None:
        where &= Q(client_id=filters.target)
    return where


def _in_time(filters: Filters) -> Q:
    """The time range, and the ids that it can have, so that no index is read in vain up to it."""
    where, ids = Q(), Opened.objects.values_list("pk", flat=True)
    if filters.since:
        first = list(ids.filter(at__gte=filters.since).order_by("at")[:NEIGHBOURS])
        where &= Q(at__gte=filters.since, pk__gte=min(first, default=0))
    if filters.until:
        last = list(ids.filter(at__lt=filters.until).order_by("-at")[:NEIGHBOURS])
        where &= Q(at__lt=filters.until, pk__lte=max(last, default=0))
    return where


def _told(rows: list[Opened]) -> list[Look]:
    names = {one.pk: one.name for one in Client.objects.filter(pk__in={row.client_id for row in rows})}
    return [
        Look(
            row.person_name,
            names.get(row.client_id) or f"number {row.client_id}",
            reverse("clients_ui:detail", args=[row.client_id]),
            row.at,
        )
        for row in rows
    ]
