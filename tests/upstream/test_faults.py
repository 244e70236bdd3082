"""Faults of the network and of the vendor, seen from the write path: what is sent, what is recorded, how long it takes.

Each test asks the sandbox what really arrived and the record what was written.
"""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client
from kayse_admin.actors import Actor
from kayse_admin.audit import recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Target
from kayse_admin.kayse_api import KayseClient, KayseConfig
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
from kayse_admin.upstream import client as upstream
from kayse_admin.upstream.client import read
from kayse_admin.upstream.models import Budget
from kayse_admin.upstream.operations import Settled, perform
from tests.clients_ui.conftest import edit_fields
from tests.conftest import Sandbox
from tests.kayse_api.test_faults_connections import nobody_picks_up
from tests.waiting import stopwatch, until

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


#: Every way in which an answer to a create can be missing or useless: the fault, how often Kayse has the client
#: afterwards, and the status that arrived, if one did. The first number in a name is the row in the list of faults.
UNUSABLE: dict[str, tuple[dict[str, Any], int, int | None]] = {
    "1 silence": ({"kind": "hang"}, 1, None),
    "1 silence, not applied": ({"kind": "hang", "apply": False}, 0, None),
    "2 a byte at a time": ({"kind": "drip"}, 1, 201),
    "2 stops in mid-body": ({"kind": "hang", "bytes": 20}, 1, 201),
    "3 reset before it was applied": ({"kind": "reset_before"}, 0, None),
    "3 reset after it was applied": ({"kind": "reset_after"}, 1, None),
    "3 closed before it was applied": ({"kind": "reset_before", "close": True}, 0, None),
    "3 closed after it was applied": ({"kind": "reset_after", "close": True}, 1, None),
    "3 closed in mid-body": ({"kind": "cut"}, 1, 201),
    "8 a page of HTML": ({"kind": "html"}, 1, 502),
    "8 a page of HTML that says all is well": ({"kind": "html", "status": 200}, 1, 200),
    "8 an empty body": ({"kind": "empty"}, 1, 201),
    "8 truncated JSON": ({"kind": "cut", "keep_length": False}, 1, 201),
    "8 JSON of the wrong type": ({"kind": "wrong_json", "body": ["id", 1]}, 1, 201),
    "8 the wrong charset": ({"kind": "wrong_type", "encoding": "utf-16"}, 1, 201),
    "8 a gzip bomb": ({"kind": "gzip_bomb"}, 1, 201),
    "9 error 500 before": ({"kind": "status", "status": 500}, 0, 500),
    "9 error 500 after": ({"kind": "status", "status": 500, "apply": True}, 1, 500),
    "9 error 503 before": ({"kind": "status", "status": 503}, 0, 503),
    "9 error 503 after": ({"kind": "status", "status": 503, "apply": True}, 1, 503),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_without_a_usable_answer_it_is_unknown_and_never_sent_again(
    name: str, create: Create, sandbox: Sandbox, settings: LazySettings
) -> None:
    fault, applied, status = UNUSABLE[name]
    if name[0] not in "12":
        settings.KAYSE_PERSON_DEADLINE = 20
    sandbox.fault(**fault, method="POST", path="/v1/clients")
    elapsed = stopwatch()
    outcome = create()
    assert elapsed() < settings.KAYSE_PERSON_DEADLINE + 1
    assert isinstance(outcome, Unknown)
    assert outcome.status == status
    assert (arrived(sandbox), there(sandbox)) == (1, applied)
    assert recorded() == [("intent", ""), ("outcome", "unknown")]
    closing = Event.objects.get(stage="outcome")
    assert (closing.http_status, closing.requests, closing.detail) == (status, 1, outcome.sentence)
    assert closing.answer is None, "what cannot be relied on is not kept"
    assert OpenOperation.objects.get().state == "unknown"
    assert budget.current().used == 1


def test_row_3_a_read_is_tried_three_times(sandbox: Sandbox, settings: LazySettings) -> None:
    settings.KAYSE_PERSON_DEADLINE = 10
    sandbox.fault("reset_before", method="GET", path="/v1/clients/1", times=9)
    assert isinstance(read(lambda kayse: kayse.clients.get(1)), Unknown)
    assert len(sandbox.requests("GET", "/v1/clients/1")) == 3
    assert budget.current().used == 3
    assert recorded() == []


def test_row_4_a_kept_connection_closes_as_the_change_goes_out(create: Create, sandbox: Sandbox) -> None:
    """Reads keep theirs; the change that follows has one of its own, so nothing is lost and nothing doubled."""
    for _ in range(10):
        sandbox.fault("close_after", method="GET", path="/v1/clients/1")
        assert isinstance(read(lambda kayse: kayse.clients.get(1)), Applied)
        assert isinstance(create(), Applied)
    assert arrived(sandbox) == there(sandbox) == 10
    assert recorded() == [("intent", ""), ("outcome", "applied")] * 10
    assert not OpenOperation.objects.exists()


@contextmanager
def nobody_listens(settings: LazySettings, sandbox: Sandbox) -> Iterator[None]:
    settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"
    settings.KAYSE_PERSON_DEADLINE = 10
    yield


@contextmanager
def nobody_knows_the_name(settings: LazySettings, sandbox: Sandbox) -> Iterator[None]:
    def unknown(host: str, *args: Any, **options: Any) -> Any:
        assert host == "kayse.invalid"
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    settings.KAYSE_API_URL = "http://kayse.invalid/v1"
    settings.KAYSE_PERSON_DEADLINE = 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        yield


@contextmanager
def nobody_accepts(settings: LazySettings, sandbox: Sandbox) -> Iterator[None]:
    with nobody_picks_up() as settings.KAYSE_API_URL:
        yield


@contextmanager
def the_pool_is_full(settings: LazySettings, sandbox: Sandbox) -> Iterator[None]:
    """Another thread holds the only connection that there may be."""
    settings.KAYSE_PERSON_DEADLINE = 10
    config = KayseConfig(sandbox.url, "sandbox-key", max_connections=1, pool_timeout=0.1)
    sandbox.fault("hang", method="DELETE", path="/v1/clients/60", apply=False)
    with KayseClient(config) as pool, pytest.MonkeyPatch.context() as patch:
        other = threading.Thread(target=lambda: pool.clients.delete(60), daemon=True)
        other.start()
        until(lambda: bool(sandbox.requests("DELETE")), "the other request")
        patch.setattr(upstream, "_pool", lambda *told: pool)
        yield
    other.join(10)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (nobody_listens, NotSentReason.REFUSED),
        (nobody_knows_the_name, NotSentReason.DNS),
        (nobody_accepts, NotSentReason.CONNECT_TIMEOUT),
        (the_pool_is_full, NotSentReason.POOL_FULL),
    ],
)
def test_row_5_what_never_left_is_done_once_in_the_end(
    trouble: Any, reason: NotSentReason, settings: LazySettings, create: Create, sandbox: Sandbox
) -> None:
    with trouble(settings, sandbox):
        outcome = create()
        assert isinstance(outcome, NotSent)
        assert outcome.reason is reason
        assert outcome.requests <= 3
        assert budget.current().used == 0, "what never left is not charged"
    assert recorded() == [("intent", ""), ("outcome", "not_sent")]
    assert Event.objects.get(stage="outcome").detail == outcome.sentence
    assert not OpenOperation.objects.exists()
    settings.KAYSE_API_URL, settings.KAYSE_PERSON_DEADLINE = sandbox.url, 20
    assert isinstance(create(), Applied)
    assert arrived(sandbox) == there(sandbox) == 1
    assert recorded()[2:] == [("intent", ""), ("outcome", "applied")]


