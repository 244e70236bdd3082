"""GET and POST /case-lists/many/: duplicate, delete, rename and mark many lists at once."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caselists_ui import in_use, ledger, many, many_kinds
from caselists_ui.many import Do, How
from caselists_ui.models import CaseList, Version
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Chunk, Job
from tests.accounts.support import aged
from tests.caselists_ui.helpers import confirmed, form, no_operation, page_of, told
from tests.caselists_ui.test_edit import made
from tests.conftest import Sandbox, signed_in
from tests.jobs.helpers import adds_up, outcomes, recorded

pytestmark = pytest.mark.django_db
URL = "/case-lists/many/"


@pytest.fixture
def three(sandbox: Sandbox, as_manager: Browser) -> list[int]:
    """Three lists that were made here."""
    told(as_manager)
    return [made(as_manager, name=f"Q1 {letter}", include_ids="1 2") for letter in "ABC"]


def writes(sandbox: Sandbox) -> list[str]:
    """The paths of the changes that have arrived."""
    return [one["path"] for one in sandbox.requests(path="/v1/") if one["method"] != "GET"]


def say_yes(browser: Browser, **values: Any) -> Any:
    """Ask, and say yes to the lists that the question names."""
    (shown,) = re.findall(r'name="confirmed" value="([^"]+)"', page_of(browser.post(URL, form(**values))))
    return browser.post(URL, form(confirmed=shown, **values))


def run(browser: Browser, **values: Any) -> Job:
    """Say yes, and give back the job that it started."""
    response = say_yes(browser, **values)
    assert response.status_code == 303, page_of(response)
    job = Job.objects.latest("pk")
    assert response["Location"] == f"/jobs/{job.pk}/"
    return job


# --- the selection ------------------------------------------------------------------------------------------
def test_the_index_lets_managers_select(sandbox: Sandbox, as_manager: Browser, as_auditor: Browser) -> None:
    text = page_of(as_manager.get("/case-lists/"))
    assert 'name="pk" value="1" aria-label="Select Mass Tort Prospects"' in text
    assert f'<form method="get" action="{URL}"' in text
    assert set(re.findall(r'name="do" value="(\w+)"', text)) == {do.value for do in Do}
    assert 'name="pk"' not in page_of(as_auditor.get("/case-lists/"))


def test_nothing_selected_and_what_is_no_selection(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert "No list is selected" in page_of(as_manager.get(URL + "?do=delete"))
    assert as_manager.get(URL + "?do=delete").status_code == 422
    assert as_manager.get(URL + "?pk=1").status_code == 422
    for bad in ("0", "-1", str(2**63), "x", "٣"):
        assert as_manager.get(URL, {"do": "delete", "pk": bad}).status_code == 404, bad
    assert as_manager.get(URL, {"do": "burn", "pk": "1"}).status_code == 404
    assert as_manager.get(URL, {"do": "delete", "pk": [str(n) for n in range(1, 102)]}).status_code == 404
    assert as_manager.put(URL).status_code == 405
    no_operation()


def test_who_may(sandbox: Sandbox, as_manager: Browser, people: dict[str, User]) -> None:
    told(as_manager)
    assert Browser().post(URL, confirmed(do="delete", pk="1"))["Location"].startswith("/sign-in/")
    for who in ("paralegal", "auditor", "nobody"):
        assert signed_in(people[who]).post(URL, confirmed(do="duplicate", pk="1")).status_code == 403
    with pytest.raises(PermissionDenied):
        many_kinds.start(Actor(1, "x"), [1], How(Do.DUPLICATE), operation=uuid.uuid4())
    assert not Job.objects.exists()


# --- delete -------------------------------------------------------------------------------------------------
def test_a_delete_is_one_request_with_a_typed_number(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    before = len(writes(sandbox))
    question = page_of(as_manager.get(URL, {"do": "delete", "pk": three}))
    for words in (
        "Delete 3 case lists?",
        "Q1 A",
        "Costs 1 request.",
        "Type 3 to confirm",
        "cannot be taken back",
    ):
        assert words in question, words
    for typed in ({}, {"confirm": "2"}):
        response = say_yes(as_manager, do="delete", pk=three, **typed)
        assert response.status_code == 422
        assert "Type 3 to confirm that you mean 3 case lists." in page_of(response)
    assert len(writes(sandbox)) == before
    job = run(as_manager, do="delete", pk=three, confirm="3", reason="Over")
    assert writes(sandbox)[before:] == ["/v1/case_lists/bulk_delete"]
    assert outcomes(job) == {"updated": 3}
    assert job.is_over
    adds_up(job)
    recorded(job)
    assert not CaseList.objects.filter(pk__in=three, gone_at=None).exists()
    own = Event.objects.filter(action="case_list_delete", stage="fact", target_id__in=three)
    assert own.count() == 3
    assert {event.reason for event in own} == {"Over"}
    text = page_of(as_manager.get(f"/jobs/{job.pk}/"))
    assert "Q1 A" in text
    assert f"/case-lists/{three[0]}/" in text


def test_a_delete_asks_who_it_is(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    aged(as_manager, 5 * 60 + 1)
    answer = as_manager.get(URL, {"do": "delete", "pk": three})
    assert answer.status_code == 303
    assert answer["Location"].startswith("/account/confirm/?next=%2Fcase-lists%2Fmany%2F%3Fdo%3Ddelete")
    assert as_manager.get(URL, {"do": "duplicate", "pk": three}).status_code == 200
    aged(as_manager, 15 * 60)
    assert (
        "/account/confirm/" in as_manager.post(URL, confirmed(do="delete", pk=three, confirm="3"))["Location"]
    )
    assert not Job.objects.exists()


def test_a_double_click_is_one_job(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    yes, before = " ".join(map(str, three)), len(writes(sandbox))
    values = form(do="delete", pk=three, confirm="3", confirmed=yes)
    first = as_manager.post(URL, values)
    second = as_manager.post(URL, values)
    assert first.status_code == 303
    assert second.status_code == 200
    assert "Every list is left out" in page_of(second), "they are gone by now"
    assert Job.objects.count() == 1
    assert len(writes(sandbox)) == before + 1


# --- in use -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("do", ["delete", "rename", "obo"])
def test_a_list_in_use_is_left_out_in_words(
    sandbox: Sandbox, as_manager: Browser, three: list[int], actor: Actor, do: str
) -> None:
    lists = CaseList.objects.get(pk=three[0])
    in_use.mark(actor, lists, campaign="Spring", until=timezone.localdate())
    values = {"do": do, "pk": three, "put_on": "New ", "is_obo": "yes", "confirm": "2"}
    question = page_of(
        as_manager.get(URL, values) if do == "delete" else as_manager.post(URL, form(**values))
    )
    assert "In use by “Spring” until" in question
    assert "2 case lists?" in question
    job = run(as_manager, **values)
    assert outcomes(job) == {"updated": 2, "unchanged": 1}
    adds_up(job)
    body = str(sandbox.requests("POST", "/v1/case_lists/bulk")[-1]["body"])
    assert str(three[1]) in body
    assert f'"id": {three[0]}' not in body.replace('"id":', '"id": ').replace("  ", " ")
    assert "Left out: In use by" in page_of(as_manager.get(f"/jobs/{job.pk}/"))


# --- rename and on behalf of --------------------------------------------------------------------------------
def test_a_rename_is_one_request_that_keeps_the_members(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    as_manager.post(f"/case-lists/{three[0]}/attach/", confirmed(include_ids="7 8"))
    members, before = [sandbox.members(pk) for pk in three], len(writes(sandbox))
    assert "Put in front" in page_of(as_manager.get(URL, {"do": "rename", "pk": three}))
    values = {"do": "rename", "pk": three, "take_off": "Q1 ", "put_on": "2027 "}
    question = page_of(as_manager.post(URL, form(**values)))
    for words in (
        "Rename 3 case lists?",
        "<strong>2027 A</strong>",
        "Costs 2 requests: the change, and 1 to read",
    ):
        assert words in question, words
    assert len(writes(sandbox)) == before
    job = run(as_manager, **values)
    assert writes(sandbox)[before:] == ["/v1/case_lists/bulk"]
    assert [sandbox.members(pk) for pk in three] == members
    names = ["2027 A", "2027 B", "2027 C"]
    assert [CaseList.objects.get(pk=pk).name for pk in three] == names
    assert [row["name"] for row in sandbox.call("GET", "/case_lists?key=2027")["data"]] == names
    assert outcomes(job) == {"updated": 3}
    adds_up(job)
    recorded(job)
    known = ledger.known(three[0])
    assert known.definition is not None
    assert (known.definition.name, known.steps, known.unsure) == ("2027 A", (), False)
    assert Version.objects.filter(case_list=three[0]).count() == 2
    assert "edited the name of" in page_of(as_manager.get(f"/case-lists/{three[1]}/"))


def test_on_behalf_of(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    assert as_manager.post(URL, form(do="obo", pk=three)).status_code == 422
    job = run(as_manager, do="obo", pk=three, is_obo="yes")
    lists = sandbox.requests("POST", "/v1/case_lists/bulk")[-1]["body"]
    assert str(lists).count("true") + str(lists).count("True") == 3
    assert outcomes(job) == {"updated": 3}
    known = ledger.known(three[2]).definition
    assert known is not None
    assert known.is_obo is True


def test_lists_from_elsewhere_and_changes_that_cannot_travel_are_left_out_unless_accepted(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    as_manager.post(f"/case-lists/{three[0]}/clients/append/", confirmed(client_ids="3"))
    values = {"do": "rename", "pk": [1, *three, 999_999], "put_on": "x "}
    question = page_of(as_manager.post(URL, form(**values)))
    for words in (
        "Rename 2 case lists?",
        "Its definition is not known here: Kayse sets the list anew",
        "1 change by filter or by client would be lost",
        "Not known here, or deleted.",
        "Also those whose members may be replaced",
    ):
        assert words in question, words
    assert outcomes(run(as_manager, **values)) == {"updated": 2, "unchanged": 3}
    job = run(as_manager, **{**values, "put_on": "y ", "accepted": "on"})
    assert outcomes(job) == {"updated": 4, "unchanged": 1}
    adds_up(job)
    assert CaseList.objects.get(pk=1).name == "y Mass Tort Prospects"
    assert ledger.known(1).definition is None


def test_a_yes_is_one_to_the_lists_that_were_shown(
    sandbox: Sandbox, as_manager: Browser, three: list[int], actor: Actor
) -> None:
    values = {"do": "rename", "pk": [1, *three], "put_on": "x "}
    shown = " ".join(map(str, three))
    before = len(writes(sandbox))
    response = as_manager.post(URL, form(confirmed=shown, **values, accepted="on"))
    assert response.status_code == 200
    assert "Rename 4 case lists?" in page_of(response), "one more than was shown: its new name is shown first"
    in_use.mark(actor, CaseList.objects.get(pk=three[0]), campaign="c", until=timezone.localdate())
    assert "Rename 2 case lists?" in page_of(as_manager.post(URL, form(confirmed=shown, **values)))
    assert len(writes(sandbox)) == before


def test_names_that_cannot_be(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    for values, words in (
        ({"put_on": "x" * 255}, "longer than 255"),
        ({"take_off": "Q1 A"}, "No name would be left."),
        ({"take_off": "Z"}, "It keeps its name."),
    ):
        assert words in page_of(as_manager.post(URL, form(do="rename", pk=three, **values)))
    response = say_yes(as_manager, do="rename", pk=three, put_on="")
    assert response.status_code == 422
    assert "Nothing would be done" in page_of(response)
    assert as_manager.post(URL, form(do="rename", pk=three, put_on="a\0")).status_code == 422


# --- duplicate ----------------------------------------------------------------------------------------------
def test_duplicates_are_a_request_each(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    before = len(writes(sandbox))
    question = page_of(as_manager.get(URL, {"do": "duplicate", "pk": three}))
    assert "Costs 4 requests: one for each copy, and 1 to read the new numbers of cases." in question
    job = run(as_manager, do="duplicate", pk=three)
    runner.serve()
    job.refresh_from_db()
    assert writes(sandbox)[before:] == [f"/v1/case_lists/{pk}/duplicate" for pk in three]
    assert outcomes(job) == {"created": 3}
    assert job.is_over
    adds_up(job)
    recorded(job)
    for row in job.rows.order_by("number"):
        copy = CaseList.objects.get(pk=row.result)
        assert (copy.name, copy.case_count) == (f"{row.label} (copy)", len(sandbox.members(copy.pk)))
        assert sandbox.members(copy.pk) == sandbox.members(row.body["copy_of"])
        assert ledger.known(copy.pk).definition is not None


def test_a_copy_without_an_answer_waits_for_a_person(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    sandbox.fault(
        "status", method="POST", path=f"/v1/case_lists/{three[1]}/duplicate", status=500, apply=True
    )
    job = run(as_manager, do="duplicate", pk=three)
    runner.serve()
    assert outcomes(job) == {"created": 2, "unknown": 1}
    adds_up(job)
    copy = max(row["id"] for row in sandbox.call("GET", "/case_lists?key=Q1 B")["data"])
    number = job.rows.get(outcome="unknown").number
    as_manager.post(f"/jobs/{job.pk}/rows/{number}/", {"choice": "there", "result": str(copy)})
    assert outcomes(job) == {"created": 3}
    assert ledger.known(copy).definition is not None
    assert len([path for path in writes(sandbox) if path.endswith(f"{three[1]}/duplicate")]) == 1


# --- how it ends --------------------------------------------------------------------------------------------
def test_the_vendors_no_is_told_for_each(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    sandbox.fault(
        "status", method="POST", path="/v1/case_lists/bulk", status=400, message="No <b>such</b>.", times=9
    )
    job = run(as_manager, do="rename", pk=three, put_on="x ")
    runner.serve()
    assert outcomes(job) == {"failed": 3}
    adds_up(job)
    assert "No &lt;b&gt;such&lt;/b&gt;." in page_of(as_manager.get(f"/jobs/{job.pk}/"))
    assert [CaseList.objects.get(pk=pk).name for pk in three] == ["Q1 A", "Q1 B", "Q1 C"]


def test_a_list_that_was_deleted_outside(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    sandbox.call("POST", "/case_lists/bulk_delete", {"ids": [three[0]]})
    job = run(as_manager, do="delete", pk=three, confirm="3")
    assert outcomes(job) == {"updated": 2, "failed": 1}
    adds_up(job)


def later(job: Job) -> None:
    """Some minutes later, the workers look at what was not answered."""
    Chunk.objects.filter(job=job, verify_at__isnull=False).update(
        verify_at=timezone.now() - timedelta(seconds=1)
    )
    Job.objects.filter(pk=job.pk).update(wait_until=None)
    runner.serve()


@pytest.mark.parametrize("applied", [True, False])
def test_an_unknown_rename_is_looked_for_and_never_sent_again(
    sandbox: Sandbox, as_manager: Browser, three: list[int], applied: bool
) -> None:
    before = len(writes(sandbox))
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk", status=500, apply=applied)
    job = run(as_manager, do="rename", pk=three, put_on="x ")
    assert outcomes(job) == {"unknown": 3}
    assert all(ledger.known(pk).unsure for pk in three), "the definition may be another"
    for _ in range(4):
        later(job)
    assert outcomes(job) == ({"updated": 3} if applied else {"unknown": 3})
    assert [ledger.known(pk).unsure for pk in three] == [not applied] * 3
    assert CaseList.objects.get(pk=three[0]).name == ("x Q1 A" if applied else "Q1 A")
    assert len(writes(sandbox)) == before + 1
    adds_up(job)
    recorded(job)


@pytest.mark.parametrize("applied", [True, False])
def test_an_unknown_delete_is_looked_for_and_never_sent_again(
    sandbox: Sandbox, as_manager: Browser, three: list[int], applied: bool
) -> None:
    before = len(writes(sandbox))
    sandbox.fault(
        "reset_after" if applied else "reset_before", method="POST", path="/v1/case_lists/bulk_delete"
    )
    job = run(as_manager, do="delete", pk=three, confirm="3")
    assert outcomes(job) == {"unknown": 3}
    for _ in range(4):
        later(job)
    assert outcomes(job) == ({"updated": 3} if applied else {"unknown": 3})
    assert CaseList.objects.filter(pk__in=three, gone_at=None).count() == (0 if applied else 3)
    assert len(writes(sandbox)) == before + 1
    adds_up(job)


def test_scripts_in_names_stay_text(sandbox: Sandbox, as_manager: Browser, three: list[int]) -> None:
    three = [made(as_manager, name="<script>alert(1)</script>{{ 7|add:7 }}"), *three]
    for text in (
        page_of(as_manager.get(URL, {"do": "delete", "pk": three})),
        page_of(as_manager.post(URL, form(do="rename", pk=three, put_on="<i>"))),
        page_of(as_manager.get("/case-lists/")),
    ):
        assert "<script>alert" not in text
        assert "{{ 7|add:7 }}" in text


def test_the_queries_do_not_grow_with_the_lists(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    def queries(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as captured:
            many.plan(ids, How(Do.RENAME, put_on="x"))
        return len(captured)

    assert queries(three[:1]) == queries([*three, 1, 2])


def test_the_rows_of_the_job_are_downloaded_by_whoever_started_it(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    job = run(as_manager, do="rename", pk=three, put_on="=1+ ")
    answer = as_manager.get(f"/jobs/{job.pk}/all.csv")
    assert answer.status_code == 200
    assert b"".join(answer).decode().count("updated") == 3  # type: ignore[arg-type]
    Job.objects.filter(pk=job.pk).update(owner_id=999)
    assert as_manager.get(f"/jobs/{job.pk}/all.csv").status_code == 403
