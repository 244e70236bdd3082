"""POST /case-lists/<pk>/attach/: put cases on a list."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser

from caselists_ui import services
from caselists_ui.definition import Selection
from caselists_ui.models import CaseList, Reading
from kayse_admin.actors import Actor
from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/case-lists/1/attach/"


class TestAttach(Rules):
    path = "1/attach/"
    valid = {"include_ids": "5, 6", "confirmed": "yes"}
    method, route, action = "PATCH", "/v1/case_lists/1/attach", "case_list_attach"
    says = (
        "Attach 2 cases to",
        "<strong>2</strong> cases picked by hand.",
        "Everyone on this list may be called.",
        "Costs 2 requests",
        "Detaching the same cases takes them off again",
        "autofocus>Cancel</a>",
    )


@pytest.fixture
def cases(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every case of the sandbox."""
    found: list[dict[str, Any]] = sandbox.http.get("/_sandbox/cases").json()["cases"]
    return found


def outside(sandbox: Sandbox, cases: list[dict[str, Any]], many: int) -> list[int]:
    """Cases that are not on list 1."""
    members = set(sandbox.members(1))
    return [case["id"] for case in cases if case["id"] not in members][:many]


def test_cases_are_attached_and_counted_once(
    sandbox: Sandbox, as_manager: Browser, cases: list[dict[str, Any]]
) -> None:
    told(as_manager)
    before, ids = sandbox.members(1), outside(sandbox, cases, 3)
    response = as_manager.post(URL, confirmed(include_ids="\n".join(f"CASE-{n}" for n in ids)), follow=True)
    assert sandbox.members(1) == sorted([*before, *ids])
    assert "Attached: 4 → 7 cases, as of" in page_of(response)
    events = only_operation()
    assert events.intent.payload == {"include_ids": ids}
    reading = Reading.objects.get(operation=events.intent.operation)
    assert (reading.case_count, reading.moved_outside) == (7, False)
    requests = [one["method"] for one in sandbox.requests(path="/v1/")]
    assert requests == ["GET", "PATCH", "GET"], "the index, the change, the count"
    assert "Case lists" in page_of(as_manager.get("/case-lists/"))
    assert len(sandbox.requests(path="/v1/")) == 3, "the count serves the index too"


def test_by_filter_with_ids_and_exceptions(
    sandbox: Sandbox, as_manager: Browser, cases: list[dict[str, Any]]
) -> None:
    told(as_manager)
    matching = [case["id"] for case in cases if case["case_type_id"] == 31]
    other = next(case["id"] for case in cases if case["case_type_id"] != 31)
    before = set(sandbox.members(1))
    values = {"case_types": ["31"], "include_ids": str(other), "exclude_ids": str(matching[0])}
    question = page_of(as_manager.post(URL, form(**values)))
    assert "Attach the cases that match to" in question
    assert "cannot be taken back exactly" in question
    assert as_manager.post(URL, confirmed(**values)).status_code == 303
    assert set(sandbox.members(1)) == (before | set(matching) | {other}) - ({matching[0]} - before)
    (request,) = sandbox.requests("PATCH")
    body = request["body"] if isinstance(request["body"], dict) else json.loads(request["body"])
    assert body == {"filter": {"case_type_ids": [31]}, "include_ids": [other], "exclude_ids": [matching[0]]}


def test_above_a_hundred_the_number_is_typed(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    ids = " ".join(str(number) for number in range(1, 102))
    question = page_of(as_manager.post(URL, form(include_ids=ids)))
    assert "Type 101 to confirm" in question
    for typed in ({}, {"confirm": "100"}, {"confirm": "x"}):
        response = as_manager.post(URL, confirmed(include_ids=ids, **typed))
        assert response.status_code == 422
        assert "Type 101 to confirm that you mean 101 cases." in page_of(response)
    no_operation()
    assert as_manager.post(URL, confirmed(include_ids=ids, confirm=" 101 ")).status_code == 303


REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "Choose a filter, or paste the ids of cases."),
    ({"include_ids": "abc"}, "Not understood"),
    ({"include_ids": "0"}, "Not understood"),
    ({"include_ids": str(2**63)}, "Not understood"),
    ({"include_ids": "\u0663"}, "Not understood"),
    ({"include_ids": "1\0 2"}, "Not understood"),
    ({"include_ids": "5", "exclude_ids": "6"}, "Cases can only be left out of a filter"),
    ({"exclude_ids": "6"}, "Cases can only be left out of a filter"),
    ({"other_keys": '{"case_type_ids": [1]}'}, "field of its own"),
    ({"case_types": ["x"]}, "Select a valid choice"),
]


def test_bad_input_is_refused(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    for values, words in REFUSED:
        for extra in ({}, {"confirmed": "yes"}):
            response = as_manager.post(URL, form(**values, **extra))
            assert response.status_code == 422, values
            assert words in page_of(response), values
    assert sandbox.requests("PATCH") == []
    no_operation()


def test_a_count_that_cannot_be_read_does_not_undo_the_change(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    sandbox.fault("status", method="GET", path="/v1/case_lists", status=400)
    response = as_manager.post(URL, confirmed(include_ids="5"), follow=True)
    assert "Attached. The new number of cases could not be read." in page_of(response)
    assert only_operation().outcome.result == "applied"
    assert CaseList.objects.get(pk=1).case_count == 4


def test_the_list_then_says_what_was_attached(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    as_manager.post(URL, confirmed(include_ids="5 6"))
    text = page_of(as_manager.get("/case-lists/1/"))
    assert "Attach: 2 cases picked by hand." in text
    assert "attached 2 cases to this list" in text


def test_the_service_asks_for_the_role_itself(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    nobody = Actor(id=1, name="x", capabilities=frozenset({"lists_view"}))
    lists, operation = CaseList.objects.get(pk=1), uuid.uuid4()
    with pytest.raises(PermissionDenied):
        services.attach(nobody, lists, Selection(include_ids=(1,)), operation=operation)
    no_operation()
