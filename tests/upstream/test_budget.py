"""The hourly budget: granted once each, corrected by the vendor, with a reserve for people."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from kayse_admin.audit import numbers
from kayse_admin.upstream import budget, status, usage
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.models import Budget, Usage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(settings: LazySettings) -> None:
    settings.KAYSE_HOURLY_LIMIT = 10
    settings.KAYSE_RESERVE = 3


def spend(purpose: Purpose, times: int) -> int:
    return sum(budget.take(purpose) is None for _ in range(times))


def test_people_may_use_the_whole_hour() -> None:
    assert spend(Purpose.PERSON, 15) == 10
    assert budget.take(Purpose.PERSON) == budget.current().reset_at


@pytest.mark.parametrize("purpose", [Purpose.JOB, Purpose.BACKGROUND])
def test_jobs_leave_the_reserve(purpose: Purpose) -> None:
    assert spend(purpose, 15) == 7
    assert spend(Purpose.PERSON, 15) == 3


def test_the_hour_begins_anew() -> None:
    spend(Purpose.PERSON, 10)
    Budget.objects.update(reset_at=timezone.now() - timedelta(seconds=1))
    assert budget.take(Purpose.PERSON) is None
    assert budget.current().used == 1


def test_what_never_left_is_given_back() -> None:
    spend(Purpose.PERSON, 10)
    budget.give_back(Purpose.PERSON)
    assert spend(Purpose.PERSON, 2) == 1


def test_each_request_is_counted_for_whom_it_was_sent() -> None:
    spend(Purpose.PERSON, 2)
    spend(Purpose.JOB, 1)
    spend(Purpose.BACKGROUND, 8)
    budget.give_back(Purpose.BACKGROUND)
    hour = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    assert usage.by_hour(hour) == {hour: {"person": 2, "job": 1, "background": 3}}
    assert numbers.requests_by_hour(hour) == usage.by_hour(hour)
    assert usage.by_hour(hour + timedelta(hours=1)) == {}


def test_old_hours_are_forgotten() -> None:
    old = timezone.now() - timedelta(days=91)
    Usage.objects.create(hour=old, purpose="person", requests=5)
    spend(Purpose.PERSON, 1)
    assert [one.requests for one in Usage.objects.all()] == [1]


def test_the_vendor_corrects_upward_inside_the_hour() -> None:
    reset = timezone.now() + timedelta(minutes=20)
    budget.told(10, 9, reset)
    assert budget.current().used == 1
    spend(Purpose.PERSON, 2)
    budget.told(10, 9, reset)
    assert budget.current().used == 3, "requests under way are counted here and not yet there"
    budget.told(10, 2, reset + timedelta(seconds=1))
    assert budget.current().used == 8, "another system uses the same key"


def test_a_new_hour_of_the_vendor_is_taken_over() -> None:
    budget.told(10, 0, timezone.now() + timedelta(minutes=1))
    later = timezone.now() + timedelta(minutes=59)
    budget.told(12, 11, later)
    row = budget.current()
    assert (row.used, row.limit, row.reset_at) == (1, 12, later)


def test_headers_that_say_nothing_change_nothing() -> None:
    spend(Purpose.PERSON, 4)
    budget.told(None, None, None)
    assert budget.current().used == 4


def test_a_429_stops_everybody_until_then() -> None:
    until = timezone.now() + timedelta(minutes=55)
    budget.spent_until(until)
    assert budget.take(Purpose.PERSON) == until


def test_the_key_is_nowhere(settings: LazySettings) -> None:
    settings.KAYSE_API_KEY = "very-secret-key"
    row = budget.current()
    assert "very-secret-key" not in str(row.__dict__)
    settings.KAYSE_API_KEY = "another-key"
    assert budget.current().key_digest != row.key_digest


def test_the_gauge(settings: LazySettings) -> None:
    assert status.budget()["state"] == "quiet"
    states = []
    for _ in range(10):
        budget.take(Purpose.PERSON)
        states.append(status.budget()["state"])
    assert states == ["quiet"] * 6 + ["reserve"] * 3 + ["spent"]
    assert status.budget()["remaining"] == 0


@pytest.mark.django_db(transaction=True)
def test_many_threads_are_granted_together_what_one_would_be(settings: LazySettings) -> None:
    settings.KAYSE_HOURLY_LIMIT = 50
    budget.current()
    granted: list[int] = []

    def work() -> None:
        granted.append(spend(Purpose.PERSON, 15))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 50
