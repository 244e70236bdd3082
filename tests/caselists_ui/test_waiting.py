"""Work on many lists that waits, stands or is sent again: what changed meanwhile is not undone by it."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import bulk, in_use, ledger
from caselists_ui.models import CaseList
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger as jobs
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job
from kayse_admin.upstream import circuit
from tests.caselists_ui.helpers import confirmed, page_of
from tests.caselists_ui.test_many import later, run, three, writes
from tests.clients_ui.conftest import hundred
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes

__all__ = ["hundred", "three"]
pytestmark = pytest.mark.django_db


def standing(sandbox: Sandbox, browser: Browser, lists: list[int], **values: str) -> Job:
    """A job that stands because Kayse refused the key."""
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk", status=401)
    job = run(browser, pk=lists, **values)
    job.refresh_from_db()
    assert job.state == Job.State.PAUSED
    circuit.try_again()
    return job


def attach(browser: Browser, pk: int, ids: str) -> None:
    response = browser.post(f"/case-lists/{pk}/attach/", confirmed(include_ids=ids))
    assert response.status_code == 303, page_of(response)


def test_a_set_that_waited_leaves_out_what_was_changed_meanwhile(
    sandbox: Sandbox, as_manager: Browser, three: list[int], actor: Actor
) -> None:
    job = standing(sandbox, as_manager, three, do="rename", put_on="x ")
    assert [ledger.known(pk).unsure for pk in three] == [True] * 3, "it may be set any moment"
    attach(as_manager, three[0], "5 6")
    in_use.mark(actor, CaseList.objects.get(pk=three[1]), campaign="Spring", until=timezone.localdate())
    members = [sandbox.members(pk) for pk in three]
    as_manager.post(f"/jobs/{job.pk}/resume/")
    runner.serve()
    assert outcomes(job) == {"failed": 2, "updated": 1}
    adds_up(job)
    assert [sandbox.members(pk) for pk in three] == members
    assert [CaseList.objects.get(pk=pk).name for pk in three] == ["Q1 A", "Q1 B", "x Q1 C"]
    body = sandbox.requests("POST", "/v1/case_lists/bulk")[-1]["body"]
    assert [one["id"] for one in body["lists"]] == [three[2]]
    changed, used = (job.rows.get(target=pk).reason for pk in three[:2])
    assert changed == "Changed since this was planned."
    assert used.startswith("Changed since this was planned: In use by “Spring” until ")
    assert [ledger.known(pk).unsure for pk in three] == [False] * 3


def test_a_delete_that_waited_spares_a_list_in_use(
    sandbox: Sandbox, as_manager: Browser, three: list[int], actor: Actor
) -> None:
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk_delete", status=401)
    job = run(as_manager, do="delete", pk=three, confirm="3")
    circuit.try_again()
    in_use.mark(actor, CaseList.objects.get(pk=three[0]), campaign="Spring", until=timezone.localdate())
    as_manager.post(f"/jobs/{job.pk}/resume/")
    runner.serve()
    assert outcomes(job) == {"failed": 1, "updated": 2}
    assert CaseList.objects.get(pk=three[0]).gone_at is None
    adds_up(job)


def test_a_row_that_is_sent_again_after_a_change_stays_unknown(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk", status=500, apply=False)
    job = run(as_manager, do="rename", pk=three, put_on="x ")
    for _ in range(4):
        later(job)
    attach(as_manager, three[0], "5 6")
    members, before = sandbox.members(three[0]), len(writes(sandbox))
    for pk in three[:2]:
        as_manager.post(f"/jobs/{job.pk}/rows/{job.rows.get(target=pk).number}/", {"choice": "again"})
    runner.serve()
    assert len(writes(sandbox)) == before + 1
    assert sandbox.members(three[0]) == members
    row = job.rows.get(target=three[0])
    assert (row.outcome, row.reason) == ("unknown", "Changed since this was planned.")
    assert job.rows.get(target=three[1]).outcome == "updated"
    adds_up(job)
    as_manager.post(f"/jobs/{job.pk}/rows/{row.number}/", {"choice": "drop"})
    assert outcomes(job) == {"failed": 1, "updated": 1, "unknown": 1}
    adds_up(job)


@pytest.mark.parametrize("kind", [bulk.Append, bulk.Remove])
def test_clients_do_not_go_to_a_list_that_a_campaign_uses_by_now(
    sandbox: Sandbox,
    as_manager: Browser,
    hundred: list[int],
    three: list[int],
    people: dict[str, User],
    kind: type[bulk.Append],
) -> None:
    ids = hundred[:2]
    actor = jobs.owner(Job(owner_id=people["manager"].pk))
    assert actor
    lists = CaseList.objects.get(pk=three[0])
    before = len(writes(sandbox))
    circuit.refused()
    job = bulk.start(actor, kind, lists, ids, uuid.uuid4())
    assert outcomes(job) == {"": 2}
    in_use.mark(actor, lists, campaign="Spring", until=timezone.localdate())
    circuit.try_again()
    jobs.resume(job)
    runner.serve()
    assert outcomes(job) == {"failed": 2}
    assert "In use by “Spring”" in job.rows.first().reason  # type: ignore[union-attr]
    assert len(writes(sandbox)) == before
    adds_up(job)
    again = bulk.start(actor, kind, lists, ids, uuid.uuid4(), typed=lists.name, reason="Agreed")
    assert outcomes(again) == {"updated": 2}, "whoever knows of the campaign may"
