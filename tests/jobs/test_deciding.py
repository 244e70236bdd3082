"""A person's word about rows of which nobody knows what became: each row is decided, and counted, once."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ledger, runner, services
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.registry import kind_of
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, new_client, outcomes, recorded, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(sandbox: Sandbox, people: dict[str, User]) -> Job:
    """Three new clients of whom nobody knows whether they are at Kayse."""
    sandbox.fault("reset_after", method="POST")
    job = started(people["paralegal"], [new_client(number) for number in range(3)])
    runner.serve()
    assert outcomes(job) == {"unknown": 3}
    return job


@pytest.fixture
def person(job: Job) -> Actor:
    found = ledger.owner(job)
    assert found is not None
    return found


def test_two_decisions_at_once_are_one(job: Job, person: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, said = kind_of(job), []
    settle_row = type(kind).settle_row

    def decided_meanwhile(*arguments: Any) -> Any:
        said.append(services.decide(person, job, 1, "drop"))
        return settle_row(kind, *arguments)

    monkeypatch.setattr(kind, "settle_row", decided_meanwhile)
    assert services.decide(person, job, 1, "there", 61)
    assert said == [False]
    assert outcomes(job) == {"created": 1, "unknown": 2}
    adds_up(job)


def test_a_row_that_was_sent_again_is_counted_where_it_was_sent_last(
    sandbox: Sandbox, job: Job, person: Actor
) -> None:
    sandbox.fault("reset_after", method="POST")
    assert services.decide(person, job, 1, "again")
    runner.serve()
    assert outcomes(job) == {"unknown": 3}
    assert services.decide(person, job, 1, "drop")
    assert counted(job) == [(1, 3, 2), (1, 1, 0)]
    assert all(services.decide(person, job, number, "drop") for number in (2, 3))
    assert outcomes(job) == {"failed": 3}
    assert counted(job) == [(1, 3, 0), (1, 1, 0)]
    adds_up(job)
    recorded(job)


def test_rows_on_both_sides_of_an_unknown_one_go_by_themselves(job: Job, person: Actor) -> None:
    assert services.decide(person, job, 1, "again")
    assert services.decide(person, job, 3, "again")
    assert counted(job) == [(1, 3, 1), (1, 1, 0), (3, 3, 0)]
    runner.serve()
    assert outcomes(job) == {"created": 2, "unknown": 1}
    adds_up(job)


def test_neighbours_go_together(sandbox: Sandbox, job: Job, person: Actor) -> None:
    before = len(sandbox.requests("POST"))
    assert all(services.decide(person, job, number, "again") for number in (1, 2, 3))
    runner.serve()
    assert outcomes(job) == {"created": 3}
    assert len(sandbox.requests("POST")) == before + 1


def test_a_look_counts_a_row_where_it_was_sent_last(
    sandbox: Sandbox, people: dict[str, User], settings: LazySettings
) -> None:
    rows = [
        Row(target=pk, label=str(pk), body={"city": "Waco"}, before={"city": sandbox.client(pk)["city"]})
        for pk in (1, 2)
    ]
    sandbox.fault("reset_after", method="POST", times=2)
    job = started(people["paralegal"], rows)
    runner.serve()
    person = ledger.owner(job)
    assert person is not None
    assert services.decide(person, job, 1, "again")
    Job.objects.update(wait_until=None)
    runner.serve()
    assert counted(job) == [(1, 2, 1), (1, 1, 1)]
    Chunk.objects.update(verify_at=timezone.now())
    Job.objects.update(wait_until=None)
    runner.serve()
    assert outcomes(job) == {"updated": 2}
    assert counted(job) == [(1, 2, 0), (1, 1, 0)]
    adds_up(job)


def test_nothing_of_a_cancelled_job_is_sent_again(
    sandbox: Sandbox, job: Job, person: Actor, as_paralegal: Browser
) -> None:
    Job.objects.update(state=Job.State.RUNNING)
    assert ledger.cancel(job)
    answer = as_paralegal.post(f"/jobs/{job.pk}/rows/1/", {"choice": "again"})
    assert answer.status_code == 422
    assert "Row 1: This job was cancelled: nothing of it is sent any more." in text_of(answer)
    assert outcomes(job) == {"unknown": 3}
    assert not Event.objects.filter(action="job_control").exists()
    assert services.decide(person, job, 1, "drop"), "what became of a row can be said all the same"
    adds_up(job)


def counted(job: Job) -> list[tuple[int, int, int]]:
    """The requests in the order in which they were made: first row, last row, rows of which it left the end open."""
    return list(job.chunks.order_by("pk").values_list("first", "last", "unknown"))


@pytest.fixture
def deleting(sandbox: Sandbox, people: dict[str, User]) -> Job:
    """Three deletions of which nobody knows whether they happened."""
    sandbox.fault("reset_before", method="POST")
    rows = [Row(target=pk, label=f"Client {pk}") for pk in (1, 2, 3)]
    job = started(people["administrator"], rows, kind="clients_delete")
    runner.serve()
    assert outcomes(job) == {"unknown": 3}
    return job


def test_the_words_are_those_of_the_work(
    job: Job, deleting: Job, as_paralegal: Browser, as_admin: Browser
) -> None:
    page = text_of(as_admin.get(f"/jobs/{deleting.pk}/"))
    assert "All 3: They are deleted Send all again They were not done Give all up" in page
    assert "It is deleted Send again It was not done Give up" in page
    assert "there" not in page[page.index("All 3:") :].split("Latest requests")[0].split("Download")[0]
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert "It is there Send again Give up" in page, "whether a new client was not made, nobody can see"


def test_it_was_not_done(sandbox: Sandbox, deleting: Job, as_admin: Browser) -> None:
    assert as_admin.post(f"/jobs/{deleting.pk}/rows/2/", {"choice": "not"}).status_code == 303
    row = Row.objects.get(job=deleting, number=2)
    assert (row.outcome, row.reason) == ("failed", services.NOT_DONE)
    assert Event.objects.get(action="job_control").detail == "Row 2: It was not done."
    adds_up(deleting)


def test_of_a_new_client_nobody_says_that_it_was_not_made(job: Job, as_paralegal: Browser) -> None:
    as_paralegal.post(f"/jobs/{job.pk}/rows/1/", {"choice": "not"})
    assert outcomes(job) == {"unknown": 3}


def test_the_button_for_many_says_how_many(
    sandbox: Sandbox, deleting: Job, as_admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_DECIDED", 2)
    assert "The first 2 of 3: They are deleted" in text_of(as_admin.get(f"/jobs/{deleting.pk}/"))
    as_admin.post(f"/jobs/{deleting.pk}/rows/", {"choice": "not"})
    assert outcomes(deleting) == {"failed": 2, "unknown": 1}
    adds_up(deleting)


def test_the_button_for_many_is_about_rows_with_an_id(
    sandbox: Sandbox, people: dict[str, User], as_paralegal: Browser
) -> None:
    sandbox.fault("reset_before", method="POST")
    changed = [Row(target=pk, label=str(pk), body={"city": "Waco"}) for pk in (1, 2)]
    job = started(people["paralegal"], [new_client(1), *changed])
    runner.serve()
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert "All 2 with a Kayse id: They are changed" in page
    as_paralegal.post(f"/jobs/{job.pk}/rows/", {"choice": "drop"})
    assert outcomes(job) == {"failed": 2, "unknown": 1}


def test_a_word_about_a_row_does_not_resume_a_job_that_somebody_paused(
    sandbox: Sandbox, people: dict[str, User]
) -> None:
    sandbox.fault("reset_after", method="POST")
    job = started(people["paralegal"], [new_client(number) for number in range(6)], size=2)
    ledger.turn(job)
    runner._serve_once(job, lambda: True)
    job.refresh_from_db()
    assert ledger.pause(job)
    person = ledger.owner(job)
    assert person is not None
    assert services.decide(person, job, 1, "again")
    runner.serve()
    job.refresh_from_db()
    assert (job.state, len(sandbox.requests("POST"))) == (Job.State.PAUSED, 1)
    assert ledger.resume(job)
    runner.serve()
    assert outcomes(job) == {"created": 5, "unknown": 1}
    adds_up(job)


def test_a_finished_job_is_not_resumed(job: Job, as_paralegal: Browser, person: Actor) -> None:
    assert not services.control(person, job, "resume")
    assert Job.objects.get(pk=job.pk).state == Job.State.DONE
