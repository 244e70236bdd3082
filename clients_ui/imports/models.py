"""Files that were sent for an import, and what was remembered about their columns."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

#: Marks of a row that is not sent as it stands: something is wrong with it, or a person says whom it is about.
ERROR, TWIN = OPEN = "error", "twin"


class Import(models.Model):
    """One file of clients. Its rows are those of a bulk job from the check on; until then its bytes are kept here."""

    owner_id = models.BigIntegerField()
    owner_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    file_name = models.CharField(max_length=200)
    #: SHA-256 of the bytes: the same file is recognised.
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    #: About how many rows it has: an end of a line may stand inside a cell.
    lines = models.IntegerField(default=0)
    encoding = models.CharField(max_length=12)
    delimiter = models.CharField(max_length=1)
    header = models.JSONField()
    #: The first rows, and the first with accents, shown beside the columns.
    sample = models.JSONField(default=list)
    #: `mapping.Options` as they were chosen.
    options = models.JSONField(null=True)
    #: What the check counted (`checking.Counts`).
    counts = models.JSONField(null=True)
    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, null=True)

    class Meta:
        app_label = "clients_ui"
        indexes = [
            models.Index(fields=["digest"], name="import_digest"),
            models.Index(fields=["-at"], name="import_at"),
        ]


class Piece(models.Model):
    """A part of the bytes of a file, deleted as soon as its rows are in the ledger."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="pieces")
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        app_label = "clients_ui"
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="import_piece")]


class RememberedMapping(models.Model):
    """What somebody last chose for files with these columns."""

    header_digest = models.CharField(max_length=64, primary_key=True)
    options = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "clients_ui"
