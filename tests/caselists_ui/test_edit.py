"""POST /case-lists/<pk>/edit/: set a list anew."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client as Browser

from caselists_ui import ledger
from caselists_ui.models import CaseList, Version
from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, pk_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


class TestEditOfAListFromElsewhere(Rules):
    path = "1/edit/"
    valid = {"name": "Mass Tort Prospects", "other_types": "25", "understood": "on"}
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


def opened(browser: Browser, pk: int, **changes: Any) -> dict[str, Any]:
    """The form of the edit page as it opens, filled in with changes."""
    page = browser.get(f"/case-lists/{pk}/edit/").context["form"]
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
    assert "stay out" in text
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
    assert "Append all cases of 2 clients." in text


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
    assert "Somebody saved version 2 of this list while the form was open." in text
    assert "My words" in text
    assert CaseList.objects.get(pk=pk).name == "Theirs"
    again = {**mine, "version": response.context["form"]["version"].value()}
    assert as_manager.post(f"/case-lists/{pk}/edit/", again).status_code == 303


def test_an_unknown_definition_is_set_only_when_somebody_asks(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    response = as_manager.post("/case-lists/1/edit/", form(name="B", other_types="25"))
    assert response.status_code == 422
    assert "Say that you understand this" in page_of(response)
    no_operation()


def test_a_rename_of_an_unknown_definition_sends_no_filter(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    text = page_of(as_manager.get("/case-lists/1/edit/"))
    assert "The filter stays as it is at Kayse, and is not known here." in text
    assert "attached by hand are probably lost" in text
    before = sandbox.members(1)
    response = as_manager.post("/case-lists/1/edit/", form(name="B", understood="on"))
    assert response.status_code == 303
    assert sent(sandbox) == {"id": 1, "name": "B"}
    assert set(sandbox.members(1)) < set(before), "what was attached by hand is lost, as the page said"
    assert not Version.objects.exists()
    assert "Definition not known here" in page_of(as_manager.get("/case-lists/1/"))


def test_after_a_set_the_definition_is_known(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    as_manager.post("/case-lists/1/edit/", form(name="B", include_ids="5 6", understood="on"))
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
        ({"version": "x"}, "Enter a whole number."),
        ({"version": "9" * 5_000}, "Enter a whole number"),
        ({"version": "7"}, "Somebody saved version 1"),
    ):
        response = save(as_manager, pk, description="Kept", **changes)
        assert response.status_code == 422, changes
        assert words in page_of(response), changes
        assert "Kept" in page_of(response)
    assert len(sandbox.requests(path="/v1/")) == before


def test_the_record_tells_before_and_after(sandbox: Sandbox, as_manager: Browser, people: Any) -> None:
    told(as_manager)
    as_manager.post("/case-lists/1/edit/", form(name="B", other_types="25", understood="on"))
    events = only_operation()
    assert events.intent.before == {
        "name": "Mass Tort Prospects",
        "description": CaseList.objects.get(pk=1).description,
    }
    assert events.outcome.after["in_words"] == "Cases of type 25 (no label) in any status."
    page = signed_in(people["auditor"]).get(f"/audit/{events.intent.operation}/")
    assert page.status_code == 200
    assert "Cases of type 25 (no label) in any status." in page_of(page)