def test_row_6_the_hour_is_used_up(create: Create, sandbox: Sandbox) -> None:
    sandbox.switch(rate_limit=0)
    elapsed = stopwatch()
    first = create()
    assert isinstance(first, RateLimited)
    assert timedelta(0) < first.until - timezone.now() <= timedelta(hours=1)
    for _ in range(5):
        assert isinstance(create(), RateLimited)
    assert elapsed() < DEADLINE, "nobody sleeps"
    assert arrived(sandbox) == 1
    assert recorded() == [("intent", ""), ("outcome", "rate_limited")] * 6
    Budget.objects.update(reset_at=timezone.now())
    sandbox.switch(rate_limit=500)
    assert isinstance(create(), Applied)


#: What a 429 may say about when, and the seconds that are waited. "+n": epoch seconds, n after the answer's date.
RESETS: dict[str, tuple[str | None, int]] = {
    "epoch": ("+3300", 3300),
    "delta": ("3300", 3300),
    "nan": ("nan", 60),
    "negative": ("-3300", 60),
    "absent": (None, 60),
    "the past": ("+-500", 1),
    "the year 5138": ("99999999999", 3600),
}


@pytest.mark.parametrize("minutes_off", [0, 15, -15])
@pytest.mark.parametrize("name", RESETS)
def test_row_7_any_reset_gives_a_wait_within_the_hour(
    name: str, minutes_off: int, create: Create, sandbox: Sandbox
) -> None:
    """By the answer's own date: the two clocks need not agree."""
    told, seconds = RESETS[name]
    theirs = timezone.now() + timedelta(minutes=minutes_off)
    if told and told.startswith("+"):
        told = str(int(theirs.timestamp()) + int(told[1:]))
    sandbox.fault(
        "status",
        method="POST",
        path="/v1/clients",
        status=429,
        headers={"X-RateLimit-Reset": told, "Date": format_datetime(theirs, usegmt=True)},
    )
    asked = timezone.now()
    outcome = create()
    assert isinstance(outcome, RateLimited)
    assert asked + timedelta(seconds=seconds - 1) <= outcome.until
    assert outcome.until <= timezone.now() + timedelta(seconds=seconds)
    row = Budget.objects.get()
    assert (row.used, row.reset_at) == (row.limit, outcome.until)
    assert recorded() == [("intent", ""), ("outcome", "rate_limited")]
    assert Event.objects.get(stage="outcome").requests == 1
    if seconds > 1:
        assert isinstance(create(), RateLimited)
        assert arrived(sandbox) == 1
    assert there(sandbox) == 0


@pytest.mark.parametrize("apply", [True, False])
def test_row_9_an_edit_is_looked_at_afterwards(
    apply: bool, sandbox: Sandbox, as_paralegal: Browser, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.fault("status", method="PUT", path="/v1/clients", status=503, apply=apply)
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Waco"))
    assert recorded() == [("intent", ""), ("outcome", "unknown")]
    OpenOperation.objects.update(next_try_at=timezone.now())
    monkeypatch.setattr(recovery, "SETTLING", timedelta(0))
    recovery.recover()
    assert recorded()[2:] == [("reconciled", "applied" if apply else "not_applied")]
    assert (Client.objects.get(pk=ana.pk).city == "Waco") is apply
    assert not OpenOperation.objects.exists()
    assert len(sandbox.requests("PUT")) == 1
    assert budget.current().used == len(sandbox.requests(path="/v1/")) == 3


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
