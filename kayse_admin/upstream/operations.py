"""The one write path to the vendor: intent, call, outcome.

Every service that changes something at the vendor calls `perform` and nothing else. The intent is committed before the
call leaves; the outcome is committed together with the local copy. Whatever happens in between is found by
`audit.recovery`. Nothing here sends a change twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Json, Target
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected, Unknown
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import call

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settled:
    """What the local copy became: the target if it is known better now (a create learns its id), the state after."""

    target: Target | None = None
    after: Json = None


def nothing_to_settle(_: object) -> Settled:
    """For changes that leave no trace in the local copy."""
    return Settled()


def perform(
    actor: Actor,
    action: Action,
    target: Target,
    *,
    operation: uuid.UUID,
    payload: Json,
    send: Callable[[KayseClient], Outcome[T]],
    settle: Callable[[Outcome[T]], Settled],
    before: Json = None,
    reason: str = "",
    purpose: Purpose = Purpose.PERSON,
    job: int | None = None,
    together: Callable[[], None] | None = None,
    told: Callable[[Applied[T]], Json] = lambda outcome: outcome.raw,
) -> Outcome[T]:
    """Send one change to the vendor, with its intent and its outcome in the record.

    `operation` comes from the form, so that a double click is one operation; used before, it raises
    `AlreadyPerformed` and nothing is sent. `settle` is called once, whatever the outcome, inside the transaction that
    writes it. `together` is called inside the transaction that commits the intent; `told` says what of the answer the
    record keeps. An exception in `send` is a mistake of ours after which nobody knows what was sent: it is recorded as
    unknown and raised again.
    """
    begun = recorder.intent(
        actor,
        action,
        target,
        operation=operation,
        payload=payload,
        before=before,
        reason=reason,
        job=job,
        together=together,
    )
    try:
        outcome = call(send, purpose)
    except Exception:
        recorder.outcome(
            begun, "unknown", settle=lambda: None, detail="The dashboard failed during the call."
        )
        raise
    settled = Settled()

    def settle_now() -> Target | None:
        nonlocal settled
        settled = settle(outcome)
        return settled.target

    recorder.outcome(
        begun,
        outcome.result,
        settle=settle_now,
        after=lambda: settled.after,
        answer=told(outcome) if isinstance(outcome, Applied) else None,
        http_status=outcome.status if isinstance(outcome, Applied | Rejected | Unknown) else None,
        duration_ms=outcome.duration_ms,
        requests=outcome.requests,
        detail="" if isinstance(outcome, Applied) else outcome.sentence,
    )
    return outcome
