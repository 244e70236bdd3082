"""Reading each row's target before anything is sent: what somebody changed at the vendor since stays as it is.

One read is one step of a job, within the budget of jobs. A row whose read shows the value that the job takes for the
present one is marked with the moment and may be sent for a quarter of an hour; every other row gets its outcome.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.registry import Became, Looking, Seen
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected

#: Seconds for which a read is believed.
FRESH = 900

CHANGED = "Kayse does not show what this job takes to be there; it stays as it is."
SO_ALREADY = "It is so at Kayse already."
GONE = "Kayse does not know this client any more."


def unread(chunk: Chunk) -> Row | None:
    """The first row of a request that was not read, or too long ago. Moments of ten digits compare as text."""
    old = str(int(time.time()) - FRESH)
    rows = Row.objects.filter(job_id=chunk.job_id, number__range=(chunk.first, chunk.last), outcome="")
    return rows.filter(flag__lt=old).order_by("number").first()


def look(job: Job, chunk: Chunk, row: Row, kind: Looking, actor: Actor) -> Outcome[Any]:
    """Read one row, and say what that means for it."""
    outcome, seen = kind.look(actor, row)
    with transaction.atomic():
        Chunk.objects.filter(pk=chunk.pk).update(requests=F("requests") + outcome.requests)
        if isinstance(outcome, Rejected) and outcome.is_not_found:
            ledger.record(chunk, [row], [Became(Row.Outcome.FAILED, row.target, GONE)])
        elif isinstance(outcome, Rejected) and not outcome.is_key_refused:
            said = outcome.message or outcome.sentence
            ledger.record(chunk, [row], [Became(Row.Outcome.FAILED, row.target, f"Kayse says: {said}")])
        elif isinstance(outcome, Applied) and seen is Seen.OLD:
            Row.objects.filter(pk=row.pk).update(flag=str(int(time.time())), body=row.body)
        elif isinstance(outcome, Applied):
            why = SO_ALREADY if seen is Seen.DONE else CHANGED
            ledger.record(chunk, [row], [Became(Row.Outcome.UNCHANGED, row.target, why)])
        elif outcome.requests and not isinstance(outcome, Rejected):
            # Kayse was asked and gave no answer that can be used: not again at once.
            until = timezone.now() + timedelta(seconds=settings.JOB_PAUSE_BETWEEN_TRIES)
            ledger.wait(job, until, "Kayse could not be read.")
    return outcome
