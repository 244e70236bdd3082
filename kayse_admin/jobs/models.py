"""The ledger of bulk jobs: what is to be sent, in which requests, and what became of each row.

Every step is an insert or a conditional update, so that a process that dies at any moment leaves a state that says
what is known. Only drafts, of which nothing was sent, are ever deleted.
"""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F
from django.db.models.base import ModelState
from django.utils import timezone

from kayse_admin.json_text import JsonField


class Job(models.Model):
    """A bulk change that somebody started."""

    class State(models.TextChoices):
        PREPARING = "preparing", "Being prepared"
        DRAFT = "draft", "Not started"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"
        DONE = "done", "Finished"

    #: The states in which it is nobody's business yet but that of whoever makes it.
    UNSTARTED = (State.PREPARING, State.DRAFT)

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    owner_id = models.BigIntegerField()
    owner_name = models.CharField(max_length=200)
    #: From the form that started it: a double click starts one job.
    operation = models.UUIDField(default=uuid.uuid4, unique=True)
    #: What the kind needs besides the rows.
    options = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)
    #: Whether its first request is sent by the process of the person who waits for it (`runner.serve_now`).
    at_once = models.BooleanField(default=False)
    #: The job that this one undoes.
    undoes = models.BigIntegerField(null=True)
    #: Rows of the ledger, and those of them that are to be sent.
    total = models.IntegerField(default=0)
    to_send = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: Until when nothing of it is sent, and why it waits or stands, in words.
    wait_until = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    #: When it was served last: jobs take turns.
    served_at = models.DateTimeField(default=timezone.now)
    #: When its owner saw how it ended.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "served_at"], name="job_turns"),
            models.Index(fields=["owner_id", "state"], name="job_owner"),
        ]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in (self.State.DONE, self.State.CANCELLED)

    @property
    def is_active(self) -> bool:
        """Whether something may happen by itself."""
        return self.state in (self.State.QUEUED, self.State.RUNNING, self.State.WAITING)


class Chunk(models.Model):
    """One request of a job: the rows first..last that are to be sent and have no outcome yet."""

    class State(models.TextChoices):
        PENDING = "pending", "To be sent"
        SENDING = "sending", "Being sent"
        DONE = "done", "Done"
        FAILED = "failed", "Refused"
        UNKNOWN = "unknown", "Outcome unknown"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    first = models.IntegerField()
    last = models.IntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    #: True for half of a batch that was refused as a whole.
    is_half = models.BooleanField(default=False)
    #: The operation in the record; a chunk that was not sent gets a new one with its next try.
    operation = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: Requests charged to the hour, reads to find out what happened included.
    requests = models.IntegerField(default=0)
    reads = models.IntegerField(default=0)
    duration_ms = models.IntegerField(default=0)
    detail = models.CharField(max_length=500, blank=True)
    #: When a read may tell what became of an unanswered request; null when no machine can say more.
    verify_at = models.DateTimeField(null=True)
    #: Outcomes that came of this request; the sum over all requests is the job's.
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    unknown = models.IntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["job", "state", "first"], name="chunk_next"),
            models.Index(
                fields=["job", "verify_at"], name="chunk_looks", condition=models.Q(verify_at__isnull=False)
            ),
        ]

    @property
    def settled(self) -> int:
        """Rows whose outcome came of it."""
        return self.created + self.updated + self.unchanged + self.failed + self.unknown


class Row(models.Model):
    """One row of a job, and what became of it."""

    class Outcome(models.TextChoices):
        NONE = "", "Not sent yet"
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rows", db_index=False)
    #: 1, 2, 3 … inside the job.
    number = models.IntegerField()
    #: Line of the file that the row came from; 0 without a file.
    line = models.IntegerField(default=0)
    #: The vendor's id of what is changed; null for what is to be created.
    target = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True)
    #: What is sent, without the id.
    body = JsonField(default=dict)
    #: The known values of the changed fields before, for verifying and for undoing.
    before = JsonField(null=True)
    #: What the row was made of, as it came.
    source = JsonField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, default="", blank=True)
    #: The vendor's id afterwards.
    result = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    #: A mark of the kind's own, for what a person should look at before the start; `HELD` for what was not sent because
    #: a person should look at it.
    flag = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="row_number")]
        indexes = [
            # The few rows that somebody has to look at, found without reading the many.
            models.Index(
                fields=["job", "outcome", "number"],
                name="row_outcome",
                condition=models.Q(outcome__in=["failed", "unknown"]),
            ),
            # What was done to one client or list, by jobs old and new.
            models.Index(fields=["target"], name="row_target", condition=models.Q(target__isnull=False)),
            models.Index(fields=["result"], name="row_created", condition=models.Q(outcome="created")),
            # What nobody knows the outcome of, in whichever job, by what it is about.
            models.Index(fields=["target"], name="row_unknown", condition=models.Q(outcome="unknown")),
        ]

    @classmethod
    def light(cls, **fields: Any) -> Self:
        """A row in the way in which it comes out of a pickle: without signals, at a tenth of a model's price.

        For the long ways of a hundred thousand rows; a field that is not given has its default.
        """
        row = cls.__new__(cls)
        row.__dict__ = {**_BLANK, "_state": ModelState(), "body": {}, **fields}
        return row

    @property
    def sent(self) -> dict[str, object]:
        """The row as it goes to the vendor."""
        return {"id": self.target, **self.body} if self.target else dict(self.body)


#: A row of which nothing is said; its body is made anew for each.
_BLANK = {
    "id": None, "job_id": None, "number": None, "line": 0, "target": None, "label": "", "before": None,
    "source": None, "outcome": "", "result": None, "reason": "", "flag": "",
}  # fmt: skip
HELD = "held"
#: The five outcomes, in the order in which they are shown.
OUTCOMES = ("created", "updated", "unchanged", "failed", "unknown")
#: Which of two jobs has waited longer for its turn.
TURNS = (F("served_at").asc(), F("id").asc())
