"""POST /case-lists/<pk>/edit/: set a list anew."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import in_use, ledger, services
from caselists_ui.models import CaseList, Label, Version
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import OpenOperation
from kayse_admin.audit.records import Target
from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, pk_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db


class TestEditOfAListFromElsewhere(Rules):
    path = "1/edit/"
    valid = {
        "name": "Mass Tort Prospects",
        "other_types": "25",
        "understood": "on",
        "decided": "on",
        "base": "0.0",
    }
    method, route, action = "POST", "/v1/case_lists/bulk", "case_list_update"
    says = (
        "The definition of this list is not known here",
        "Duplicate first",
        "I understand that the members",
        "What saving does",
        "Costs 2 requests",
    )


def sent(sandbox: Sandbox) -> dict[str, Any]:
    """The one list in the newest set that arrived."""
    body = sandbox.requests("POST", "/v1/case_lists/bulk")[-1]["body"]
    (found,) = (body if isinstance(body, dict) else json.loads(body))["lists"]
    return dict(found)


def made(browser: Browser, **values: Any) -> int:
    """A list that was made here."""
    return pk_of(browser.post("/case-lists/new/", form(**{"name": "A", "case_types": ["25"], **values})))


def opened(browser: Browser, pk: int, query: str = "", **changes: Any) -> dict[str, Any]:
    """The form of the edit page as it opens, filled in with changes."""
    page = browser.get(f"/case-lists/{pk}/edit/{query}").context["form"]
    values = {}
    for bound in page:
        value = bound.value()
        if value not in (None, "", False):
            values[bound.name] = [str(one) for one in value] if isinstance(value, tuple | list) else value
    return {**values, **changes}


def save(browser: Browser, pk: int, **changes: Any) -> Any:
    """Open the form and save it with changes."""
    return browser.post(f"/case-lists/{pk}/edit/", opened(browser, pk, **changes))


def test_the_whole_definition_travels_with_a_rename(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(
        as_manager, statuses=["30"], description="d", include_ids="1", other_keys='{"x": [1]}', is_obo="yes"
    )
    members = sandbox.members(pk)
    response = save(as_manager, pk, name="B", reason="Better name")
    assert response.status_code == 303
    assert sent(sandbox) == {
        "id": pk,
        "name": "B",
        "description": "d",
        "filter": {"case_type_ids": [25], "status_ids": [30], "x": [1]},
        "include_ids": [1],
        "is_obo": True,
    }
    assert sandbox.members(pk) == members
    versions = list(Version.objects.filter(case_list=pk).order_by("number"))
    assert [(v.number, v.definition["name"], v.reason) for v in versions] == [
        (1, "A", ""),
        (2, "B", "Better name"),
    ]
    assert CaseList.objects.get(pk=pk).name == "B"


def test_what_was_changed_by_hand_travels_and_the_page_says_so(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    inside = sandbox.members(pk)[0]
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="1 2 3"))
    as_manager.post(f"/case-lists/{pk}/detach/", confirmed(include_ids=str(inside)))
    before = sandbox.members(pk)
    text = page_of(as_manager.get(f"/case-lists/{pk}/edit/"))
    assert "travel as included" in text
    assert "stays out" in text
    assert save(as_manager, pk, name="B").status_code == 303
    assert sandbox.members(pk) == before
    known = ledger.known(pk)
    assert known.steps == ()
    assert known.definition is not None
    assert known.definition.selection.exclude_ids == (inside,)


def test_what_is_taken_out_of_the_form_is_lost_as_announced(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    before = sandbox.members(pk)
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="1 2"))
    values = opened(as_manager, pk, include_ids="1")
    preview = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    assert "no longer included" in preview
    as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert sandbox.members(pk) == sorted({*before, 1})


def test_what_no_set_can_carry_is_named(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3 4"))
    text = page_of(as_manager.get(f"/case-lists/{pk}/edit/"))
    assert "cannot be carried" in text
    assert "Append all cases of 2 clients: 3, 4." in text


def test_the_count_is_read_once_after_it(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    values = opened(as_manager, pk, other_types="31")
    before = len(sandbox.requests(path="/v1/"))
    response = as_manager.post(f"/case-lists/{pk}/edit/", values, follow=True)
    count = len(sandbox.members(pk))
    assert f"→ {count} cases, as of" in page_of(response)
    assert len(sandbox.requests(path="/v1/")) == before + 2


def test_the_history_shows_what_changed(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    save(as_manager, pk, statuses=["30"])
    text = page_of(as_manager.get(f"/case-lists/{pk}/"))
    assert "Statuses" in text
    assert "<ins" in text
    assert "Cases of type 25 (no label) whose status is 30 (no label)." in text


def test_a_flag_that_was_switched_off_is_not_sent_again(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, is_obo="no")
    assert save(as_manager, pk, name="B").status_code == 303
    assert "is_obo" not in sent(sandbox)
    known = ledger.known(pk)
    assert known.definition is not None
    assert known.definition.is_obo is False


def test_a_version_saved_meanwhile_is_not_overwritten(
    sandbox: Sandbox, as_manager: Browser, as_admin: Browser
) -> None:
    pk = made(as_manager)
    mine = opened(as_manager, pk, name="Mine", description="My words")
    assert save(as_admin, pk, name="Theirs").status_code == 303
    response = as_manager.post(f"/case-lists/{pk}/edit/", mine)
    text = page_of(response)
    assert response.status_code == 422
    assert "This list was changed while the form was open." in text
    assert "My words" in text
    assert CaseList.objects.get(pk=pk).name == "Theirs"
    again = {**mine, "base": response.context["form"]["base"].value()}
    assert as_manager.post(f"/case-lists/{pk}/edit/", again).status_code == 303


def test_an_unknown_definition_is_set_only_when_somebody_asks(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    response = as_manager.post("/case-lists/1/edit/", form(name="B", other_types="25", base="0.0"))
    assert response.status_code == 422
    assert "Say that you understand this" in page_of(response)
    no_operation()


def test_a_rename_of_an_unknown_definition_sends_no_filter(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    text = page_of(as_manager.get("/case-lists/1/edit/"))
    assert "The filter stays as it is at Kayse, and is not known here." in text
    assert "attached by hand are probably lost" in text
    before = sandbox.members(1)
    response = as_manager.post("/case-lists/1/edit/", form(name="B", understood="on", base="0.0"))
    assert response.status_code == 303
    assert sent(sandbox) == {"id": 1, "name": "B"}
    assert set(sandbox.members(1)) < set(before), "what was attached by hand is lost, as the page said"
    assert not Version.objects.exists()
    assert "Definition not known here" in page_of(as_manager.get("/case-lists/1/"))


def test_after_a_set_the_definition_is_known(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    as_manager.post("/case-lists/1/edit/", form(name="B", include_ids="5 6", understood="on", base="0.0"))
    assert sandbox.members(1) == [5, 6]
    assert sent(sandbox) == {"id": 1, "name": "B", "filter": {}, "include_ids": [5, 6]}
    assert "<strong>2</strong> cases picked by hand." in page_of(as_manager.get("/case-lists/1/"))


def test_bad_input_is_refused_and_stays(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    before = len(sandbox.requests(path="/v1/"))
    for changes, words in (
        ({"name": ""}, "This field is required."),
        ({"include_ids": "abc"}, "Not understood"),
        ({"other_keys": "{"}, "This is not JSON"),
        ({"case_types": [], "exclude_ids": "5"}, "Cases can only be left out of a filter"),
        ({"base": "x" * 41}, "at most 40 characters"),
        ({"base": "7.0"}, "This list was changed while"),
    ):
        response = save(as_manager, pk, description="Kept", **changes)
        assert response.status_code == 422, changes
        assert words in page_of(response), changes
        assert "Kept" in page_of(response)
    assert len(sandbox.requests(path="/v1/")) == before


def test_the_record_tells_before_and_after(sandbox: Sandbox, as_manager: Browser, people: Any) -> None:
    told(as_manager)
    as_manager.post("/case-lists/1/edit/", form(name="B", other_types="25", understood="on", base="0.0"))
    events = only_operation()
    assert events.intent.before == {
        "name": "Mass Tort Prospects",
        "description": CaseList.objects.get(pk=1).description,
    }
    assert events.outcome.after["in_words"] == "Cases of type 25 (no label) in any status."
    page = signed_in(people["auditor"]).get(f"/audit/{events.intent.operation}/")
    assert page.status_code == 200
    assert "Cases of type 25 (no label) in any status." in page_of(page)


def test_with_carry_and_replay_nothing_is_lost(sandbox: Sandbox, as_manager: Browser) -> None:
    """Attach 3 ids, detach 1, append 2 clients, then change the filter: the members are what a person would expect."""
    pk = made(as_manager, statuses=["30"])
    inside = sandbox.members(pk)[0]
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="1 2 3"))
    as_manager.post(f"/case-lists/{pk}/detach/", confirmed(include_ids=str(inside)))
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3 4"))
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    theirs = {case["id"] for case in cases if set(case["client_ids"]) & {3, 4}}
    values = opened(as_manager, pk, statuses=[], case_types=["25", "31"])
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    for words in ("3 attached by hand", "1 detached by hand", "Done again afterwards",
                  "Append all cases of 2 clients: 3, 4.",
                  "Costs 3 requests: the change, 1 done again, a look at the new number of cases."):  # fmt: skip
        assert words in text, words
    before = len(sandbox.requests(path="/v1/"))
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    assert len(sandbox.requests(path="/v1/")) == before + 3
    matching = {case["id"] for case in cases if case["case_type_id"] in (25, 31)}
    assert set(sandbox.members(pk)) == ((matching | {1, 2, 3}) - {inside}) | theirs
    assert [step.client_ids for step in ledger.known(pk).steps] == [(3, 4)]


def test_without_them_the_loss_that_was_announced_is_the_loss(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, statuses=["30"])
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="1 2 3"))
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3 4"))
    values = opened(as_manager, pk, include_ids="")
    del values["again"]
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    assert "3 attached by hand, no longer included" in text
    assert "cannot be carried" in text
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    matching = [case["id"] for case in cases if (case["case_type_id"], case["status_id"]) == (25, 30)]
    assert sandbox.members(pk) == matching


def outsider(sandbox: Sandbox, pk: int, *clients: int) -> int:
    """A case that is not on the list and belongs to none of these clients."""
    members = sandbox.members(pk)
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    return int(next(c["id"] for c in cases if c["id"] not in members and not {*clients} & {*c["client_ids"]}))


@pytest.mark.parametrize("query", ["", "?version=1"])
def test_a_case_that_is_announced_as_lost_is_not_attached_again(
    sandbox: Sandbox, as_manager: Browser, query: str
) -> None:
    """Taken off in the form, or by a version that is brought back, with everything ticked as the form opens it."""
    pk = made(as_manager)
    case = outsider(sandbox, pk, 7)
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="7"))
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids=str(case)))
    values = opened(as_manager, pk, query)
    if not query:
        assert values["include_ids"] == str(case)
    values["include_ids"] = ""
    assert values["again"]
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    assert f'1 attached by hand, no longer included: <span class="mono">{case}</span>' in text
    assert "Append all cases of 1 client: 7." in text
    assert "Attach:" not in text
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    assert case not in sandbox.members(pk)
    arrived = [(one["method"], one["path"]) for one in sandbox.requests() if one["method"] != "GET"]
    assert arrived[-2:] == [("POST", "/v1/case_lists/bulk"), ("POST", f"/v1/case_lists/{pk}/clients/append")]


def test_a_case_that_may_come_back_is_not_detached_again(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    inside, other = sandbox.members(pk)[:2]
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="7"))
    as_manager.post(f"/case-lists/{pk}/detach/", confirmed(include_ids=f"{inside} {other}"))
    values = opened(as_manager, pk, exclude_ids=str(other))
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    assert f'1 detached by hand, no longer left out: <span class="mono">{inside}</span>' in text
    assert f"Detach: 1 case picked by hand: {other}." in text
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    members = sandbox.members(pk)
    assert inside in members
    assert other not in members


def test_a_case_that_is_left_out_now_is_off_whatever_is_done_again(
    sandbox: Sandbox, as_manager: Browser
) -> None:
    pk = made(as_manager)
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    theirs = next(case["id"] for case in cases if 7 in case["client_ids"])
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="7"))
    values = opened(as_manager, pk, exclude_ids=str(theirs))
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    assert f"Detach: 1 case picked by hand: {theirs}." in text
    assert "Costs 4 requests: the change, 2 done again" in text
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    assert theirs not in sandbox.members(pk)


def test_a_rename_of_a_list_from_elsewhere_does_again_what_was_done_by_hand_here(
    sandbox: Sandbox, as_manager: Browser
) -> None:
    told(as_manager)
    case = outsider(sandbox, 1)
    as_manager.post("/case-lists/1/attach/", confirmed(include_ids=str(case)))
    values = opened(as_manager, 1, name="B", understood="on")
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": 1}))
    assert f"Attach: 1 case picked by hand: {case}." in text
    assert "Lost:" not in text
    del values["again"]
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": 1}))
    assert "<strong>Lost:</strong> these changes cannot be carried" in text
    assert as_manager.post("/case-lists/1/edit/", {**values, "again": "on"}).status_code == 303
    assert case in sandbox.members(1)


def not_answered(
    sandbox: Sandbox, browser: Browser, pk: int, path: str, *, apply: bool, **values: Any
) -> None:
    """A change of members after which nobody knows whether it was done."""
    sandbox.fault("status", path=f"/v1/case_lists/{pk}/{path}", status=500, apply=apply)
    assert "Outcome unknown" in page_of(browser.post(f"/case-lists/{pk}/{path}/", confirmed(**values)))


@pytest.mark.parametrize("apply", [True, False])
def test_what_nobody_knows_to_be_done_does_not_travel_by_itself(
    sandbox: Sandbox, as_manager: Browser, apply: bool
) -> None:
    pk = made(as_manager)
    before = sandbox.members(pk)
    case = outsider(sandbox, pk)
    not_answered(sandbox, as_manager, pk, "attach", apply=apply, include_ids=str(case))
    detail = page_of(as_manager.get(f"/case-lists/{pk}/"))
    assert "Not counted here: 1 change of members whose outcome is unknown." in detail
    assert "picked by hand" not in detail.split("Changed on top of it")[0].split("Which cases")[1]
    assert "1 change with an unknown outcome." in page_of(as_manager.get("/case-lists/"))
    values = opened(as_manager, pk, name="B")
    assert "include_ids" not in values
    for text in (
        page_of(as_manager.get(f"/case-lists/{pk}/edit/")),
        page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk})),
    ):
        assert f"Attach: 1 case picked by hand: {case}." in text
        assert "<strong>Outcome unknown,</strong> not counted here" in text
    refused = as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert refused.status_code == 422
    assert "whether those changes were done or not" in page_of(refused)
    assert not sandbox.requests("POST", "/v1/case_lists/bulk")
    assert as_manager.post(f"/case-lists/{pk}/edit/", {**values, "decided": "on"}).status_code == 303
    assert "include_ids" not in sent(sandbox)
    assert sandbox.members(pk) == before
    assert ledger.known(pk).undecided == ()


@pytest.mark.parametrize("apply", [True, False])
def test_a_save_whose_outcome_is_unknown_is_told_in_the_editor(
    sandbox: Sandbox, as_manager: Browser, apply: bool
) -> None:
    pk = made(as_manager, statuses=["20"])
    assert as_manager.get(f"/case-lists/{pk}/edit/?sent").status_code == 404
    sandbox.fault("status", path="/v1/case_lists/bulk", status=500, apply=apply)
    assert "Outcome unknown" in page_of(save(as_manager, pk, statuses=["22"]))
    values = opened(as_manager, pk, name="B")
    assert values["statuses"] == ["20"]
    text = page_of(as_manager.get(f"/case-lists/{pk}/edit/"))
    assert "Nobody knows whether an earlier save of this list was done" in text
    assert "whose status is <strong>22 (no label)</strong>" in text
    assert "may be gone already" in page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    refused = as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert refused.status_code == 422
    assert len(sandbox.requests("POST", "/v1/case_lists/bulk")) == 1
    other = opened(as_manager, pk, "?sent", decided="on")
    assert other["statuses"] == ["22"]
    assert as_manager.post(f"/case-lists/{pk}/edit/", other).status_code == 303
    assert sent(sandbox)["filter"]["status_ids"] == [22]
    text = page_of(as_manager.get(f"/case-lists/{pk}/edit/"))
    assert "Nobody knows whether" not in text


def test_somebody_decides_that_it_is_to_be(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    case = outsider(sandbox, pk)
    not_answered(sandbox, as_manager, pk, "attach", apply=False, include_ids=str(case))
    assert save(as_manager, pk, include_ids=str(case), decided="on").status_code == 303
    assert case in sandbox.members(pk)


def test_what_nobody_knows_to_be_done_is_not_done_again(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    not_answered(sandbox, as_manager, pk, "clients/append", apply=True, client_ids="7")
    values = opened(as_manager, pk, name="B", decided="on")
    assert "again" not in values
    assert as_manager.post(f"/case-lists/{pk}/edit/", {**values, "again": "on"}).status_code == 303
    arrived = [(one["method"], one["path"]) for one in sandbox.requests() if one["method"] != "GET"]
    assert arrived[-1] == ("POST", "/v1/case_lists/bulk")


def test_an_outcome_that_is_found_meanwhile_makes_the_form_old(
    sandbox: Sandbox, as_manager: Browser, as_admin: Browser
) -> None:
    pk = made(as_manager)
    case = outsider(sandbox, pk)
    not_answered(sandbox, as_manager, pk, "attach", apply=True, include_ids=str(case))
    values = opened(as_manager, pk, name="B", decided="on")
    (unknown,) = OpenOperation.objects.all()
    found = {"finding": "applied", "because": "Kayse shows it"}
    assert as_admin.post(f"/audit/{unknown.pk}/resolve/", found).status_code == 303
    answer = as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert answer.status_code == 422
    assert f'1 attached by hand, no longer included: <span class="mono">{case}</span>' in page_of(answer)


def test_a_copy_and_a_change_of_many_keep_the_doubt(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    case = outsider(sandbox, pk)
    not_answered(sandbox, as_manager, pk, "attach", apply=True, include_ids=str(case))
    copy = pk_of(as_manager.post(f"/case-lists/{pk}/duplicate/", form()))
    assert [step.case_ids for step in ledger.known(copy).undecided] == [(case,)]
    assert "include_ids" not in opened(as_manager, copy)
    as_manager.post("/case-lists/many/", form(do="duplicate", pk=[pk], confirmed=str(pk)))
    third = CaseList.objects.latest("pk").pk
    assert third > copy
    assert [step.case_ids for step in ledger.known(third).undecided] == [(case,)]
    text = page_of(as_manager.post("/case-lists/many/", form(do="rename", pk=[pk], put_on="x")))
    assert "Whether 1 change of members was done is not known" in text


def test_what_is_done_again_stops_at_the_first_that_fails(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3"))
    as_manager.post(f"/case-lists/{pk}/clients/remove/", confirmed(client_ids="4"))
    values = opened(as_manager, pk, name="B")
    sandbox.fault("reset_after", method="POST", path=f"/v1/case_lists/{pk}/clients/append")
    before = len(sandbox.requests("POST", "/v1/"))
    response = as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert "Outcome unknown" in page_of(response)
    assert "The list itself was saved." in page_of(response)
    assert len(sandbox.requests("POST", "/v1/")) == before + 2, "the set and the first; not the second"
    again = as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert again.status_code == 303
    assert len(sandbox.requests("POST", "/v1/")) == before + 2


def test_a_checkpoint_is_made_before_the_set(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, include_ids="1 2")
    before = sandbox.members(pk)
    assert save(as_manager, pk, checkpoint="on", include_ids="").status_code == 303
    copy = CaseList.objects.exclude(pk=pk).latest("pk")
    assert sandbox.members(copy.pk) == before
    assert sandbox.members(pk) != before
    text = page_of(as_manager.get(f"/case-lists/{pk}/"))
    assert f'href="/case-lists/{copy.pk}/"' in text
    assert "Checkpoints" in text


def test_a_set_that_is_refused_makes_no_second_checkpoint(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, include_ids="1 2")
    before = sandbox.members(pk)
    sandbox.fault("status", method="POST", path="/v1/case_lists/bulk", status=400)
    response = save(as_manager, pk, checkpoint="on", include_ids="")
    copy = CaseList.objects.latest("pk")
    text = page_of(response)
    assert response.status_code == 422
    assert f"list {copy.pk}" in text
    assert f'href="/case-lists/{copy.pk}/"' in text
    assert "Costs 2 requests" in text
    shown = response.context["form"]
    assert not shown["checkpoint"].value()
    again = {bound.name: bound.value() for bound in shown if bound.value()}
    assert as_manager.post(f"/case-lists/{pk}/edit/", again).status_code == 303
    assert len(sandbox.requests("POST", f"/v1/case_lists/{pk}/duplicate")) == 1
    assert sandbox.members(copy.pk) == before
    assert sandbox.members(pk) != before


def test_a_mark_that_is_set_meanwhile_names_the_checkpoint(
    sandbox: Sandbox, as_manager: Browser, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = made(as_manager, include_ids="1 2")
    values = opened(as_manager, pk, checkpoint="on")
    duplicate = services.duplicate

    def then_marked(*args: Any, **more: Any) -> Any:
        copied = duplicate(*args, **more)
        until = timezone.localdate() + timedelta(days=3)
        in_use.mark(actor, CaseList.objects.get(pk=pk), campaign="Spring calls", until=until)
        return copied

    monkeypatch.setattr(services, "duplicate", then_marked)
    response = as_manager.post(f"/case-lists/{pk}/edit/", values)
    assert response.status_code == 422
    assert f"list {CaseList.objects.latest('pk').pk}" in page_of(response)
    assert not response.context["form"]["checkpoint"].value()
    assert not sandbox.requests("POST", "/v1/case_lists/bulk")


def test_an_old_checkpoint_is_still_offered(sandbox: Sandbox, as_manager: Browser, actor: Actor) -> None:
    pk = made(as_manager, include_ids="1 2")
    save(as_manager, pk, checkpoint="on", name="B")
    copy = CaseList.objects.latest("pk")
    for _ in range(60):
        recorder.fact(
            actor, Action.CASE_LIST_ATTACH, Target("case_list", pk, "B"), payload={"include_ids": [9]}
        )
    text = page_of(as_manager.get(f"/case-lists/{pk}/"))
    assert f'href="/case-lists/{copy.pk}/"' in text.split("Checkpoints")[1]
    as_manager.post(f"/case-lists/{copy.pk}/delete/", form())
    assert "Checkpoints" not in page_of(as_manager.get(f"/case-lists/{pk}/"))


def test_the_parts_of_the_cost_add_up(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3"))
    values = opened(as_manager, pk, checkpoint="on")
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    parts = "the copy, a look at it, the change, 1 done again, a look at the new number of cases."
    assert f"Costs 5 requests: {parts}" in text
    before = len(sandbox.requests(path="/v1/"))
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    assert len(sandbox.requests(path="/v1/")) == before + 5


def test_the_comparison_of_versions_names_types_and_statuses(sandbox: Sandbox, as_manager: Browser) -> None:
    Label.objects.create(kind="case_type", number=31, name="Zantac")
    pk = made(as_manager, statuses=["30"])
    save(as_manager, pk, case_types=["25", "31"], statuses=["35"])
    text = page_of(as_manager.get(f"/case-lists/{pk}/versions/2/"))
    for words in (">30 (no label)</del>", ">35 (no label)</ins>", ">Zantac</ins>"):
        assert words in text, words
    save(as_manager, pk, statuses=[])
    assert ">35 (no label)</del>" in page_of(as_manager.get(f"/case-lists/{pk}/versions/3/"))


def test_without_its_checkpoint_nothing_is_set(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, include_ids="1 2")
    sandbox.fault("status", method="POST", path=f"/v1/case_lists/{pk}/duplicate", status=400)
    response = save(as_manager, pk, checkpoint="on", include_ids="")
    assert response.status_code == 422
    assert not sandbox.requests("POST", "/v1/case_lists/bulk")
    assert 'value="on"' in page_of(response) or "checked" in page_of(response)


def test_an_attach_meanwhile_is_not_lost_silently(
    sandbox: Sandbox, as_manager: Browser, as_admin: Browser
) -> None:
    pk = made(as_manager)
    mine = opened(as_manager, pk, name="Mine")
    as_admin.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="1"))
    response = as_manager.post(f"/case-lists/{pk}/edit/", mine)
    assert response.status_code == 422
    assert "1 attached by hand, no longer included" in page_of(response)


def test_a_version_is_compared_and_brought_back_as_a_new_one(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, statuses=["30"], description="First words")
    first = sandbox.members(pk)
    save(as_manager, pk, statuses=["32"], description="Second words")
    text = page_of(as_manager.get(f"/case-lists/{pk}/versions/2/"))
    for words in ("First words", "Second words", "<del", "<ins", "whose status is"):
        assert words in text, words
    assert "Nothing changed." in page_of(as_manager.get(f"/case-lists/{pk}/versions/2/?with=2"))
    values = opened(as_manager, pk, query="?version=1")
    assert values["reason"] == "Back to version 1"
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    assert sandbox.members(pk) == first
    newest = Version.objects.filter(case_list=pk).latest("number")
    assert (newest.number, newest.reason) == (3, "Back to version 1")
    assert newest.definition == Version.objects.get(case_list=pk, number=1).definition


def test_bringing_a_version_back_names_what_leaves_the_definition(
    sandbox: Sandbox, as_manager: Browser
) -> None:
    pk = made(as_manager)
    first = sandbox.members(pk)
    save(as_manager, pk, statuses=["30"], include_ids="201 202 203", exclude_ids="1 2")
    text = page_of(as_manager.get(f"/case-lists/{pk}/edit/?version=1"))
    for words in (
        '3 included until now, no longer: <span class="mono">201, 202, 203</span>',
        '2 left out until now, no longer: <span class="mono">1, 2</span>',
        "Until now:</strong> Cases of type <strong>25 (no label)</strong> whose status is",
    ):
        assert words in text, words
    unchanged = page_of(as_manager.get(f"/case-lists/{pk}/edit/"))
    assert "until now" not in unchanged.casefold()
    as_manager.post(f"/case-lists/{pk}/edit/", opened(as_manager, pk, query="?version=1"))
    assert sandbox.members(pk) == first


def test_every_version_tells_the_count_before_and_after_it(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, statuses=["30"])
    first = len(sandbox.members(pk))
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3 4"))
    appended = len(sandbox.members(pk))
    save(as_manager, pk, case_types=["25", "31"], statuses=[])
    second = len(sandbox.members(pk))
    as_of = "(as of DAY)"
    found = {}
    for path in ("", "versions/1/", "versions/2/"):
        text = page_of(as_manager.get(f"/case-lists/{pk}/{path}"))
        plain = re.sub(r"<[^>]+>", "", re.sub(r"<time[^>]*>[^<]*</time>", "DAY", text))
        found[path] = plain
    assert f"{appended} cases {as_of} → {second} cases {as_of}" in found["versions/2/"]
    assert f"{appended} cases {as_of} → {second} cases {as_of}" in found[""]
    assert f"{first} cases {as_of}" in found["versions/1/"]
    sandbox.fault("status", method="GET", path="/v1/case_lists", status=500, times=9)
    save(as_manager, pk, name="B")
    assert "→ number of cases not told" in page_of(as_manager.get(f"/case-lists/{pk}/versions/3/"))


def test_what_stays_out_without_a_filter_does_not_come_back(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, include_ids="201", exclude_ids="1 2")
    values = opened(as_manager, pk, case_types=[], include_ids="2 201", exclude_ids="")
    text = page_of(as_manager.post("/case-lists/preview/", {**values, "pk": pk}))
    assert '1 left out until now, no longer: <span class="mono">2</span>' in text


def test_a_version_that_is_none(sandbox: Sandbox, as_manager: Browser, as_auditor: Browser) -> None:
    pk = made(as_manager)
    for path in (
        "edit/?version=9",
        "edit/?version=x",
        "versions/9/",
        "versions/1/?with=9",
        "versions/1/?with=x",
    ):
        assert as_manager.get(f"/case-lists/{pk}/{path}").status_code == 404, path
    assert as_auditor.get(f"/case-lists/{pk}/versions/1/").status_code == 200
    assert Browser().get(f"/case-lists/{pk}/versions/1/").status_code == 303
