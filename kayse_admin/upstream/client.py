"""The configured client of the vendor's API: one connection pool a process, one gate a purpose."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from django.conf import settings

from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.config import KayseConfig
from kayse_admin.kayse_api.outcomes import Outcome, RateLimited
from kayse_admin.upstream import budget
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.gate import DatabaseGate

T = TypeVar("T")


@lru_cache(maxsize=4)
def _pool(pid: int, url: str, key: str, person_deadline: float, bulk_deadline: float) -> KayseClient:
    config = KayseConfig(
        base_url=url, api_key=key, person_deadline=person_deadline, bulk_deadline=bulk_deadline
    )
    return KayseClient(config)


def client(purpose: Purpose = Purpose.PERSON) -> KayseClient:
    """The client for this purpose, charged to the shared budget; a fork gets a pool of its own."""
    shared = _pool(
        os.getpid(),
        settings.KAYSE_API_URL,
        settings.KAYSE_API_KEY,
        settings.KAYSE_PERSON_DEADLINE,
        settings.KAYSE_BULK_DEADLINE,
    )
    return shared.with_gate(DatabaseGate(purpose))


def call(send: Callable[[KayseClient], Outcome[T]], purpose: Purpose) -> Outcome[T]:
    """One call to the vendor, charged to the budget. After a 429 nobody calls again before the time it names."""
    outcome = send(client(purpose))
    if isinstance(outcome, RateLimited) and outcome.sent:
        budget.spent_until(outcome.until)
    return outcome


def read(send: Callable[[KayseClient], Outcome[T]], *, purpose: Purpose = Purpose.PERSON) -> Outcome[T]:
    """One read from the vendor. Changes go through `upstream.operations.perform` and leave a record."""
    return call(send, purpose)
