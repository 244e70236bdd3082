"""POST /case-lists/new/: make a list."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from caselists_ui.models import CaseList, Version
from kayse_admin.accounts.models import User
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import form, no_operation, only_operation, page_of, pk_of
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db
URL = "/case-lists/new/"


def sent(sandbox: Sandbox) -> dict[str, Any]:
    """The body of the one create that arrived."""
    (request,) = sandbox.requests("POST", "/v1/case_lists")
    body: dict[str, Any] = (
        json.loads(request["body"]) if isinstance(request["body"], str) else request["body"]
    )
    return body


def test_a_list_is_made(sandbox: Sandbox, as_manager: Browser) -> None:
    values = form(
        name="Roundup, signed",
        description="Everybody who signed",
        external_source="crm",
        external_source_id="7",
        case_types=["25"],
        statuses=["30", "32"],
        include_ids="CASE-101, 102\n102",
        exclude_ids="5",
        other_keys='{"x": {"y": [1, 2.5, null]}}',
        reason="For the spring campaign",
    )
    pk = pk_of(as_manager.post(URL, values))
    assert sent(sandbox) == {
        "name": "Roundup, signed",
        "description": "Everybody who signed",
        "external_source": "crm",
        "external_source_id": "7",
        "filter": {"case_type_ids": [25], "status_ids": [30, 32], "x": {"y": [1, 2.5, None]}},
        "include_ids": [101, 102],
        "exclude_ids": [5],
    }
    told = only_operation()
    assert (told.intent.action, told.outcome.result) == (Action.CASE_LIST_CREATE, "applied")
    assert (told.intent.target_id, told.outcome.target_id) == (None, pk)
    assert told.intent.payload == sent(sandbox)
    assert told.intent.reason == "For the spring campaign"
    assert told.outcome.after["in_words"].endswith("plus 2 picked by hand, minus 1.")
    kept = CaseList.objects.get(pk=pk)
    assert (kept.name, kept.case_count) == ("Roundup, signed", len(sandbox.members(pk)))
    version = Version.objects.get(case_list=pk)
    assert (version.number, version.author_name, version.reason) == (
        1,
        "Max Manager",
        "For the spring campaign",
    )
    assert len(sandbox.requests(path="/v1/")) == 1


def test_the_page_after_it_says_what_is_known(sandbox: Sandbox, as_manager: Browser) -> None:
    response = as_manager.post(URL, form(name="Static", include_ids="1 2 3"), follow=True)
    text = page_of(response)
    assert "List created: 3 cases." in text
    assert "<strong>3</strong> cases picked by hand." in text
    assert "Static" in text


def test_ids_without_a_filter_travel_with_an_empty_one(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post(URL, form(name="Static", include_ids="1 2 3")))
    assert sent(sandbox) == {"name": "Static", "filter": {}, "include_ids": [1, 2, 3]}
    assert sandbox.members(pk) == [1, 2, 3]


@pytest.mark.parametrize(("chosen", "told"), [("yes", {"is_obo": True}), ("no", {"is_obo": False}), ("", {})])
def test_on_behalf_of_is_sent_only_when_it_is_chosen(
    sandbox: Sandbox, as_manager: Browser, chosen: str, told: dict[str, Any]
) -> None:
    pk_of(as_manager.post(URL, form(name="x", is_obo=chosen)))
    assert sent(sandbox) == {"name": "x", **told}


@pytest.mark.parametrize("answers", ["full", "sparse"])
def test_a_sparse_answer_loses_nothing(sandbox: Sandbox, as_manager: Browser, answers: str) -> None:
    sandbox.switch(answers=answers)
    pk = pk_of(as_manager.post(URL, form(name="x", description="y", case_types=["25"])))
    kept = CaseList.objects.get(pk=pk)
    assert (kept.name, kept.description) == ("x", "y")


LONG = "x" * 300
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "This field is required."),
    ({"name": "   "}, "This field is required."),
    ({"name": LONG}, "at most 255 characters"),
    ({"name": "a\0b"}, "Null characters are not allowed."),
    ({"name": "x", "description": "d" * 5_001}, "at most 5000 characters"),
    ({"name": "x", "include_ids": "12 abc 0"}, "Not understood: “abc”, “0”."),
    ({"name": "x", "include_ids": str(2**63)}, "Not understood"),
    ({"name": "x", "include_ids": "9" * 400}, "Not understood"),
    ({"name": "x", "include_ids": "\u0663"}, "Not understood"),
    ({"name": "x", "include_ids": "1e3"}, "Not understood"),
    ({"name": "x", "include_ids": "007"}, "Not understood"),
    ({"name": "x", "include_ids": "1\0"}, "Not understood"),
    ({"name": "x", "exclude_ids": "5"}, "Cases can only be left out of a filter"),
    ({"name": "x", "other_keys": "{"}, "This is not JSON"),
    ({"name": "x", "other_keys": "[1]"}, "JSON object"),
    ({"name": "x", "other_keys": '{"case_type_ids": [1]}'}, "field of its own"),
    ({"name": "x", "other_keys": '{"a": "\\u0000"}'}, "cannot be stored"),
    ({"name": "x", "case_types": ["0"]}, "Select a valid choice"),
    ({"name": "x", "case_types": ["abc"]}, "Select a valid choice"),
    ({"name": "x", "statuses": [str(2**63)]}, "Select a valid choice"),
    ({"name": "x", "other_types": "x"}, "Not understood"),
    ({"name": "x", "is_obo": "maybe"}, "Select a valid choice"),
    ({"name": "x", "reason": LONG}, "at most 200 characters"),
    ({"name": "x", "operation": ""}, "This form is out of date"),
    ({"name": "x", "operation": "no-uuid"}, "This form is out of date"),
    (
        {"name": "x", "include_ids": " ".join(map(str, range(1, 10_003)))},
        "at most 10,000 go into one request",
    ),
]


def test_bad_input_is_refused_at_its_field_and_nothing_is_lost(sandbox: Sandbox, as_manager: Browser) -> None:
    for values, words in REFUSED:
        response = as_manager.post(URL, form(**{"description": "Kept as typed", **values}))
        text = page_of(response)
        assert response.status_code == 422, values
        assert words in text.replace("&#x27;", "'"), values
        assert "Kept as typed" in text or "description" in values
    assert sandbox.requests(path="/v1/") == []
    no_operation()


def test_ten_megabytes_are_refused(sandbox: Sandbox, as_manager: Browser) -> None:
    assert as_manager.post(URL, form(name="x", include_ids="1" * 10_000_000)).status_code == 413
    no_operation()


def test_the_vendors_no_is_told_and_the_form_stays(sandbox: Sandbox, as_manager: Browser) -> None:
    values = form(name="Kept", case_types=["25"], include_ids="101")
    sandbox.fault("status", method="POST", path="/v1/case_lists", status=400, message="The name is too odd.")
    response = as_manager.post(URL, values)
    text = page_of(response)
    assert response.status_code == 422
    assert "Kayse says: The name is too odd." in text
    assert 'value="Kept"' in text
    assert values["operation"] not in text, "an operation id is used once"
    assert only_operation().outcome.result == "rejected"
    assert not CaseList.objects.exists()


def test_a_vendor_that_is_away_leaves_the_form(as_manager: Browser) -> None:
    response = as_manager.post(URL, form(name="Kept", include_ids="101"))
    text = page_of(response)
    assert response.status_code == 503
    assert "Nothing was sent" in text
    assert 'value="Kept"' in text
    assert only_operation().outcome.result == "not_sent"


def test_a_spent_hour_says_until_when(sandbox: Sandbox, as_manager: Browser) -> None:
    sandbox.fault("status", method="POST", path="/v1/case_lists", status=429)
    response = as_manager.post(URL, form(name="Kept"))
    assert response.status_code == 429
    assert "It can be sent again at" in page_of(response)
    assert only_operation().outcome.result == "rate_limited"


def test_a_double_click_makes_one_list(sandbox: Sandbox, as_manager: Browser) -> None:
    values = form(name="Once")
    first, second = pk_of(as_manager.post(URL, values)), as_manager.post(URL, values, follow=True)
    assert "This was done already" in page_of(second)
    assert second.redirect_chain[0][0] == f"/case-lists/{first}/"
    assert len(sandbox.requests("POST", "/v1/")) == 1
    only_operation()


def test_an_unknown_outcome_stays_and_is_never_sent_again(sandbox: Sandbox, as_manager: Browser) -> None:
    values = form(name="Perhaps")
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    response = as_manager.post(URL, values)
    assert response.status_code == 200
    assert "Outcome unknown" in page_of(response)
    assert "does not send it again" in page_of(response)
    again = as_manager.post(URL, values)
    assert "This form was sent before" in page_of(again)
    assert len(sandbox.requests("POST", "/v1/")) == 1
    assert only_operation().outcome.result == "unknown"
    assert not CaseList.objects.exists()


def test_an_operation_of_another_kind_is_not_taken_over(sandbox: Sandbox, as_manager: Browser) -> None:
    values = form(name="Once")
    pk = pk_of(as_manager.post(URL, values))
    answer = as_manager.post(f"/case-lists/{pk}/duplicate/", {"operation": values["operation"]})
    assert answer.status_code == 303
    assert len(sandbox.requests("POST", "/v1/")) == 1


def test_scripts_stay_text(sandbox: Sandbox, as_manager: Browser) -> None:
    name = "<script>alert(1)</script>{% now 'Y' %}"
    response = as_manager.post(URL, form(name=name), follow=True)
    text = page_of(response)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "{% now" in text


def test_the_role_is_needed(sandbox: Sandbox, people: dict[str, User]) -> None:
    for who in ("paralegal", "auditor", "nobody"):
        browser = signed_in(people[who])
        assert browser.get(URL).status_code == 403
        assert browser.post(URL, form(name="x")).status_code == 403
    assert sandbox.requests(path="/v1/") == []
    no_operation()


def test_sign_in_is_needed(sandbox: Sandbox, people: object) -> None:
    assert Browser().post(URL, form(name="x"))["Location"].startswith("/sign-in/")
    assert sandbox.requests(path="/v1/") == []


def test_other_methods_are_refused(as_manager: Browser) -> None:
    assert as_manager.put(URL).status_code == 405
    assert as_manager.delete(URL).status_code == 405


def test_the_form_costs_nothing(sandbox: Sandbox, as_manager: Browser) -> None:
    text = page_of(as_manager.get(URL))
    assert "Costs 1 request." in text
    assert sandbox.requests(path="/v1/") == []
    no_operation()


def test_every_form_has_its_own_operation(as_manager: Browser) -> None:
    found = {str(as_manager.get(URL).context["form"]["operation"].value()) for _ in range(2)}
    assert len({uuid.UUID(one) for one in found}) == 2


def test_nothing_is_sent_without_an_intent(sandbox: Sandbox, as_manager: Browser, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Event, "save", full)
    with pytest.raises(OSError, match="disk full"):
        as_manager.post(URL, form(name="x"))
    assert sandbox.requests(path="/v1/") == []
