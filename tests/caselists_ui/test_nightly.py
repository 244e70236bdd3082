"""The nightly look at every list: once a night, whoever keeps house, and only above the reserve."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import exact, nightly
from caselists_ui.definition import Selection
from caselists_ui.models import CaseList, Night, Reading
from kayse_admin.actors import Actor
from kayse_admin.audit import recovery
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.management.commands import housekeeping
from kayse_admin.upstream import circuit
from kayse_admin.upstream.models import Budget
from tests.caselists_ui.helpers import page_of, told
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
FIRM = ZoneInfo("America/New_York")


class Clock:
    """The time as the nightly look sees it."""

    at = datetime(2027, 3, 1, 12, tzinfo=FIRM)

    def set(self, day: int, hour: int, minute: int = 0) -> None:
        self.at = datetime(2027, 3, day, hour, minute, tzinfo=FIRM)


@pytest.fixture
def clock(settings: Any) -> Clock:
    """Noon of March 1, by the firm's clock; the look is at 3."""
    settings.TIME_ZONE, settings.KAYSE_LOOK_HOUR = "America/New_York", 3
    return Clock()


def looks() -> list[tuple[str, str]]:
    """Result and words of every look in the record."""
    return list(Event.objects.filter(action="case_lists_look").order_by("id").values_list("result", "detail"))


def test_once_a_night(sandbox: Sandbox, as_manager: Browser, clock: Clock) -> None:
    told(as_manager)
    before = len(sandbox.requests(path="/v1/"))
    assert not nightly.look_if_due(clock.at), "the first night is the next one"
    for hour in (13, 23):
        clock.set(1, hour)
        assert not nightly.look_if_due(clock.at)
    sandbox.call("PATCH", "/case_lists/1/attach", {"include_ids": [5, 6]})
    before += 1
    clock.set(2, 3, 1)
    assert nightly.look_if_due(clock.at)
    for minute in (2, 30, 59):
        clock.set(2, 3, minute)
        assert not nightly.look_if_due(clock.at)
    clock.set(2, 12)
    assert not nightly.look_if_due(clock.at)
    assert len(sandbox.requests(path="/v1/")) == before + 1
    assert looks() == [("applied", "12 lists: 1 moved outside, 0 gone.")]
    event = Event.objects.get(action="case_lists_look")
    assert (event.actor_name, event.actor_role, event.stage) == ("Housekeeping", "System", "fact")
    assert Reading.objects.filter(moved_outside=True).count() == 1
    clock.set(3, 3)
    assert nightly.look_if_due(clock.at)
    assert len(looks()) == 2


