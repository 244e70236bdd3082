"""One call from its description to its result: gate, tries, deadline, reading."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson

from kayse_admin.kayse_api import gesture
from kayse_admin.kayse_api.config import KayseConfig
from kayse_admin.kayse_api.errors import NeverSent, NotSendable, NoUsableAnswer
from kayse_admin.kayse_api.outcomes import (
    Applied,
    NotSent,
    NotSentReason,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
    UnknownReason,
)
from kayse_admin.kayse_api.rate import blocked_until, read_date, read_rate
from kayse_admin.kayse_api.reading import read_error, read_json
from kayse_admin.kayse_api.retry import AnswerInfo, Gate, RateInfo, RequestInfo, may_try_again, pause_before
from kayse_admin.kayse_api.transport import Answer, Wire

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What to send and how to read the answer: `parse` gets the JSON."""

    name: str
    method: str
    path: str
    parse: Callable[[Any], T]
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    bulk: bool = False

    @property
    def write(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Pacing:
    """The passing of time between tries; tests give their own."""

    sleep: Callable[[float], None] = time.sleep
    fraction: Callable[[], float] = random.random


class Exchange:
    """Carries out calls over one wire, through one gate."""

    def __init__(
        self, config: KayseConfig, wire: Wire, gate: Gate, pacing: Pacing, deadline: float | None = None
    ) -> None:
        self._config = config
        self._wire = wire
        self._gate = gate
        self._pacing = pacing
        self._deadline = deadline

    @property
    def max_rows(self) -> int:
        return self._config.max_rows

    def with_gate(self, gate: Gate, deadline: float | None) -> Exchange:
        """The same wire behind another gate."""
        return Exchange(self._config, self._wire, gate, self._pacing, deadline)

    def call(self, call: Call[T]) -> Outcome[T]:
        """Sends `call`, again where that is safe, and says what came of it.

        Raises:
            NotSendable: the body cannot be written as JSON. Nothing was sent.
        """
        content = None if call.body is None else to_json(call.body)
        started = time.monotonic()
        deadline = gesture.cut(started + self._seconds(call))
        attempt = 0
        while True:
            attempt += 1
            info = RequestInfo(call.name, call.method, call.path, attempt)
            denial = self._gate.admit(info)
            if denial is not None:
                return replace(denial, requests=attempt - 1, duration_ms=_ms_since(started))
            outcome = self._try(call, content, info, deadline)
            pause = pause_before(attempt + 1, self._pacing.fraction())
            again = may_try_again(outcome, write=call.write, attempt=attempt)
            if not again or time.monotonic() + pause >= deadline:
                return replace(outcome, requests=attempt, duration_ms=_ms_since(started))
            self._pacing.sleep(pause)

    def _seconds(self, call: Call[T]) -> float:
        if self._deadline is not None:
            return self._deadline
        return self._config.bulk_deadline if call.bulk else self._config.person_deadline

    def _try(self, call: Call[T], content: bytes | None, info: RequestInfo, deadline: float) -> Outcome[T]:
        outcome: Outcome[T]
        answer: Answer | None = None
        try:
            if call.write and gesture.is_too_late_to_write():
                raise NeverSent(NotSentReason.DEADLINE)
            answer = self._wire.send(
                call.method,
                call.path,
                params=call.params,
                content=content,
                fresh=call.write or info.attempt > 1,
                deadline=deadline,
            )
        except NeverSent as error:
            outcome = NotSent(error.reason)
        except NoUsableAnswer as error:
            outcome = _unknown(call, error.reason, None)
        else:
            outcome = self._judge(call, answer)
        self._tell(info, answer, outcome)
        return outcome

    def _judge(self, call: Call[T], answer: Answer) -> Outcome[T]:
        status = answer.status
        if 200 <= status < 300:
            return self._accept(call, answer)
        if status == 429:
            return RateLimited(blocked_until(answer.headers, datetime.now(UTC)), sent=True)
        if 400 <= status < 500:
            return Rejected(status, *self._without_key(read_error(answer.body)), 0, 0)
        if 500 <= status < 600:
            return _unknown(call, UnknownReason.SERVER_ERROR, status)
        return _unknown(call, UnknownReason.UNEXPECTED_STATUS, status)

    def _accept(self, call: Call[T], answer: Answer) -> Outcome[T]:
        try:
            if answer.trouble is not None:
                raise answer.trouble
            # No content by its status says as much as an empty object: enough for a delete alone.
            raw = {} if answer.status == 204 else read_json(answer.body)
            return Applied(call.parse(raw), answer.status, 0, 0, raw)
        except NoUsableAnswer as error:
            return _unknown(call, error.reason, answer.status)

    def _without_key(self, words: tuple[str, str]) -> tuple[str, str]:
        """An answer may quote the key that it refuses."""
        code, message = (word.replace(self._config.api_key, "•••") for word in words)
        return code, message

    def _tell(self, info: RequestInfo, answer: Answer | None, outcome: Outcome[T]) -> None:
        failure = outcome.reason.value if isinstance(outcome, NotSent | Unknown) else None
        logger.info(
            "%s try %d: %s %s", info.name, info.attempt, outcome.result, failure or (answer and answer.status)
        )
        try:
            self._gate.told(info, None if answer is None else _info(answer, outcome), failure)
        except Exception:
            # What the vendor did is known by now; trouble in the bookkeeping must not lose it.
            logger.exception("the gate could not take note of %s", info.name)


def to_json(body: Mapping[str, Any]) -> bytes:
    """`body` as strict JSON in UTF-8.

    orjson takes a fifth of the time of the standard library; it writes null for NaN, so what has a null in it is left
    to the latter, which refuses NaN, and so is what orjson refuses.

    Raises:
        NotSendable: NaN, a lone surrogate, a type that JSON has not, or too deep.
    """
    try:
        fast = orjson.dumps(body, option=_STRICT)
        if b"null" not in fast:
            return fast
    except orjson.JSONEncodeError:
        pass
    try:
        return json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotSendable(f"not JSON: {type(error).__name__}") from None


_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def _unknown(call: Call[T], reason: UnknownReason, status: int | None) -> Unknown:
    return Unknown(reason, status, 0, 0, write=call.write)


def _info(answer: Answer, outcome: Outcome[Any]) -> AnswerInfo:
    rate = read_rate(answer.headers, datetime.now(UTC))
    if isinstance(outcome, RateLimited):
        rate = RateInfo(rate.limit if rate else None, 0, outcome.until)
    return AnswerInfo(answer.status, rate, read_date(answer.headers))


def _ms_since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
