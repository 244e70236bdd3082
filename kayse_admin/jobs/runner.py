"""Serving jobs: one request after the other, the jobs in turn, until nothing is due.

Whoever serves holds the sending lock. Each request is committed as "being sent", together with its intent in the
record, before it leaves; what a dead process left in that state is unknown and is never simply sent again. What was
not sent, or surely changed nothing, goes back to "to be sent".
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.jobs import ending, ledger, next_up, preparing, raw, reading_first, tasks, unanswered
from kayse_admin.jobs.lock import Held, LockLost, is_free, sending
from kayse_admin.jobs.models import HELD, Chunk, Job, Row
from kayse_admin.jobs.registry import Became, Kind, Looking, kind_of
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import (
    Applied,
    NotSent,
    NotSentReason,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
)
from kayse_admin.templatetags.ui import moment
from kayse_admin.upstream import budget, circuit
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read
from kayse_admin.upstream.gate import Prepaid
from kayse_admin.upstream.operations import Settled, perform

logger = logging.getLogger("kayse_admin.jobs")

#: Set by SIGTERM: the request under way is brought to its end, the next one is not begun.
ending_soon = threading.Event()


class Overtaken(Exception):
    """The request is not to be sent any more: somebody else has done it, or the job was stopped."""


class Late(Overtaken):
    """Some of its rows are not to be sent any more as they are."""


class Spent(Exception):
    """The hour has no request left for it."""


def work() -> int:
    """The errand of the queue: prepare and serve every job that is due; returns how many requests were sent."""
    preparing.serve(ending_soon.is_set)
    return serve()


def serve(after_each: Callable[[], object] = lambda: None) -> int:
    """Serve every job that is due, in turn, and say when the next one will be; returns how many requests were sent.

    `after_each` is called behind every step. Returns at once when another process is serving: that one takes the new
    job in turn.
    """
    done = 0
    while not ending_soon.is_set():
        with sending() as held:
            if held is None:
                return done
            done += _serve_all(held, after_each)
        # Between the last look and the release somebody may have come and found the lock taken.
        if ledger.due() is None:
            break
    at = ledger.next_due()
    if ending_soon.is_set():
        tasks.wake()
    elif at:
        tasks.wake(at)
    return done


def _serve_all(held: Held, after_each: Callable[[], object]) -> int:
    done, known = 0, set[int]()
    _take_over_stopped()
    while not ending_soon.is_set() and (job := ledger.due()):
        if not held():
            raise LockLost
        if job.at_once and not is_free(job.pk):
            ledger.leave_alone(job)
        # A running job's turn is noted together with what it does, in the same transaction.
        elif job.state == Job.State.RUNNING or ledger.turn(job):
            if job.pk not in known:
                # A dead process left it before we took the lock, or before its own was free.
                unanswered.take_over(job)
                known.add(job.pk)
            done += _serve_once(job, held)
            after_each()
    return done


def _take_over_stopped() -> None:
    """What a dead process was sending of a job that was stopped meanwhile may be at Kayse all the same. Called by who
    holds the sending lock; a job that is sent beside it has a lock of its own.
    """
    for job in ledger.stopped_in_mid_request():
        if is_free(job.pk):
            unanswered.take_over(job)


def serve_now(job: Job, actor: Actor) -> None:
    """Send the first request of a small job in the process of the person who waits for its answer.

    It goes beside the other jobs, under a lock of its own, and may use what they keep for people. What is left after
    it (halves of a refused batch, unanswered rows, a budget that is used up) is the workers', as if it were any job;
    so is the whole of it when this process dies.
    """
    with sending(job.pk) as held:
        if held is None or not ledger.turn_alone(job):
            return
        job.refresh_from_db()
        _serve_once(job, held, actor)
        job.refresh_from_db()
        if job.state == Job.State.RUNNING and not job.chunks.filter(state=Chunk.State.PENDING).exists():
            _serve_once(job, held, actor)
    ledger.hand_over(job)


def _serve_once(job: Job, held: Held, person: Actor | None = None) -> int:
    """One step of a job: send one request, look at one that was never answered, or finish.

    `person` is who waits for it; without one the job goes on behalf of its owner, and leaves the reserve to people.
    """
    actor = person or ledger.owner(job)
    kind = kind_of(job)
    if actor is None or not actor.can(kind.capability):
        ledger.stand(job, f"{job.owner_name} may not do this any more. An administrator can decide.")
        return 0
    look = next_up.look(job)
    if look and look.verify_at and look.verify_at <= timezone.now():
        # All looks come before what they may put back among the rows to be sent: so that goes in one request.
        ledger.turn(job)
        _after(job, unanswered.look(job, look, kind, actor))
        return 0
    chunk, more = next_up.chunks(job)
    reader = kind if isinstance(kind, Looking) and kind.reads_first else None
    unread = reading_first.unread(chunk) if chunk and reader else None
    if chunk and reader and unread:
        purpose = Purpose.PERSON if person else Purpose.JOB
        if _admitted(job) and _going(job, purpose):
            _after(job, reading_first.look(job, chunk, unread, reader, actor))
        return 0
    if chunk:
        sent = _send(job, chunk, kind, actor, held, Purpose.PERSON if person else Purpose.JOB)
        if sent and not more and Job.objects.filter(pk=job.pk, state=Job.State.PAUSED).exists():
            ending.finish(job)  # paused during its last request: nothing is left to resume
        return sent
    if look and look.verify_at:
        ledger.wait(job, look.verify_at, f"waiting until {moment(look.verify_at)} to look at unanswered rows")
    else:
        ending.finish(job)
    return 0


def _send(job: Job, chunk: Chunk, kind: Kind, actor: Actor, held: Held, purpose: Purpose) -> int:
    rows = raw.rows_of(chunk)
    if not rows:
        Chunk.objects.filter(pk=chunk.pk).update(state=Chunk.State.DONE, finished_at=timezone.now())
        return 0
    if kind.reads:
        return _ask(job, chunk, kind, actor, rows, purpose)
    operation, at = uuid.uuid4(), timezone.now()

    def begin() -> None:
        """In the transaction of the intent: this request is being sent, by this operation."""
        if not held():
            raise LockLost
        # A row that joined it since the rows were read must not be taken for sent.
        mine = Chunk.objects.filter(
            pk=chunk.pk, state=Chunk.State.PENDING, first=chunk.first, last=chunk.last
        )
        if not _going(job, purpose) or not mine.update(
            state=Chunk.State.SENDING, operation=operation, sent_at=at
        ):
            raise Overtaken
        if kind.overtaken(job, rows) or kind.doubtful(job, rows):
            raise Late
        if budget.take(purpose):
            raise Spent

    def settle(outcome: Outcome[Any]) -> Settled:
        _settle(job, chunk, kind, actor, rows, outcome, at)
        return Settled()

    if not _admitted(job):
        return 0
    try:
        outcome = perform(
            actor,
            kind.action,
            kind.target(job),
            operation=operation,
            payload=kind.payload(job, rows),
            before=_before(rows),
            send=lambda kayse: kind.send(_prepaid(kayse, purpose), job, rows),
            settle=settle,
            reason=job.reason,
            purpose=purpose,
            job=job.pk,
            together=begin,
            told=kind.told,
        )
    except Late:
        _leave_out(job, chunk, kind)
        return _send(job, chunk, kind, actor, held, purpose)
    except Overtaken:
        return 0
    except Spent:
        # Asked again, because an hour that was begun in the transaction of the intent has gone with it.
        until = budget.current().reset_at
        ledger.wait(job, until, BUDGET.format(moment(until)))
        return 0
    _after(job, outcome)
    return 1


def _leave_out(job: Job, chunk: Chunk, kind: Kind) -> None:
    """Give the rows of a request that are not to be sent any more their outcome; a person may decide about doubts.

    They failed, or are as unknown as before where an earlier request with them was not answered.
    """
    with transaction.atomic():
        if not Chunk.objects.filter(pk=chunk.pk, state=Chunk.State.PENDING).exists():
            return
        rows = raw.rows_of(chunk)
        doubts, over = kind.doubtful(job, rows), kind.overtaken(job, rows)
        why = {**doubts, **over}
        late = [row for row in rows if row.number in why]
        ledger.record(chunk, late, [_overtaken(chunk, row, why[row.number]) for row in late])
        doubted = [row for row in late if row.number not in over]
        Row.objects.filter(pk__in=[row.pk for row in doubted if not row.flag]).update(flag=HELD)
        ledger.add_late(job, kind.spared(doubted))


def _overtaken(chunk: Chunk, row: Row, why: str) -> Became:
    """It failed, or is as unknown as before where an earlier request with it was not answered."""
    outcome = Row.Outcome.UNKNOWN if ledger.was_sent(chunk, row) else Row.Outcome.FAILED
    return Became(outcome, row.target, why)


def _ask(job: Job, chunk: Chunk, kind: Kind, actor: Actor, rows: list[Row], purpose: Purpose) -> int:
    """A request that only reads: it changes nothing, so what a process that dies was told is simply asked again."""
    if not _admitted(job) or not _going(job, purpose):
        return 0
    at = timezone.now()
    outcome = read(lambda kayse: kind.send(kayse, job, rows), purpose=purpose)
    with transaction.atomic():
        _settle(job, chunk, kind, actor, rows, outcome, at)
    _after(job, outcome)
    return 1


def _going(job: Job, purpose: Purpose) -> bool:
    """Note the job's turn; False when somebody paused or cancelled it meanwhile."""
    if purpose is Purpose.JOB:
        return ledger.turn(job)
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).exists()