def test_of_two_processes_one_looks(sandbox: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly.look_if_due(clock.at)
    clock.set(2, 3)
    overtaken: list[bool] = []
    original = nightly._look

    def meanwhile() -> bool:
        overtaken.append(nightly.look_if_due(clock.at))
        return original()

    monkeypatch.setattr(nightly, "_look", meanwhile)
    assert nightly.look_if_due(clock.at)
    assert overtaken == [False]
    assert len(looks()) == 1


def test_a_look_that_fails_is_tried_again_until_the_morning(sandbox: Sandbox, clock: Clock) -> None:
    nightly.look_if_due(clock.at)
    sandbox.fault("status", method="GET", path="/v1/case_lists", status=400, times=None)
    tried = []
    for minutes in range(0, 24 * 60, 10):
        clock.set(2, 3)
        clock.at += timedelta(minutes=minutes)
        nightly.look_if_due(clock.at)
        tried.append(len(looks()))
    assert tried[-1] == 5
    assert {result for result, _ in looks()} <= {"rejected", "unknown", "not_sent"}
    sandbox.reset()
    clock.set(3, 3)
    assert nightly.look_if_due(clock.at), "the next night"
    assert CaseList.objects.count() == 12


def test_a_dashboard_that_was_off_all_night_waits(sandbox: Sandbox, clock: Clock) -> None:
    nightly.look_if_due(clock.at)
    clock.set(4, 11)
    assert not nightly.look_if_due(clock.at)
    assert timezone.localtime(Night.objects.get().due_at, FIRM) == datetime(2027, 3, 5, 3, tzinfo=FIRM)
    assert looks() == []


def test_the_reserve_is_left_to_people(sandbox: Sandbox, clock: Clock, settings: Any) -> None:
    settings.KAYSE_HOURLY_LIMIT, settings.KAYSE_RESERVE = 100, 100
    nightly.look_if_due(clock.at)
    clock.set(2, 3)
    assert not nightly.look_if_due(clock.at)
    assert sandbox.requests(path="/v1/") == []
    assert [result for result, _ in looks()] == ["rate_limited"]


@pytest.mark.parametrize("hour", [-1, 24])
def test_off(sandbox: Sandbox, clock: Clock, settings: Any, hour: int) -> None:
    settings.KAYSE_LOOK_HOUR = hour
    for day in (1, 2):
        clock.set(day, 3)
        assert not nightly.look_if_due(clock.at)
    assert not Night.objects.exists()


@pytest.fixture
def round_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A round of housekeeping so many minutes from now, without a nightly look."""
    settings.KAYSE_EXACT_COUNT, settings.KAYSE_LOOK_HOUR = True, -1
    monkeypatch.setattr(housekeeping, "close_old_connections", lambda: None)

    def run(minutes: int) -> None:
        circuit.try_again()
        later = timezone.now() + timedelta(minutes=minutes)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exact.timezone, "now", lambda: later)
            housekeeping.round_once()

    return run


def scratch(sandbox: Sandbox) -> list[str]:
    """The scratch lists that the vendor has."""
    return [row["name"] for row in sandbox.call("GET", "/case_lists?key=[Count")["data"]]


def test_a_scratch_list_that_is_known_to_be_left_is_swept_within_minutes(
    sandbox: Sandbox, actor: Actor, round_once: Callable[[int], None], settings: Any
) -> None:
    sandbox.fault("reset_before", method="POST", path="/v1/case_lists/bulk_delete")
    assert exact.count(actor, Selection({"case_type_ids": [25]})).cases is not None
    OpenOperation.objects.all().delete()  # what recovery would find of the delete is told elsewhere
    (left,) = scratch(sandbox)
    asked = len(sandbox.requests(path="/v1/"))
    round_once(9)
    assert len(sandbox.requests(path="/v1/")) == asked, "it may still be in use: nothing is asked"
    settings.KAYSE_RESERVE = 500
    round_once(11)
    assert len(sandbox.requests(path="/v1/")) == asked, "the reserve is left to people"
    settings.KAYSE_RESERVE = 50
    round_once(12)
    assert len(sandbox.requests(path="/v1/")) == asked, "not every minute"
    round_once(22)
    assert scratch(sandbox) == []
    event = Event.objects.get(action="case_list_delete", result="applied")
    opened = Event.objects.get(operation=event.operation, opens=True)
    assert (opened.target_label, opened.actor_role) == (left, "System")
    asked = len(sandbox.requests(path="/v1/"))
    for minutes in (23, 40, 300):
        round_once(minutes)
    assert len(sandbox.requests(path="/v1/")) == asked, "nothing is left: nothing is asked"


def test_a_sweep_leaves_the_reserve_also_with_its_deletes(
    sandbox: Sandbox, actor: Actor, round_once: Callable[[int], None], settings: Any
) -> None:
    sandbox.fault("reset_before", method="POST", path="/v1/case_lists/bulk_delete")
    exact.count(actor, Selection({"case_type_ids": [25]}))
    OpenOperation.objects.all().delete()
    # One more request than the reserve is left: enough to find it, not to delete it.
    settings.KAYSE_RESERVE = 499
    Budget.objects.update(used=0)
    round_once(11)
    assert len(scratch(sandbox)) == 1
    newest = Event.objects.filter(action="case_list_delete").latest("id")
    assert newest.result == "rate_limited"


def test_a_scratch_list_of_which_nobody_knows_is_found(
    sandbox: Sandbox, actor: Actor, round_once: Callable[[int], None]
) -> None:
    """Its create was never answered, and recovery has given up."""
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    assert "not known" in exact.count(actor, Selection({"case_type_ids": [31]})).problem
    OpenOperation.objects.update(tries=recovery.MOST_LOOKS)
    assert len(scratch(sandbox)) == 1
    round_once(11)
    assert scratch(sandbox) == []


def test_lists_of_others_that_are_called_so_are_not_asked_for(
    sandbox: Sandbox, as_manager: Browser, round_once: Callable[[int], None]
) -> None:
    sandbox.call("POST", "/case_lists", {"name": f"{exact.PREFIX}of somebody else"})
    told(as_manager)
    asked = len(sandbox.requests(path="/v1/"))
    round_once(11)
    assert len(sandbox.requests(path="/v1/")) == asked


def test_housekeeping_does_it(
    sandbox: Sandbox, as_auditor: Browser, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KAYSE_LOOK_HOUR = timezone.localtime().hour
    Night.objects.create(due_at=timezone.now())
    monkeypatch.setattr(housekeeping, "close_old_connections", lambda: None)
    for _ in range(2):
        housekeeping.round_once()
    assert looks() == [("applied", "12 lists: 0 moved outside, 0 gone.")]
    assert "looked at every" in page_of(as_auditor.get("/audit/"))
