"""How many requests were sent in each hour of the clock, and on whose behalf: also what nobody clicked for.

The record knows what changes cost; reads are no events. This is counted where a request is taken from the budget.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from kayse_admin.upstream.models import Usage

#: Hours are kept so long.
KEPT = timedelta(days=90)


def count(purpose: str, number: int = 1) -> None:
    """Add so many requests to the hour of now; a negative number takes back what never left."""
    hour = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    rows = Usage.objects.filter(hour=hour, purpose=purpose)
    if rows.update(requests=F("requests") + number):
        return
    Usage.objects.filter(hour__lt=hour - KEPT).delete()
    Usage.objects.bulk_create([Usage(hour=hour, purpose=purpose)], ignore_conflicts=True)
    rows.update(requests=F("requests") + number)


def by_hour(since: datetime) -> dict[datetime, dict[str, int]]:
    """The requests of each hour from this one on, by purpose: one query."""
    found: dict[datetime, dict[str, int]] = {}
    for hour, purpose, requests in Usage.objects.filter(hour__gte=since).values_list(
        "hour", "purpose", "requests"
    ):
        found.setdefault(hour, {})[purpose] = max(requests, 0)
    return found
