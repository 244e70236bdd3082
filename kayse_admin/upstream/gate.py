"""The gate before each try of the SDK: budget and circuit breaker, charged and told per try."""

from __future__ import annotations

import logging

from kayse_admin.kayse_api.outcomes import NotSent, NotSentReason, RateLimited
from kayse_admin.kayse_api.retry import AnswerInfo, RequestInfo
from kayse_admin.upstream import budget, circuit
from kayse_admin.upstream.budget import Purpose

logger = logging.getLogger("kayse_admin.upstream")

#: Our own crowd and our own slowness are no failures of the vendor.
_OUR_OWN = frozenset({NotSentReason.POOL_FULL.value, NotSentReason.DEADLINE.value})
_NEVER_SENT = frozenset(reason.value for reason in NotSentReason)


class DatabaseGate:
    """Admits a try when the vendor is worth calling and the hour has a request left for this purpose."""

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose

    def admit(self, request: RequestInfo) -> NotSent | RateLimited | None:
        """Take one request from the hour; the refusal says why and until when."""
        row = circuit.state()
        if row.refused_at:
            return NotSent(NotSentReason.KEY_REFUSED)
        if circuit.open_until(row):
            return NotSent(NotSentReason.CIRCUIT_OPEN)
        until = budget.take(self.purpose)
        return RateLimited(until=until, sent=False) if until else None

    def told(self, request: RequestInfo, answer: AnswerInfo | None, failure: str | None) -> None:
        """Learn from the answer's headers and status, or from the failure."""
        if answer is None:
            if failure in _NEVER_SENT:
                budget.give_back(self.purpose)
            if failure not in _OUR_OWN:
                circuit.failed()
            logger.warning("kayse %s %s: %s", request.method, request.name, failure)
            return
        if answer.rate:
            budget.told(answer.rate.limit, answer.rate.remaining, answer.rate.reset_at)
        if answer.status == 401:
            circuit.refused()
        elif answer.status >= 500:
            circuit.failed()
        elif answer.status != 429:
            circuit.succeeded()


class Prepaid(DatabaseGate):
    """Admits the first try unasked: whoever made the gate has taken its request from the hour, in the transaction of
    the intent, and has looked at the circuit breaker.
    """

    def admit(self, request: RequestInfo) -> NotSent | RateLimited | None:
        """Only further tries are charged here."""
        return None if request.attempt == 1 else super().admit(request)
