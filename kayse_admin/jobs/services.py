"""What people do with a job: pause, resume, cancel it, and decide about rows of which nobody knows what became."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.jobs import ledger, unanswered
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.registry import Became, kind_of

CONTROLS = {"pause": ledger.pause, "resume": ledger.resume, "cancel": ledger.cancel}
_DONE = {"pause": "Paused", "resume": "Resumed", "cancel": "Cancelled"}


def may_control(actor: Actor, job: Job) -> bool:
    """Whoever started a job controls it, as long as they may do such work; administrators control every job."""
    if actor.can(Capability.SETTINGS_EDIT):
        return True
    return actor.id == job.owner_id and actor.can(kind_of(job).capability)


def control(actor: Actor, job: Job, what: str) -> bool:
    """Pause, resume or cancel; False when the job was not in a state for it."""
    _require(actor, job)
    with transaction.atomic():
        if not CONTROLS[what](job):
            return False
        recorder.fact(actor, Action.JOB_CONTROL, target_of(job), detail=f"{_DONE[what]}.")
    return True


def decide(actor: Actor, job: Job, number: int, choice: str, result: int | None = None) -> bool:
    """A person's word about an unknown row: "there" (with its id), "again" (may be a double), or "drop".

    False when the row is not unknown any more.
    """
    _require(actor, job)
    row = Row.objects.filter(job=job, number=number, outcome=Row.Outcome.UNKNOWN).first()
    chunk = job.chunks.filter(first__lte=number, last__gte=number, unknown__gt=0).first()
    if row is None or chunk is None:
        return False
    with transaction.atomic():
        if choice == "again":
            if not unanswered.send_again(job, chunk, row):
                return False
            ledger.resume(job)
        else:
            _close(actor, job, chunk, row, choice, result)
        words = {"there": f"Row {number} is at Kayse.", "again": f"Row {number} is sent again."}
        recorder.fact(
            actor,
            Action.JOB_CONTROL,
            target_of(job),
            detail=words.get(choice, f"Row {number} is given up."),
            after={"row": number, "choice": choice, "id": result},
        )
    return True


def _close(actor: Actor, job: Job, chunk: Chunk, row: Row, choice: str, result: int | None) -> None:
    became = Became(Row.Outcome.FAILED, reason="Given up: nobody knows whether Kayse has it.")
    if choice == "there":
        row.result = row.target or result
        became = kind_of(job).settle_row(actor, job, row, chunk.sent_at or timezone.now())
    ledger.record(chunk, [row], [became], was=Row.Outcome.UNKNOWN)
    chunk.refresh_from_db()
    if not chunk.unknown:
        Chunk.objects.filter(pk=chunk.pk).update(state=Chunk.State.DONE, verify_at=None)
        unanswered.tell(chunk)


def target_of(job: Job) -> Target:
    """The job as the record names it."""
    return Target("job", job.pk, job.title)


def _require(actor: Actor, job: Job) -> None:
    if not may_control(actor, job):
        raise PermissionDenied("this job belongs to somebody else")
