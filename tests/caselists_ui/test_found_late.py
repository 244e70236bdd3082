"""A set or a copy of many lists that is found done late: what was done meanwhile stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from caselists_ui import ledger
from caselists_ui.models import CaseList, Version
from kayse_admin.jobs.models import Job
from tests.caselists_ui.test_edit import save
from tests.caselists_ui.test_many import later, run, three
from tests.caselists_ui.test_waiting import attach
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes

__all__ = ["three"]
pytestmark = pytest.mark.django_db


def included(pk: int) -> tuple[int, ...]:
    """The cases by name of what is known of a list."""
    carried = ledger.known(pk).carried
    assert carried is not None
    return carried.selection.include_ids


def test_a_set_found_done_late_keeps_what_was_attached_since(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk", status=500, apply=True)
    job = run(as_manager, do="rename", pk=three, put_on="x ")
    assert outcomes(job) == {"unknown": 3}
    attach(as_manager, three[0], "5 6")
    for _ in range(4):
        later(job)
    assert outcomes(job) == {"updated": 3}
    assert included(three[0]) == (1, 2, 5, 6)
    assert {5, 6} <= set(sandbox.members(three[0]))
    assert included(three[1]) == (1, 2)
    assert [ledger.known(pk).unsure for pk in three] == [False] * 3
    assert CaseList.objects.get(pk=three[0]).name == "x Q1 A"
    adds_up(job)


def test_a_set_that_another_has_followed_is_a_finding_and_nothing_else(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk", status=500, apply=False)
    job = run(as_manager, do="rename", pk=three, put_on="x ")
    for _ in range(4):
        later(job)
    assert ledger.known(three[0]).unsure
    assert save(as_manager, three[0], name="Mine", decided="on").status_code == 303
    assert not ledger.known(three[0]).unsure, "set since by a request that was answered"
    attach(as_manager, three[0], "5 6")
    known, versions = ledger.known(three[0]).carried, Version.objects.filter(case_list=three[0]).count()
    row = job.rows.get(target=three[0])
    as_manager.post(f"/jobs/{job.pk}/rows/{row.number}/", {"choice": "there"})
    row.refresh_from_db()
    assert row.outcome == "updated"
    assert row.reason.startswith("Found out late")
    assert ledger.known(three[0]).carried == known
    assert CaseList.objects.get(pk=three[0]).name == "Mine"
    assert Version.objects.filter(case_list=three[0]).count() == versions
    adds_up(job)


def unanswered_copy(sandbox: Sandbox, browser: Browser, pk: int) -> tuple[Job, int]:
    """A copy that Kayse made without saying so, and its id."""
    sandbox.fault("status", method="POST", path=f"/v1/case_lists/{pk}/duplicate", status=500, apply=True)
    job = run(browser, do="duplicate", pk=[pk])
    assert outcomes(job) == {"unknown": 1}
    return job, max(one["id"] for one in sandbox.call("GET", "/case_lists?key=Q1 A")["data"])


def test_a_copy_told_late_has_the_members_of_its_moment(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    attach(as_manager, three[0], "7")
    job, copy = unanswered_copy(sandbox, as_manager, three[0])
    attach(as_manager, three[0], "5 6")
    as_manager.post(f"/jobs/{job.pk}/rows/{job.rows.get().number}/", {"choice": "there", "result": str(copy)})
    assert outcomes(job) == {"created": 1}
    assert included(copy) == (1, 2, 7)
    assert {5, 6} <= set(included(three[0]))
    adds_up(job)


def test_an_unanswered_delete_is_not_done_because_the_name_is_another(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    renamed = {"id": three[0], "name": "Renamed outside", "filter": {"case_type_ids": [25]}}
    sandbox.call("POST", "/case_lists/bulk", {"lists": [renamed]})
    sandbox.fault("reset_before", method="POST", path="/v1/case_lists/bulk_delete")
    job = run(as_manager, do="delete", pk=three, confirm="3")
    for _ in range(4):
        later(job)
    assert outcomes(job) == {"unknown": 3}
    assert CaseList.objects.get(pk=three[0]).gone_at is None
    adds_up(job)


def test_among_many_lists_one_look_at_all_tells_of_every_row(
    sandbox: Sandbox, as_manager: Browser, three: list[int], settings: Any
) -> None:
    settings.JOB_SETTLING = 0
    sandbox.call("POST", "/case_lists/bulk", {"lists": [{"name": f"Bulk {n}"} for n in range(120)]})
    as_manager.post("/case-lists/look/")
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists/bulk_delete")
    before = len(sandbox.requests("GET", "/v1/"))
    job = run(as_manager, do="delete", pk=three, confirm="3")
    for _ in range(4):
        later(job)
    assert outcomes(job) == {"updated": 3}
    assert len(sandbox.requests("GET", "/v1/")) == before + 5, (
        "by its name, then two pages twice: three are missed"
    )
    assert CaseList.objects.filter(pk__in=three, gone_at=None).count() == 0
    adds_up(job)


def test_a_row_that_nobody_can_read_may_be_the_list(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists/bulk_delete")
    job = run(as_manager, do="delete", pk=three, confirm="3")
    odd = {"data": [{"name": "?"}], "page": 1, "total": 1}
    sandbox.fault("wrong_json", method="GET", path="/v1/case_lists", body=odd, times=None)
    for _ in range(4):
        later(job)
    assert outcomes(job) == {"unknown": 3}
    assert CaseList.objects.get(pk=three[0]).gone_at is None


def test_a_list_that_was_known_before_is_no_copy(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    job, copy = unanswered_copy(sandbox, as_manager, three[0])
    url = f"/jobs/{job.pk}/rows/{job.rows.get().number}/"
    for other in (three[1], 1):
        was = ledger.known(other)
        answer = as_manager.post(url, {"choice": "there", "result": str(other)})
        assert answer.status_code == 422
        assert "it is not the copy" in answer.content.decode()
        assert outcomes(job) == {"unknown": 1}
        assert ledger.known(other) == was
    as_manager.post(url, {"choice": "there", "result": str(copy)})
    assert outcomes(job) == {"created": 1}