def _prepaid(kayse: KayseClient, purpose: Purpose) -> KayseClient:
    """The client for a request that is charged with its intent: one commit for both. It takes no longer than a person
    waits for any answer when a person waits for this one.
    """
    deadline = settings.KAYSE_PERSON_DEADLINE if purpose is Purpose.PERSON else None
    return kayse.with_gate(Prepaid(purpose), deadline=deadline)


def _admitted(job: Job) -> bool:
    """Whether it makes sense to try: a request that the breaker would refuse anyway leaves no trace in the record."""
    row = circuit.state()
    until = circuit.open_until(row)
    if row.refused_at:
        ledger.stand(job, KEY_REFUSED)
    elif until:
        ledger.wait(job, until, f"waiting for Kayse, which has been failing, until {moment(until)}")
    return not row.refused_at and not until


KEY_REFUSED = "Kayse refuses our key. Resume the job when an administrator has put it right."
BUDGET = "waiting for the hourly budget until {}"


def _before(rows: Sequence[Row]) -> Any:
    """The known values of what is changed, by id; nothing for creates."""
    return {str(row.target): row.before for row in rows if row.target and row.before} or None


def _settle(
    job: Job, chunk: Chunk, kind: Kind, actor: Actor, rows: list[Row], outcome: Outcome[Any], at: datetime
) -> None:
    """Write what the answer means, in the transaction of the outcome."""
    took = {
        "requests": F("requests") + outcome.requests,
        "duration_ms": outcome.duration_ms,
        "finished_at": timezone.now(),
    }
    if isinstance(outcome, Applied):
        became = kind.settle(actor, job, rows, outcome.value, at)
        silent = [row for row, one in zip(rows, became, strict=True) if one.outcome == Row.Outcome.UNKNOWN]
        look_at = unanswered.look_at(silent, kind)
        ledger.record(chunk, rows, became, state=Chunk.State.DONE, detail="", verify_at=look_at, **took)
    elif isinstance(outcome, Unknown) and kind.reads:
        failed = [Became(Row.Outcome.FAILED, reason=outcome.reason.sentence)] * len(rows)
        ledger.record(chunk, rows, failed, state=Chunk.State.FAILED, detail=outcome.sentence, **took)
    elif isinstance(outcome, Unknown):
        unanswered.note(chunk, rows, kind, outcome.sentence, **took)
    elif isinstance(outcome, Rejected) and not outcome.is_key_refused:
        kind.refused(rows, outcome, at)
        _refused(job, chunk, kind, rows, outcome, **took)
    else:
        ledger.add(chunk, {}, state=Chunk.State.PENDING, detail=outcome.sentence, **took)


