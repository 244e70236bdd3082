"""Rows that were held back because something had changed since the check: a person's word about them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ending, runner, services
from kayse_admin.jobs.models import HELD, Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_meanwhile import by_hand, checked_city, job_of, people_of
from tests.clients_ui.test_import_screens import begin, mapped
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


def test_a_new_client_leads_to_whom_they_resemble(
    sandbox: Sandbox, as_paralegal: Browser, doubles: Job
) -> None:
    page = as_paralegal.get(f"/jobs/{doubles.pk}/").content.decode()
    for ident in ("S-0", "S-1", "S-2"):
        known = Client.objects.get(external_source_id=ident)
        assert f'<a href="/clients/{known.pk}/">Open who is known</a>' in page


def test_a_change_leads_to_its_client(as_paralegal: Browser, ana: Client, overtaken: Job) -> None:
    page = as_paralegal.get(f"/jobs/{overtaken.pk}/").content.decode()
    assert f'<a href="/clients/{ana.pk}/">Open the client</a>' in page


def test_the_check_says_who_will_be_held_back(sandbox: Sandbox, as_paralegal: Browser) -> None:
    """Another file of the same people is queued, and then sent, while this one waits to be started."""
    first, second = (mapped(as_paralegal, people_of(*them)) for them in (("h1", "h2"), ("h1", "h2", "h3")))
    url = f"/clients/import/{second.pk}/"
    page = text_of(as_paralegal.get(url))
    assert "3 will be created" in page
    assert "A row is held back for somebody to decide if something speaks against it" in page
    begin(as_paralegal, first)
    page = text_of(as_paralegal.get(url))
    assert "1 will be created" in page
    assert "2 will be held back" in page
    assert f"Line 2, Ann Soak h1: Row 1 of job {job_of(first).pk} creates somebody with the same" in page
    runner.serve()
    known = Client.objects.get(external_source_id="h2")
    assert f"Line 3, Ann Soak h2: Client {known.pk} has this" in text_of(as_paralegal.get(url))
    begin(as_paralegal, second)
    runner.serve()
    assert outcomes(job_of(second)) == {"created": 1, "failed": 2}


def test_the_check_says_which_change_will_be_held_back(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, settings: LazySettings
) -> None:
    kept = checked_city(as_paralegal, ana.pk, "ImportCity")
    by_hand(as_paralegal, ana, city="Colleague City")
    page = text_of(as_paralegal.get(f"/clients/import/{kept.pk}/"))
    assert "0 updated" in page
    assert "1 will be held back" in page
    assert "Changed meanwhile: City is “Colleague City” here now." in page
    settings.IMPORT_CHECK_AT_ONCE = 0
    assert "1 updated" in text_of(as_paralegal.get(f"/clients/import/{kept.pk}/")), "too many to look at"


def test_an_opt_out_goes_out_although_its_row_is_held_back(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    kept = mapped(as_paralegal, f"id,city,voice_calls_opted_out\n{ana.pk},ImportCity,yes\n")
    by_hand(as_paralegal, ana, city="Colleague City")
    begin(as_paralegal, kept)
    runner.serve()
    job = job_of(kept)
    assert sandbox.client(ana.pk)["voice_calls_opted_out"] is True
    assert sandbox.client(ana.pk)["city"] == "Colleague City"
    held, alone = Row.objects.filter(job=job).order_by("number")
    assert (held.outcome, held.flag) == ("failed", HELD)
    assert held.reason.endswith("goes to them all the same, in a row of its own.")
    assert (alone.outcome, alone.target, alone.line) == ("updated", ana.pk, held.line)
    assert alone.body == {"voice_calls_opted_out": True}
    job.refresh_from_db()
    assert (job.state, job.total, job.to_send) == ("done", 2, 2)
    adds_up(job)
    recorded(job)
    assert say(as_paralegal, job, "again") == 303
    runner.serve()
    assert sandbox.client(ana.pk)["city"] == "ImportCity"
    adds_up(job)


def test_the_opt_out_of_a_new_client_goes_to_whom_they_are(sandbox: Sandbox, people: dict[str, User]) -> None:
    """As far as external source and id tell it; where nobody is known by them, the reason says that it waits."""
    owner, out = people["paralegal"], {"voice_calls_opted_out": True}
    started(owner, [new_client(1)])
    runner.serve()
    known = Client.objects.get(external_source_id="S-1")
    job = started(owner, [new_client(1, **out), new_client(2, **out), new_client(2, **out)])
    runner.serve()
    assert exported(sandbox) == {"S-1": 1, "S-2": 1}
    assert sandbox.client(known.pk)["voice_calls_opted_out"] is True
    assert outcomes(job) == {"failed": 2, "created": 1, "updated": 1}
    first, last = services.held(job)
    assert "goes to them all the same" in first.reason
    assert last.reason.endswith("was not sent either.")
    adds_up(job)
    recorded(job)


def test_nobody_is_opted_out_who_is_deleted(sandbox: Sandbox, as_paralegal: Browser, ana: Client) -> None:
    kept = mapped(as_paralegal, f"id,city,voice_calls_opted_out\n{ana.pk},ImportCity,yes\n")
    Client.objects.filter(pk=ana.pk).update(gone_at=timezone.now())
    begin(as_paralegal, kept)
    runner.serve()
    assert outcomes(job_of(kept)) == {"failed": 1}
    assert not sandbox.requests("POST")
