"""Selections of clients, frozen at the moment they were made."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Selection(models.Model):
    """The clients that somebody has selected. Who is in it stands in `Picked` and is never asked of a filter again."""

    token = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_id = models.BigIntegerField()
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    #: The search and the filters that it was made by, in words and as they stand in an address; empty for ticked rows.
    words = models.TextField(blank=True)
    query = models.TextField(blank=True)
    count = models.IntegerField(default=0)
    #: Goes up with every change by hand, so that a page can tell that it shows another state.
    edits = models.IntegerField(default=0)

    class Meta:
        app_label = "clients_ui"
        indexes = [models.Index(fields=["expires_at"], name="selection_expires")]


class Picked(models.Model):
    """One client of a selection; their order is that of `id`."""

    selection = models.ForeignKey(Selection, on_delete=models.CASCADE, related_name="picked", db_index=False)
    client = models.BigIntegerField()

    class Meta:
        app_label = "clients_ui"
        constraints = [models.UniqueConstraint(fields=["selection", "client"], name="picked_once")]
        indexes = [models.Index(fields=["selection", "id"], name="picked_order")]
