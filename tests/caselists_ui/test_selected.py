"""Clients of a selection on a list, or off it: pick the list, confirm, and a job whose requests are in its history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import in_use
from caselists_ui.ids import write_ids
from caselists_ui.models import CaseList
from clients_ui.models import Client, Selection
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from tests.caselists_ui.helpers import count_of, told
from tests.clients_ui.conftest import hundred, job_of, selected, text_of, yes
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes, recorded

__all__ = ["hundred"]  # the fixture
pytestmark = pytest.mark.django_db


@pytest.fixture
def three(people: dict[str, User], hundred: list[int], as_manager: Browser) -> Selection:
    told(as_manager)
    return selected(people["manager"], hundred[:3], "City: Austin")


def url(selection: Selection, verb: str = "append", pk: int = 1) -> str:
    return f"/case-lists/{pk}/clients/{verb}/{selection.pk}/"


def cases_of(sandbox: Sandbox, clients: list[int]) -> set[int]:
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    return {case["id"] for case in cases if set(case["client_ids"]) & set(clients)}


@pytest.mark.parametrize(("verb", "head"), [("append", "To which list?"), ("remove", "From which list?")])
def test_first_the_list(as_manager: Browser, three: Selection, verb: str, head: str) -> None:
    answer = as_manager.get(f"/case-lists/selected/{three.pk}/{verb}/")
    assert head in text_of(answer)
    assert "3 clients" in text_of(answer)
    assert f'href="{url(three, verb)}"' in answer.content.decode()
    name = CaseList.objects.get(pk=2).name
    found = as_manager.get(f"/case-lists/selected/{three.pk}/{verb}/", {"q": name})
    assert f'href="{url(three, verb, 2)}"' in found.content.decode()


def test_append_and_remove_at_once(
    as_manager: Browser, three: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    page = text_of(as_manager.get(url(three)))
    for words in (
        "Append all cases of 3 clients to “",
        "Everyone on this list may be called.",
        "City: Austin",
        "One more request reads the new number of cases.",
    ):
        assert words in page
    before, theirs = set(sandbox.members(1)), cases_of(sandbox, hundred[:3])
    job = job_of(as_manager.post(url(three), yes(reason="spring")))
    assert (job.state, outcomes(job)) == ("done", {"updated": 3})
    assert set(sandbox.members(1)) == before | theirs
    assert count_of(1) == len(before | theirs), "the new number was read"
    (intent,) = Event.objects.filter(stage="intent")
    assert (intent.action, intent.target_kind, intent.target_id) == (
        "case_list_append_clients",
        "case_list",
        1,
    )
    assert intent.payload == {"client_ids": hundred[:3]}
    assert f"Append all cases of 3 clients: {write_ids(hundred[:3])}." in text_of(
        as_manager.get("/case-lists/1/")
    )
    assert "Open the list" in text_of(as_manager.get(f"/jobs/{job.pk}/"))
    job = job_of(as_manager.post(url(three, "remove"), yes()))
    assert outcomes(job) == {"updated": 3}
    assert set(sandbox.members(1)) == before - theirs
    adds_up(job)
    recorded(job)


def test_many_in_several_requests(
    as_manager: Browser, people: dict[str, User], hundred: list[int], sandbox: Sandbox, settings: LazySettings
) -> None:
    told(as_manager)
    settings.KAYSE_BULK_ROWS = 60
    other = Client.objects.exclude(pk__in=hundred).filter(gone_at=None).first()
    assert other is not None
    selection = selected(people["manager"], [*hundred, other.pk])
    assert as_manager.post(url(selection), yes()).status_code == 422, "the number has to be typed"
    job = job_of(as_manager.post(url(selection), yes(confirm="101")))
    assert job.state == "queued"
    runner.serve()
    assert outcomes(job) == {"updated": 101}
    assert [len(one["body"]["client_ids"]) for one in sandbox.requests("POST", "append")] == [60, 41]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["append", "remove"])
def test_a_worker_makes_the_rows_of_very_many(
    as_manager: Browser,
    people: dict[str, User],
    hundred: list[int],
    sandbox: Sandbox,
    settings: LazySettings,
    verb: str,
) -> None:
    settings.IMPORT_CHECK_AT_ONCE = 10
    told(as_manager)
    selection, before = selected(people["manager"], hundred), set(sandbox.members(1))
    job = job_of(as_manager.post(url(selection, verb), yes()))
    assert (job.state, job.total, Row.objects.count()) == ("preparing", 0, 0)
    assert "Its rows are being made" in text_of(as_manager.get(f"/jobs/{job.pk}/"))
    assert not Event.objects.filter(stage="intent").exists()
    assert runner.work() == 1
    assert list(Row.objects.order_by("number").values_list("target", flat=True)) == hundred
    assert outcomes(job) == {"updated": 100}
    theirs = cases_of(sandbox, hundred)
    assert set(sandbox.members(1)) == (before | theirs if verb == "append" else before - theirs)
    adds_up(job)
    recorded(job)


@pytest.mark.django_db(transaction=True)
def test_a_list_that_a_campaign_uses_by_then_is_left_alone(
    as_manager: Browser,
    people: dict[str, User],
    actor: Actor,
    hundred: list[int],
    sandbox: Sandbox,
    settings: LazySettings,
) -> None:
    settings.IMPORT_CHECK_AT_ONCE = 10
    told(as_manager)
    before = set(sandbox.members(1))
    job = job_of(as_manager.post(url(selected(people["manager"], hundred)), yes()))
    lists = CaseList.objects.get(pk=1)
    in_use.mark(actor, lists, campaign="Spring", until=timezone.localdate() + timedelta(days=3))
    runner.work()
    assert outcomes(job) == {"failed": 100}
    assert set(sandbox.members(1)) == before
    recorded(job)


def test_a_count_that_does_not_fit_leaves_all_of_them_unknown(
    as_manager: Browser, as_paralegal: Browser, three: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    sandbox.call("DELETE", f"/clients/{hundred[0]}")
    job = job_of(as_manager.post(url(three), yes()))
    assert outcomes(job) == {"unknown": 3}
    page = text_of(as_manager.get(f"/jobs/{job.pk}/"))
    assert "Kayse counted 2 of these 3 and does not say which." in page
    recorded(job)
    assert "All 3: They were added Send all again They were not done Give all up" in page
    assert as_paralegal.post(f"/jobs/{job.pk}/rows/", {"choice": "there"}).status_code == 403
    assert as_manager.post(f"/jobs/{job.pk}/rows/", {"choice": "?"}).status_code == 404
    assert as_manager.post(f"/jobs/{job.pk}/rows/", {"choice": "there"}).status_code == 303
    assert outcomes(job) == {"updated": 3}
    assert Event.objects.filter(action="job_control").count() == 3
    adds_up(job)


def test_silence_is_sent_again_by_a_person_alone(
    as_manager: Browser, three: Selection, hundred: list[int], sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.JOB_SETTLING = 0
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists/1/clients/append")
    job = job_of(as_manager.post(url(three), yes()))
    runner.serve()
    job.refresh_from_db()
    assert (job.state, outcomes(job)) == ("done", {"unknown": 3})
    assert len(sandbox.requests("POST", "append")) == 1
    as_manager.post(f"/jobs/{job.pk}/rows/", {"choice": "again"})
    runner.serve()
    assert outcomes(job) == {"updated": 3}
    assert [one["body"]["client_ids"] for one in sandbox.requests("POST", "append")] == [hundred[:3]] * 2
    adds_up(job)


def test_a_list_in_use_asks_for_its_name(
    as_manager: Browser, three: Selection, actor: Actor, sandbox: Sandbox
) -> None:
    lists = CaseList.objects.get(pk=1)
    in_use.mark(actor, lists, campaign="Spring", until=timezone.localdate() + timedelta(days=3))
    assert "Name of the list, typed" in text_of(as_manager.get(url(three)))
    assert as_manager.post(url(three), yes(reason="why")).status_code == 422
    assert as_manager.post(url(three), yes(typed_name=lists.name)).status_code == 422
    assert not Job.objects.exists()
    assert outcomes(job_of(as_manager.post(url(three), yes(typed_name=lists.name, reason="why")))) == {
        "updated": 3
    }


def test_a_list_that_is_gone(as_manager: Browser, three: Selection, sandbox: Sandbox) -> None:
    CaseList.objects.filter(pk=1).update(gone_at=timezone.now())
    assert as_manager.post(url(three), yes()).status_code == 404
    sandbox.fault("status", method="POST", status=404)
    job = job_of(as_manager.post(url(three, pk=2), yes()))
    assert outcomes(job) == {"failed": 3}


def test_access(
    client: Browser, as_paralegal: Browser, as_admin: Browser, three: Selection, sandbox: Sandbox
) -> None:
    paths = [url(three), url(three, "remove"), f"/case-lists/selected/{three.pk}/append/"]
    for path in paths:
        assert client.get(path)["Location"].startswith("/sign-in/")
        assert as_paralegal.get(path).status_code == 403
        assert as_admin.get(path).status_code == 404, "it is another's"
