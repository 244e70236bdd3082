"""What all processes must agree on about the vendor: the hour's budget and whether calling makes sense at all.

One row for each API key, found by a digest: the key itself is in the environment and nowhere else.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Budget(models.Model):
    """Requests of the running hour for one key. Taken by conditional updates only (`upstream.budget`)."""

    key_digest = models.CharField(primary_key=True, max_length=64)
    limit = models.IntegerField()
    used = models.IntegerField(default=0)
    #: When the hour ends and `used` starts at 0 again; the vendor's own word once it has answered.
    reset_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)


class Usage(models.Model):
    """Requests that were sent in an hour of the clock, by on whose behalf (`upstream.usage`). Outlives its key."""

    #: Its beginning.
    hour = models.DateTimeField()
    #: A `budget.Purpose`.
    purpose = models.CharField(max_length=10)
    requests = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hour", "purpose"], name="upstream_usage_once")]


class Circuit(models.Model):
    """Whether the vendor is worth calling (`upstream.circuit`)."""

    key_digest = models.CharField(primary_key=True, max_length=64)
    #: Epoch seconds of the failures of the last minute, oldest first.
    failures = models.JSONField(default=list)
    open_until = models.DateTimeField(null=True)
    #: Since when the vendor refuses the key; stays until an administrator says to try again.
    refused_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)
