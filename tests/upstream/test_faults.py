"""Faults of the network and of the vendor, seen from the write path: what is sent, what is recorded, how long it takes.

Each test asks the sandbox what really arrived and the record what was written.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Target
from kayse_admin.kayse_api.outcomes import (
    Applied,
    NotSent,
    NotSentReason,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
)
from kayse_admin.upstream import budget, circuit
from kayse_admin.upstream.client import read
from kayse_admin.upstream.models import Budget
from kayse_admin.upstream.operations import Settled, perform
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

NEW = {"first_name": "Ana", "last_name": "García", "external_source": "manual", "external_source_id": "x-1"}
DEADLINE = 1.0


@pytest.fixture(autouse=True)
def _short(settings: LazySettings) -> None:
    settings.KAYSE_PERSON_DEADLINE = DEADLINE


Create = Callable[[], Outcome[Any]]


@pytest.fixture
def create(actor: Actor, sandbox: Sandbox) -> Create:
    """Create one client through the write path."""

    def now() -> Outcome[Any]:
        return perform(
            actor,
            Action.CLIENT_CREATE,
            Target("client", None, "Ana García"),
            operation=uuid.uuid4(),
            payload=NEW,
            send=lambda kayse: kayse.clients.create(NEW),
            settle=lambda outcome: (
                Settled(Target("client", outcome.value.id, "Ana García"), NEW)
                if isinstance(outcome, Applied)
                else Settled()
            ),
        )

    return now


def recorded() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("id").values_list("stage", "result"))


def arrived(sandbox: Sandbox) -> int:
    return len(sandbox.requests("POST", "/v1/clients"))


def there(sandbox: Sandbox) -> int:
    """How many clients of this name the vendor has."""
    export = sandbox.http.get("/_sandbox/export.csv").text
    return sum(",x-1,Ana,García," in line for line in export.splitlines())


def test_all_is_well(create: Create, sandbox: Sandbox) -> None:
    outcome = create()
    assert isinstance(outcome, Applied)
    assert recorded() == [("intent", ""), ("outcome", "applied")]
    assert Event.objects.get(stage="outcome").target_id == outcome.value.id
    assert there(sandbox) == arrived(sandbox) == 1
    assert not OpenOperation.objects.exists()


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_row_1_and_2_no_answer_in_time(kind: str, create: Create, sandbox: Sandbox) -> None:
    sandbox.fault(kind, method="POST", path="/v1/clients")
    begun = time.monotonic()
    outcome = create()
    assert time.monotonic() - begun < DEADLINE + 1
    assert isinstance(outcome, Unknown)
    assert arrived(sandbox) == 1
    assert recorded() == [("intent", ""), ("outcome", "unknown")]
    assert OpenOperation.objects.get().state == "unknown"


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", 0), ("reset_after", 1), ("cut", 1)])
def test_row_3_the_connection_breaks(kind: str, applied: int, create: Create, sandbox: Sandbox) -> None:
    sandbox.fault(kind, method="POST", path="/v1/clients")
    assert isinstance(create(), Unknown)
    assert arrived(sandbox) == 1
    assert there(sandbox) == applied
    assert recorded() == [("intent", ""), ("outcome", "unknown")]


def test_row_3_a_read_is_tried_three_times(sandbox: Sandbox, settings: LazySettings) -> None:
    settings.KAYSE_PERSON_DEADLINE = 10
    sandbox.fault("reset_before", method="GET", path="/v1/clients/1", times=9)
    assert isinstance(read(lambda kayse: kayse.clients.get(1)), Unknown)
    assert len(sandbox.requests("GET", "/v1/clients/1")) == 3
    assert budget.current().used == 3
    assert recorded() == []


def test_row_5_nobody_listens(actor: Actor, settings: LazySettings, create: Create, sandbox: Sandbox) -> None:
    settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"
    settings.KAYSE_PERSON_DEADLINE = 10
    outcome = create()
    assert isinstance(outcome, NotSent)
    assert outcome.reason is NotSentReason.REFUSED
    assert outcome.requests <= 3
    assert budget.current().used == 0, "what never left is not charged"
    assert recorded() == [("intent", ""), ("outcome", "not_sent")]
    settings.KAYSE_API_URL = sandbox.url
    assert isinstance(create(), Applied)
    assert there(sandbox) == 1


def test_row_6_the_hour_is_used_up(create: Create, sandbox: Sandbox) -> None:
    sandbox.switch(rate_limit=0)
    begun = time.monotonic()
    first = create()
    assert isinstance(first, RateLimited)
    assert timedelta(0) < first.until - timezone.now() <= timedelta(hours=1)
    for _ in range(5):
        assert isinstance(create(), RateLimited)
    assert time.monotonic() - begun < DEADLINE, "nobody sleeps"
    assert arrived(sandbox) == 1
    assert recorded() == [("intent", ""), ("outcome", "rate_limited")] * 6
    Budget.objects.update(reset_at=timezone.now())
    sandbox.switch(rate_limit=500)
    assert isinstance(create(), Applied)


@pytest.mark.parametrize("kind", ["html", "empty", "wrong_json", "gzip_bomb"])
def test_row_8_an_answer_that_cannot_be_read(kind: str, create: Create, sandbox: Sandbox) -> None:
    sandbox.fault(kind, method="POST", path="/v1/clients")
    outcome = create()
    assert isinstance(outcome, Unknown)
    assert arrived(sandbox) == 1
    assert recorded() == [("intent", ""), ("outcome", "unknown")]
    assert "<" not in Event.objects.get(stage="outcome").detail


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("apply", [True, False])
def test_row_9_an_error_of_the_vendor(status: int, apply: bool, create: Create, sandbox: Sandbox) -> None:
    sandbox.fault("status", method="POST", path="/v1/clients", status=status, apply=apply)
    outcome = create()
    assert isinstance(outcome, Unknown)
    assert outcome.status == status
    assert there(sandbox) == int(apply)
    assert arrived(sandbox) == 1
    assert Event.objects.get(stage="outcome").http_status == status


def test_a_refusal_is_known(create: Create, sandbox: Sandbox) -> None:
    sandbox.fault("status", method="POST", path="/v1/clients", status=400)
    outcome = create()
    assert isinstance(outcome, Rejected)
    assert recorded() == [("intent", ""), ("outcome", "rejected")]


def test_a_refused_key_ends_all_calls(create: Create, sandbox: Sandbox, settings: LazySettings) -> None:
    settings.KAYSE_API_KEY = "revoked-key"
    assert isinstance(create(), Rejected)
    outcome = create()
    assert isinstance(outcome, NotSent)
    assert outcome.reason is NotSentReason.KEY_REFUSED
    assert arrived(sandbox) == 1
    circuit.try_again()
    settings.KAYSE_API_KEY = "sandbox-key"
    assert isinstance(create(), Applied)


def test_a_failing_vendor_is_left_alone(create: Create, sandbox: Sandbox) -> None:
    sandbox.fault("status", path="/v1/", status=503, times=50)
    results = [create() for _ in range(8)]
    assert [outcome.result for outcome in results] == ["unknown"] * 5 + ["not_sent"] * 3
    assert arrived(sandbox) == 5


def test_the_same_operation_is_sent_once(actor: Actor, sandbox: Sandbox) -> None:
    from kayse_admin.audit.recorder import AlreadyPerformed

    operation = uuid.uuid4()

    def once() -> None:
        perform(
            actor,
            Action.CLIENT_CREATE,
            Target("client", None, "Ana García"),
            operation=operation,
            payload=NEW,
            send=lambda kayse: kayse.clients.create(NEW),
            settle=lambda _: Settled(),
        )

    once()
    with pytest.raises(AlreadyPerformed):
        once()
    assert there(sandbox) == 1
    assert recorded() == [("intent", ""), ("outcome", "applied")]


def test_a_mistake_of_ours_in_mid_call_is_recorded_as_unknown(actor: Actor, db: None) -> None:
    def broken(_: object) -> Outcome[Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform(
            actor,
            Action.CLIENT_CREATE,
            Target("client", None, "Ana García"),
            operation=uuid.uuid4(),
            payload=NEW,
            send=broken,
            settle=lambda _: Settled(),
        )
    assert recorded() == [("intent", ""), ("outcome", "unknown")]


def test_no_key_and_no_query_in_the_log(
    create: Create, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sandbox.fault("reset_after", method="POST", path="/v1/clients")
    create()
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "clients.create" in text
    assert "sandbox-key" not in text
    assert "García" not in text
