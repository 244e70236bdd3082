"""Events of the audit record, and the operations that are not finished yet."""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.utils import timezone

from kayse_admin.json_text import JsonField


class Stage(models.TextChoices):
    """Which moment of an operation an event tells."""

    INTENT = "intent", "Intent"
    OUTCOME = "outcome", "Outcome"
    RECONCILED = "reconciled", "Reconciled"
    FACT = "fact", "Fact"


class Event(models.Model):
    """One line of the record. Inserted, never changed: triggers in the database refuse everything else.

    An operation that reaches the vendor is an intent (committed before the call) and an outcome; a look that later
    finds out more adds a reconciled event. What happens only here (a sign-in, an export) is one fact.
    There is no foreign key: deleting a person or a client must not touch the record.
    """

    id = models.BigAutoField(primary_key=True)
    operation = models.UUIDField(default=uuid.uuid4)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    #: True for the event that opens an operation (intent or fact): the list of operations is the list of these.
    opens = models.BooleanField()
    #: Id of the event that opened the operation; 0 on that event itself. A search by result seeks along it.
    begun = models.BigIntegerField(default=0)
    #: Shared by everything that one click caused.
    gesture = models.CharField(max_length=36, blank=True)
    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=40)
    target_kind = models.CharField(max_length=20, blank=True)
    target_id = models.BigIntegerField(null=True)
    target_label = models.CharField(max_length=200, blank=True)
    before = JsonField(null=True)
    after = JsonField(null=True)
    payload = JsonField(null=True)
    answer = JsonField(null=True)
    #: Empty while nobody knows; else one of `records.Result`.
    result = models.CharField(max_length=12, blank=True)
    http_status = models.SmallIntegerField(null=True)
    duration_ms = models.IntegerField(null=True)
    requests = models.SmallIntegerField(default=0)
    job = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["operation"], condition=Q(stage=stage), name=f"audit_one_{stage}_per_operation"
            )
            for stage in ("intent", "outcome", "fact")
        ]
        # The first column of each is an equality, the last is the order: a page is one seek.
        indexes = [
            models.Index(fields=["opens", "id"], name="audit_opens"),
            models.Index(fields=["opens", "actor_id", "id"], name="audit_actor"),
            models.Index(fields=["opens", "action", "id"], name="audit_action"),
            models.Index(fields=["opens", "target_kind", "target_id", "id"], name="audit_target"),
            models.Index(fields=["opens", "target_kind", "id"], name="audit_kind"),
            models.Index(fields=["opens", "result", "begun", "id"], name="audit_result"),
            models.Index(fields=["opens", "actor_role", "id"], name="audit_role"),
            models.Index(fields=["opens", "address", "id"], name="audit_address"),
            models.Index(fields=["opens", "job", "id"], name="audit_job"),
            models.Index(fields=["opens", "at", "id"], name="audit_at"),
            models.Index(fields=["operation", "id"], name="audit_operation"),
            models.Index(fields=["gesture", "id"], name="audit_gesture"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; an event that is already there cannot be saved again."""
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused, here and by the database."""
        raise TypeError("audit events are never deleted")


class OpenOperation(models.Model):
    """An operation that nobody has finished: in flight, or ended with an outcome that is not known.

    A working list beside the record, written in the same transactions as the events: it makes "what needs somebody?"
    one small query. The record itself rests on the events alone.
    """

    class State(models.TextChoices):
        IN_FLIGHT = "in_flight", "Under way"
        UNKNOWN = "unknown", "Outcome unknown"

    operation = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.IN_FLIGHT)
    opened_at = models.DateTimeField(default=timezone.now)
    #: The process that works on it (`audit.owner`); when that process has died, recovery takes over.
    owner = models.CharField(max_length=120)
    actor_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=40)
    target_kind = models.CharField(max_length=20, blank=True)
    target_id = models.BigIntegerField(null=True)
    target_label = models.CharField(max_length=200, blank=True)
    tries = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["state", "next_try_at"], name="audit_open_next"),
            models.Index(fields=["target_kind", "target_id"], name="audit_open_target"),
        ]


class Seal(models.Model):
    """A signed statement about a set of events (`audit.seals`): what they were, and which statement came before.

    Like the events it is only ever inserted. The key of the signature is outside the database.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    count = models.IntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    #: Digest over the digests of its events in the order of their ids.
    root = models.CharField(max_length=64)
    #: Signature of the seal before it; empty for the first.
    previous = models.CharField(max_length=64, blank=True)
    signature = models.CharField(max_length=64)


class SealedEvent(models.Model):
    """That an event is in a seal, and what it was at that moment."""

    event_id = models.BigIntegerField(primary_key=True)
    seal = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["seal", "event_id"], name="audit_sealed")]


class Purge(models.Model):
    """That the oldest seals and their events were deleted for good, because retention said so (`audit.retention`).

    Inserted before anything is deleted and never changed; the triggers let go of nothing that no purge names. What is
    left of the chain begins behind the last one: at `anchor`.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    #: The event in the record that tells who did it.
    operation = models.UUIDField()
    first_seal = models.BigIntegerField()
    last_seal = models.BigIntegerField()
    #: Events that were deleted, and the moment before which all of them were sealed.
    count = models.BigIntegerField()
    before = models.DateTimeField()
    #: Signature of the last seal that was deleted: the one that the next seal names.
    anchor = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)
