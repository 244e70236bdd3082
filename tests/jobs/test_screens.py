"""The screens of the jobs: who sees and controls them, what they say, and a person's word about unknown rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client as Browser

from clients_ui import directory
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.registry import kind_of
from tests.accounts.support import aged
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, new_client, outcomes, started

pytestmark = pytest.mark.django_db(transaction=True)


def fragment(browser: Browser, job: Job) -> str:
    return browser.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}).content.decode()


def test_progress_is_polled_while_something_may_happen(
    sandbox: Sandbox, owner: User, as_paralegal: Browser
) -> None:
    job = started(owner, (new_client(n) for n in range(30)), size=10)
    assert 'hx-trigger="every 2s"' in fragment(as_paralegal, job)
    assert "Pause" in text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    runner.serve()
    last = fragment(as_paralegal, job)
    assert "hx-trigger" not in last, "the last fragment asks no more"
    assert "30 of 30 rows" in last
    assert "3 requests used" in last
    assert "Soak" in text_of(as_paralegal.get("/jobs/"))


def test_the_gauge_follows_the_job(sandbox: Sandbox, owner: User, as_paralegal: Browser) -> None:
    job = started(owner, (new_client(n) for n in range(30)), size=10)
    assert "500 requests left" in fragment(as_paralegal, job)
    runner.serve()
    last = fragment(as_paralegal, job)
    assert 'id="gauge" hx-swap-oob="true"' in last
    assert "497 requests left" in last
    assert as_paralegal.get(f"/jobs/{job.pk}/").text.count('id="gauge"') == 1


def test_the_notice_of_an_end_can_be_dismissed(
    sandbox: Sandbox, owner: User, as_paralegal: Browser, as_admin: Browser
) -> None:
    job = started(owner, [new_client(1)])
    runner.serve()
    address = f"/jobs/{job.pk}/seen/"
    assert f'hx-post="{address}"' in as_paralegal.get("/clients/").text
    assert as_admin.post(address).status_code == 404, "it is somebody else's notice"
    assert "Finished: Soak" in text_of(as_paralegal.get("/clients/"))
    assert as_paralegal.post(address, headers={"HX-Request": "true"}).content == b""
    assert "Finished: Soak" not in text_of(as_paralegal.get("/clients/"))
    assert as_paralegal.post(address).headers["Location"] == "/jobs/"
    assert as_paralegal.get(address).status_code == 405


def test_pause_resume_cancel_are_on_record(sandbox: Sandbox, owner: User, as_paralegal: Browser) -> None:
    job = started(owner, [new_client(1)])
    for what, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert as_paralegal.post(f"/jobs/{job.pk}/{what}/").status_code == 303
        job.refresh_from_db()
        assert job.state == state
    assert as_paralegal.post(f"/jobs/{job.pk}/resume/").status_code == 303
    assert Event.objects.filter(action="job_control", target_id=job.pk).count() == 3
    assert as_paralegal.get(f"/jobs/{job.pk}/pause/").status_code == 405


def test_only_the_owner_and_administrators_control(
    sandbox: Sandbox, owner: User, as_manager: Browser, as_admin: Browser, as_nobody: Browser
) -> None:
    job = started(owner, [new_client(1)])
    assert as_manager.get(f"/jobs/{job.pk}/").status_code == 200
    assert as_manager.post(f"/jobs/{job.pk}/pause/").status_code == 403
    assert as_nobody.get("/jobs/").status_code == 403
    assert as_admin.post(f"/jobs/{job.pk}/pause/").status_code == 303
    assert as_manager.get(f"/jobs/{job.pk}/all.csv").status_code == 403


@pytest.fixture
def unknown(sandbox: Sandbox, owner: User) -> Job:
    """A job with one row of which nobody knows what became: it is at the vendor."""
    job = started(owner, [new_client(1)])
    sandbox.fault("reset_after", method="POST")
    runner.serve()
    assert outcomes(job) == {"unknown": 1}
    return job


def decide(browser: Browser, job: Job, **fields: str) -> Any:
    return browser.post(f"/jobs/{job.pk}/rows/1/", fields)


def test_it_is_there(sandbox: Sandbox, unknown: Job, as_paralegal: Browser) -> None:
    assert decide(as_paralegal, unknown, choice="there").status_code == 422
    assert decide(as_paralegal, unknown, choice="there", result="7e3").status_code == 422
    assert decide(as_paralegal, unknown, choice="there", result="61").status_code == 303
    row = Row.objects.get(job=unknown)
    assert (row.outcome, row.result) == ("created", 61)
    client = directory.find(61)
    assert client is not None
    assert client.external_source_id == "S-1"
    assert not OpenOperation.objects.exists(), "the record knows now"
    adds_up(unknown)


def test_an_id_that_cannot_be_is_refused(
    sandbox: Sandbox, unknown: Job, as_paralegal: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        kind_of(unknown), "check_result", lambda job, row, result: f"{result} is another one."
    )
    answer = decide(as_paralegal, unknown, choice="there", result="61")
    assert answer.status_code == 422
    assert "Row 1: 61 is another one." in text_of(answer)
    assert outcomes(unknown) == {"unknown": 1}
    assert not Event.objects.filter(action="job_control").exists()
    adds_up(unknown)


def test_send_again_accepts_a_double(sandbox: Sandbox, unknown: Job, as_paralegal: Browser) -> None:
    assert decide(as_paralegal, unknown, choice="again").status_code == 303
    assert decide(as_paralegal, unknown, choice="again").status_code == 303, "the second click does nothing"
    runner.serve()
    assert outcomes(unknown) == {"created": 1}
    assert exported(sandbox) == {"S-1": 2}
    adds_up(unknown)


def test_give_up(sandbox: Sandbox, unknown: Job, as_paralegal: Browser) -> None:
    assert decide(as_paralegal, unknown, choice="drop").status_code == 303
    assert outcomes(unknown) == {"failed": 1}
    assert decide(as_paralegal, unknown, choice="nonsense").status_code == 404
    adds_up(unknown)


def test_downloads(sandbox: Sandbox, owner: User, as_paralegal: Browser) -> None:
    job = started(owner, [new_client(1), new_client(2, email="no mail")])
    runner.serve()
    text = b"".join(as_paralegal.get(f"/jobs/{job.pk}/failed.csv")).decode("utf-8-sig")  # type: ignore[arg-type]
    assert len(text.splitlines()) == 2
    assert "email" in text
    assert as_paralegal.get(f"/jobs/{job.pk}/nonsense.csv").status_code == 404
    assert Event.objects.filter(action="client_export", target_kind="job").count() == 1


def test_the_end_is_told_by_mail_where_mail_is_configured(
    sandbox: Sandbox, owner: User, settings: LazySettings
) -> None:
    started(owner, [new_client(1)])
    runner.serve()
    assert mail.outbox == []
    settings.EMAIL_URL = "smtp://mail.example.com:25"
    owner.email = "paula@example.com"
    owner.save()
    started(owner, [new_client(2)])
    runner.serve()
    assert [one.subject for one in mail.outbox] == ["Finished: Soak"]
    assert "1 created" in mail.outbox[0].body


def test_the_end_is_told_in_the_app_until_it_was_seen(
    sandbox: Sandbox, owner: User, as_paralegal: Browser, as_manager: Browser
) -> None:
    job = started(owner, [new_client(1)])
    runner.serve()
    assert "Finished: Soak" in text_of(as_paralegal.get("/clients/"))
    assert "Finished: Soak" not in text_of(as_manager.get("/clients/"))
    as_paralegal.get(f"/jobs/{job.pk}/")
    assert "Finished: Soak" not in text_of(as_paralegal.get("/clients/"))


def test_the_queries_of_the_page_do_not_grow_with_rows(
    sandbox: Sandbox, owner: User, as_paralegal: Browser, django_assert_max_num_queries: Any
) -> None:
    job = started(owner, (new_client(n) for n in range(300)), size=100)
    with django_assert_max_num_queries(22):
        as_paralegal.get(f"/jobs/{job.pk}/")


def test_many_rows_as_a_file_ask_who_one_is(
    sandbox: Sandbox, owner: User, as_paralegal: Browser, settings: LazySettings
) -> None:
    job = started(owner, [new_client(1), new_client(2)])
    aged(as_paralegal, 6 * 60)
    assert as_paralegal.get(f"/jobs/{job.pk}/all.csv").status_code == 200
    settings.EXPORT_ASKS_ABOVE = 1
    answer = as_paralegal.get(f"/jobs/{job.pk}/all.csv")
    assert answer["Location"].startswith("/account/confirm/?next=%2Fjobs%2F")


def test_progress_counts_what_is_to_be_sent(sandbox: Sandbox, owner: User, as_paralegal: Browser) -> None:
    """What had an outcome before the start is no progress; the five outcomes add up all the same."""
    settled = [Row(outcome="failed", reason="It has no name.", flag="error") for _ in range(9)]
    job = started(owner, [*settled, Row(outcome="unchanged"), *(new_client(n) for n in range(10))], size=5)
    page = fragment(as_paralegal, job)
    assert '<strong class="grow">0 %</strong>' in page
    assert '<progress value="0" max="10"' in page
    assert "0 of 10 rows · 10 others were settled before the start" in page
    assert "0 of 10" in text_of(as_paralegal.get("/jobs/"))
    runner.serve()
    assert "10 of 10 rows · 10 others" in fragment(as_paralegal, job)
    adds_up(job)


def test_a_row_without_a_name_is_told_by_its_line_and_not_by_what_it_holds(
    sandbox: Sandbox, owner: User, as_paralegal: Browser
) -> None:
    def nameless(line: int) -> Row:
        cells = ["123456789", f"S-{line}", "Ana", "1975-03-24"]
        return Row(line=line, outcome="failed", reason="No.", flag="error", source={"cells": cells})

    job = started(owner, [nameless(7), nameless(8), new_client(1)])
    for _ in ("Failed, while it is sent", "Each row, at the end"):
        said = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
        assert "Row line 7" in said
        assert "123456789" not in said, "a job is seen by more people than a file"
        assert "line 7" in said
        assert "line 8" in said
        runner.serve()
    assert "Each row" in said
    assert "line 2" in said, "the one that was created, too"
