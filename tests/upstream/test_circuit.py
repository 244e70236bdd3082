"""The circuit breaker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.upstream import circuit, status
from kayse_admin.upstream.models import Circuit

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


def test_the_banner_says_until_when(actor: Actor) -> None:
    fail(5)
    assert status.banners(actor)[0]["title"] == "Kayse cannot be reached"