def _refused(job: Job, chunk: Chunk, kind: Kind, rows: list[Row], outcome: Rejected, **took: Any) -> None:
    """A batch that was refused as a whole: halve it as long as requests for that are left, else all rows failed."""
    said = outcome.message or outcome.sentence
    halving = kind.can_halve and len(rows) > 1 and outcome.status in (400, 413, 422)
    if halving and ledger.splits_left(job) >= 2:
        middle = len(rows) // 2
        for half in (rows[:middle], rows[middle:]):
            Chunk.objects.create(job=job, first=half[0].number, last=half[-1].number, is_half=True)
        detail = f"Refused as a whole and halved. Kayse says: {said}"
        ledger.add(chunk, {}, state=Chunk.State.FAILED, detail=detail[:500], **took)
        return
    more = "" if len(rows) == 1 else f" (told for {len(rows)} rows at once)"
    failed = [Became(Row.Outcome.FAILED, reason=f"Kayse says: {said}{more}")] * len(rows)
    ledger.record(chunk, rows, failed, state=Chunk.State.FAILED, detail=said[:500], **took)


def _after(job: Job, outcome: Outcome[Any] | None) -> None:
    """What the result of a request means for the job's next turn."""
    if isinstance(outcome, RateLimited):
        ledger.wait(job, outcome.until, BUDGET.format(moment(outcome.until)))
    elif isinstance(outcome, Rejected) and outcome.is_key_refused:
        ledger.stand(job, KEY_REFUSED)
    elif isinstance(outcome, NotSent):
        if outcome.reason is NotSentReason.KEY_REFUSED:
            ledger.stand(job, KEY_REFUSED)
            return
        until = timezone.now() + timedelta(seconds=settings.JOB_PAUSE_BETWEEN_TRIES)
        ledger.wait(job, until, f"{outcome.reason.sentence} Trying again at {moment(until)}.")


def sweep() -> bool:
    """Put what was interrupted back into the queue; True when there was something. Runs at a worker's start and every
    minute after, and is what correctness rests on: an errand that died with its worker stays "running" for ever.
    """
    tasks.forget_old()
    left = ledger.due() is not None or bool(ledger.stopped_in_mid_request())
    if tasks.is_queued() or not (preparing.waits() or (left and is_free())):
        return False
    tasks.wake()
    return True
