"""The circuit breaker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.kayse_api.outcomes import NotSent, NotSentReason, Rejected
from kayse_admin.kayse_api.retry import AnswerInfo, RequestInfo
from kayse_admin.upstream import circuit, status
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read
from kayse_admin.upstream.gate import DatabaseGate
from kayse_admin.upstream.models import Circuit
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def fail(times: int) -> None:
    for _ in range(times):
        circuit.failed()


def test_four_failures_are_borne() -> None:
    fail(4)
    assert circuit.open_until() is None


def test_the_fifth_in_a_minute_opens_it_for_half_a_minute() -> None:
    fail(5)
    until = circuit.open_until()
    assert until is not None
    assert timedelta(seconds=25) < until - timezone.now() <= timedelta(seconds=30)


def test_failures_far_apart_do_not_count_together() -> None:
    fail(4)
    row = Circuit.objects.get()
    row.failures = [at - 61 for at in row.failures]
    row.save()
    fail(1)
    assert circuit.open_until() is None


def test_one_more_failure_opens_it_again() -> None:
    fail(5)
    Circuit.objects.update(open_until=timezone.now() - timedelta(seconds=1))
    assert circuit.open_until() is None
    fail(1)
    assert circuit.open_until() is not None


def test_a_good_answer_forgets_the_failures() -> None:
    fail(4)
    circuit.succeeded()
    fail(4)
    assert circuit.open_until() is None


def test_a_refused_key_waits_for_an_administrator(
    actor: Actor, as_admin: Browser, as_paralegal: Browser
) -> None:
    circuit.refused()
    assert status.banners(actor)[0]["title"] == "Kayse refuses our key"
    assert as_paralegal.post("/upstream/try-again/").status_code == 403
    assert circuit.state().refused_at is not None
    assert as_admin.get("/upstream/try-again/").status_code == 405
    assert as_admin.post("/upstream/try-again/").status_code == 302
    assert circuit.state().refused_at is None
    assert status.banners(actor) == []
    assert Event.objects.filter(action="key_retry").count() == 1


def test_an_answer_that_was_under_way_does_not_make_a_refused_key_good(
    actor: Actor, as_admin: Browser, sandbox: Sandbox
) -> None:
    """It was asked before the key was refused, so it says nothing about the key: only a person closes the breaker."""
    fail(1)
    slow, under_way = DatabaseGate(Purpose.PERSON), RequestInfo("clients.get", "GET", "/clients/2", 1)
    assert slow.admit(under_way) is None
    sandbox.fault("status", method="GET", path="/v1/clients/1", status=401)
    assert isinstance(read(lambda kayse: kayse.clients.get(1)), Rejected)

    slow.told(under_way, AnswerInfo(200, None, None), None)

    assert status.banners(actor)[0]["title"] == "Kayse refuses our key"
    outcome = read(lambda kayse: kayse.clients.get(2))
    assert isinstance(outcome, NotSent)
    assert outcome.reason is NotSentReason.KEY_REFUSED
    assert [one["path"] for one in sandbox.requests("GET", "/v1/clients")] == ["/v1/clients/1"]
    assert as_admin.post("/upstream/try-again/").status_code == 302
    assert read(lambda kayse: kayse.clients.get(2)).result == "applied"
    assert Event.objects.filter(action="key_retry").count() == 1


def test_the_banner_says_until_when(actor: Actor) -> None:
    fail(5)
    assert status.banners(actor)[0]["title"] == "Kayse cannot be reached"
