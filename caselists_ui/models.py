"""The local copy of case lists, the definitions that went through here, and the labels of types and statuses."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class CaseList(models.Model):
    """A case list as the vendor last told it. NULL is "not told". The vendor tells neither filter nor members."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(default="")
    description = models.TextField(null=True)
    case_count = models.BigIntegerField(null=True)
    #: When the vendor told `case_count`.
    counted_at = models.DateTimeField(null=True)
    origin = models.TextField(null=True)
    update_origin = models.TextField(null=True)
    #: Keys that the vendor's page does not know, as they came.
    extra = models.JSONField(default=dict)
    first_told_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(default=timezone.now)
    #: When it was deleted here, or first missed at the vendor.
    gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["gone_at", "id"], name="caselists_gone")]

    def __str__(self) -> str:
        return self.name or f"List {self.pk}"


class Use(models.Model):
    """A campaign uses this list until a day, the day included; at most one a list. Over, it counts as not there."""

    case_list = models.OneToOneField(CaseList, on_delete=models.CASCADE, primary_key=True, related_name="use")
    campaign = models.CharField(max_length=200)
    until = models.DateField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.campaign} until {self.until}"


class Draft(models.Model):
    """A builder's form that somebody has not saved yet, as it was typed. Only that person sees it."""

    #: From the form, so that each opened form has one draft.
    id = models.UUIDField(primary_key=True)
    owner_id = models.BigIntegerField()
    #: The list that is edited; NULL for a new one. No key: the list may go, the draft stays.
    list_id = models.BigIntegerField(null=True)
    #: The state of the list on which the form was opened (`ledger.Known.mark`).
    base = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=255, blank=True)
    #: Each field with its values: {"case_types": ["25", "31"]}.
    fields = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["owner_id", "at"], name="caselists_draft")]

    def __str__(self) -> str:
        return self.name or "a list without a name"


class Night(models.Model):
    """When something that housekeeping does for the lists is due next; its row is moved by the process that does it."""

    LOOK, SWEEP = 1, 2

    id = models.SmallIntegerField(primary_key=True, default=1)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.due_at:%Y-%m-%d %H:%M}"


class Version(models.Model):
    """A definition that went through here and was applied. Inserted, not changed."""

    case_list = models.ForeignKey(CaseList, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    at = models.DateTimeField(default=timezone.now)
    author_id = models.BigIntegerField(null=True)
    author_name = models.CharField(max_length=200)
    reason = models.CharField(max_length=200, blank=True)
    operation = models.UUIDField(unique=True)
    #: `Definition.export()`.
    definition = models.JSONField()
    #: Changes of members that came with it (a duplicate inherits them): `Step.record`, oldest first.
    steps = models.JSONField(default=list)
    count_before = models.BigIntegerField(null=True)
    count_before_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case_list", "number"], name="caselists_version_number"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class Reading(models.Model):
    """A number of cases (and a name) that the vendor told: when it differed from the last one, or after a change."""

    case_list = models.ForeignKey(CaseList, on_delete=models.CASCADE, related_name="readings")
    at = models.DateTimeField(default=timezone.now)
    case_count = models.BigIntegerField(null=True)
    name = models.TextField(default="")
    #: The change after which it was read; NULL for a reading on its own.
    operation = models.UUIDField(null=True)
    #: The name or the count differs, and nothing was changed here since the reading before.
    moved_outside = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["case_list", "id"], name="caselists_reading"),
            models.Index(fields=["operation"], name="caselists_reading_operation"),
        ]

    def __str__(self) -> str:
        return f"{self.case_count} at {self.at:%Y-%m-%d %H:%M}"


class Label(models.Model):
    """The name of a case type or a status: the vendor tells only numbers."""

    class Kind(models.TextChoices):
        CASE_TYPE = "case_type", "Case type"
        STATUS = "status", "Status"

    kind = models.CharField(max_length=9, choices=Kind.choices)
    number = models.BigIntegerField()
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="caselists_label")]
        ordering = ["kind", "name", "number"]

    def __str__(self) -> str:
        return self.name
