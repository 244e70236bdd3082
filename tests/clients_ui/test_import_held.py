"""Rows that were held back because something had changed since the check: a person's word about them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ending, runner, services
from kayse_admin.jobs.models import HELD, Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_meanwhile import by_hand, checked_city, job_of
from tests.clients_ui.test_import_screens import begin
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, new_client, outcomes, recorded, started

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def doubles(sandbox: Sandbox, people: dict[str, User]) -> Job:
    """A finished job whose three rows another one had created before it."""
    owner = people["paralegal"]
    jobs = [started(owner, [new_client(number) for number in range(3)]) for _ in range(2)]
    runner.serve()
    assert [outcomes(job) for job in jobs] == [{"created": 3}, {"failed": 3}]
    return jobs[1]


@pytest.fixture
def overtaken(sandbox: Sandbox, as_paralegal: Browser, ana: Client) -> Job:
    """A finished import whose one row would have overwritten a colleague's city."""
    kept = checked_city(as_paralegal, ana.pk, "ImportCity")
    by_hand(as_paralegal, ana, city="Colleague City")
    begin(as_paralegal, kept)
    runner.serve()
    return job_of(kept)


def say(browser: Browser, job: Job, choice: str, number: int = 1) -> int:
    return browser.post(f"/jobs/{job.pk}/rows/{number}/", {"choice": choice}).status_code


def test_one_is_sent_all_the_same_and_one_left_out(
    sandbox: Sandbox, as_paralegal: Browser, doubles: Job
) -> None:
    page = text_of(as_paralegal.get(f"/jobs/{doubles.pk}/"))
    assert "Not sent: somebody decides" in page
    assert "All 3:" in page
    assert "3 failed (3 for somebody to decide)" in ending.summary(doubles)
    assert say(as_paralegal, doubles, "again") == 303
    assert say(as_paralegal, doubles, "drop", 2) == 303
    adds_up(doubles)
    runner.serve()
    assert exported(sandbox) == {"S-0": 2, "S-1": 1, "S-2": 1}
    assert outcomes(doubles) == {"created": 1, "failed": 2}
    assert [row.number for row in services.held(doubles)] == [3]
    assert Event.objects.filter(action="job_control").count() == 2
    adds_up(doubles)
    recorded(doubles)


def test_a_change_is_made_all_the_same_and_its_undo_knows_what_was_there(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, overtaken: Job
) -> None:
    assert say(as_paralegal, overtaken, "again") == 303
    runner.serve()
    assert sandbox.client(ana.pk)["city"] == "ImportCity"
    row = Row.objects.get(job=overtaken)
    assert (row.outcome, row.flag, row.before) == ("updated", "", {"city": "Colleague City"})
    adds_up(overtaken)
    recorded(overtaken)


def test_who_changes_it_once_more_is_asked_about_once_more(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, overtaken: Job
) -> None:
    assert say(as_paralegal, overtaken, "again") == 303
    by_hand(as_paralegal, ana, city="Third City")
    runner.serve()
    assert sandbox.client(ana.pk)["city"] == "Third City"
    assert services.held(overtaken).count() == 1
    adds_up(overtaken)


@pytest.mark.parametrize(("choice", "created"), [("again", 2), ("drop", 1)])
def test_all_at_once(
    sandbox: Sandbox, as_paralegal: Browser, doubles: Job, choice: str, created: int
) -> None:
    sent = len(sandbox.requests("POST"))
    answer = as_paralegal.post(f"/jobs/{doubles.pk}/rows/", {"choice": choice, "held": "yes"})
    assert answer.status_code == 303
    runner.serve()
    assert set(exported(sandbox).values()) == {created}
    assert len(sandbox.requests("POST")) == sent + (choice == "again"), "neighbours go together"
    assert not services.held(doubles).exists()
    assert "somebody decides" not in text_of(as_paralegal.get(f"/jobs/{doubles.pk}/"))
    adds_up(doubles)


def test_who_may_and_what_can_be_said(
    sandbox: Sandbox, as_paralegal: Browser, as_manager: Browser, doubles: Job
) -> None:
    assert say(as_manager, doubles, "again") == 403
    assert say(as_paralegal, doubles, "not") == 303
    assert say(as_paralegal, doubles, "nonsense") == 404
    Job.objects.filter(pk=doubles.pk).update(state=Job.State.CANCELLED)
    assert say(as_paralegal, doubles, "again") == 422
    assert Row.objects.filter(job=doubles, outcome="failed", flag=HELD).count() == 3
    assert not Event.objects.filter(action="job_control").exists()


def test_two_people_decide_at_once(
    sandbox: Sandbox, doubles: Job, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second, with the page as it was, changes nothing."""
    person = services.ledger.owner(doubles)
    assert person is not None
    send_again: Callable[[Job, Row], bool] = services.unanswered.send_again
    said = []

    def beaten(job: Job, row: Row) -> bool:
        monkeypatch.setattr(services.unanswered, "send_again", send_again)
        said.append(services.decide(person, job, row.number, "again"))
        return send_again(job, row)

    monkeypatch.setattr(services.unanswered, "send_again", beaten)
    assert not services.decide(person, doubles, 1, "again")
    assert said == [True]
    runner.serve()
    assert exported(sandbox)["S-0"] == 2
    adds_up(doubles)
