"""One deadline for everything that a person's request asks of Kayse, however many calls that takes."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.audit.models import Event
from kayse_admin.kayse_api import gesture
from kayse_admin.kayse_api.outcomes import NotSent, NotSentReason
from kayse_admin.upstream import budget
from kayse_admin.upstream.client import read
from tests.clients_ui.conftest import posted, text_of
from tests.conftest import Sandbox
from tests.kayse_api.support import lasting_at_most

pytestmark = pytest.mark.django_db

#: Seconds for a request, and how long the first call of it is held up. What a busy machine takes by itself is less.
WHOLE, SLOW = 4.0, 1.0


@pytest.fixture
def opened(settings: LazySettings, as_paralegal: Browser, ana: Client) -> dict[str, str]:
    """The edit form as somebody opened it and typed another city; what is slow only the first time is over."""
    page = as_paralegal.get(f"/clients/{ana.pk}/edit/")
    settings.KAYSE_PERSON_DEADLINE = WHOLE
    return {**posted(page), "city": "Waco"}


def test_a_slow_read_and_a_silent_write_end_together(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, opened: dict[str, str]
) -> None:
    sandbox.fault("delay", method="GET", path="/v1/clients", seconds=SLOW)
    sandbox.fault("hang", method="PUT", path="/v1/clients")
    with lasting_at_most(WHOLE + 1):
        response = as_paralegal.post(f"/clients/{ana.pk}/edit/", opened)
    assert response.status_code in (302, 303)
    closing = Event.objects.get(stage="outcome")
    assert closing.result == "unknown"
    assert closing.duration_ms is not None
    assert closing.duration_ms <= (WHOLE - SLOW + 0.5) * 1000, "what was left, and not a deadline of its own"
    assert len(sandbox.requests("PUT")) == 1


def test_control_without_the_deadline_over_both_the_write_has_one_of_its_own(
    sandbox: Sandbox,
    as_paralegal: Browser,
    ana: Client,
    opened: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gesture, "cut", lambda deadline: deadline)
    sandbox.fault("delay", method="GET", path="/v1/clients", seconds=SLOW)
    sandbox.fault("hang", method="PUT", path="/v1/clients")
    as_paralegal.post(f"/clients/{ana.pk}/edit/", opened)
    duration = Event.objects.get(stage="outcome").duration_ms
    assert duration is not None
    assert duration >= WHOLE * 1000


def test_a_slow_read_and_a_silent_second_look_end_together(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, opened: dict[str, str]
) -> None:
    sandbox.fault("delay", method="GET", path="/v1/clients", seconds=SLOW)
    sandbox.fault("merge", method="PUT", path="/v1/clients", omit=["city"])
    sandbox.fault("hang", method="GET", path="/v1/clients")
    with lasting_at_most(WHOLE + 1):
        response = as_paralegal.post(f"/clients/{ana.pk}/edit/", opened)
    assert "Kayse does not show: City" in text_of(as_paralegal.get(response["Location"]))
    assert Event.objects.get(stage="outcome").result == "applied"


def test_a_read_that_takes_it_all_ends_in_nothing_sent(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, opened: dict[str, str], settings: LazySettings
) -> None:
    settings.KAYSE_PERSON_DEADLINE = 0.5
    sandbox.fault("hang", method="GET", path="/v1/clients")
    response = as_paralegal.post(f"/clients/{ana.pk}/edit/", opened)
    assert response.status_code == 502
    assert "Nothing was sent" in text_of(response)
    assert response.context["form"]["city"].value() == "Waco", "what was typed is still there"
    assert not sandbox.requests("PUT")
    assert not Event.objects.exists()
    assert read(lambda kayse: kayse.clients.get(1)).result != "not_sent", "the time was that request's alone"


def test_a_write_for_which_hardly_any_time_is_left_is_not_begun(
    sandbox: Sandbox,
    as_paralegal: Browser,
    ana: Client,
    opened: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Begun, it would most likely be cut, and a person would have to find out what came of it."""
    monkeypatch.setattr(gesture, "LEAST", 1 - SLOW / WHOLE)
    sandbox.fault("delay", method="GET", path="/v1/clients", seconds=SLOW)
    response = as_paralegal.post(f"/clients/{ana.pk}/edit/", opened)
    assert response.status_code == 503
    told = "There was no time left to ask Kayse. Nothing was sent, so nothing has changed."
    assert told in text_of(response)
    assert response.context["form"]["city"].value() == "Waco"
    assert not sandbox.requests("PUT")
    assert list(Event.objects.order_by("id").values_list("stage", "result")) == [
        ("intent", ""),
        ("outcome", "not_sent"),
    ]
    assert budget.current().used == 1, "what never left is not charged"


def test_when_the_time_is_up_not_even_a_read_is_begun(sandbox: Sandbox) -> None:
    with gesture.lasting(0.0):
        outcome = read(lambda kayse: kayse.clients.get(1))
    assert isinstance(outcome, NotSent)
    assert outcome.reason is NotSentReason.DEADLINE
    assert not sandbox.requests()
    assert read(lambda kayse: kayse.clients.get(1)).result == "applied"
