"""POST /case-lists/<pk>/attach/: put cases on a list."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import services
from caselists_ui.known import Step
from caselists_ui.models import CaseList, Reading
from clients_ui import directory
from clients_ui.cases import clients_of
from clients_ui.models import Client
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
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
    assert "Attach: 2 cases picked by hand: 5, 6." in text
    assert "attached 2 cases to this list" in text


def test_the_service_asks_for_the_role_itself(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    nobody = Actor(id=1, name="x", capabilities=frozenset({"lists_view"}))
    lists, operation = CaseList.objects.get(pk=1), uuid.uuid4()
    step = Step(Action.CASE_LIST_ATTACH, {"include_ids": [1]})
    with pytest.raises(PermissionDenied):
        services.change_members(nobody, lists, step, operation=operation)
    no_operation()


def test_the_question_names_whose_cases_they_are(
    sandbox: Sandbox, as_manager: Browser, cases: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told(as_manager)
    mine = [case for case in cases if case["client_ids"]][:14]
    at = timezone.now()
    for pk in sorted({case["client_ids"][0] for case in mine[:12]}):
        own = [case["id"] for case in mine[:12] if case["client_ids"][0] == pk]
        Client.objects.create(pk=pk, first_name="Zoë", last_name=f"<i>Number {pk}", case_ids=own, told_at=at)
    Client.objects.create(pk=900_001, first_name="Gone", case_ids=[mine[0]["id"]], told_at=at, gone_at=at)
    values = {"include_ids": " ".join(str(case["id"]) for case in mine)}
    text = page_of(as_manager.post(URL, form(**values)))
    assert text.count("Zoë &lt;i&gt;Number") == 10, "10 samples"
    assert f"Number {mine[0]['client_ids'][0]}, case {mine[0]['id']}" in text
    assert "and more" in text
    assert "Gone" not in text
    text = page_of(as_manager.post("/case-lists/1/detach/", form(include_ids="999999")))
    assert "None of these cases belongs to a client who is known here." in text
    assert "known here" not in page_of(as_manager.post(URL, form(case_types=["31"]))), (
        "a filter names no case"
    )
    monkeypatch.setattr("clients_ui.cases.MOST_KNOWN", 3)
    directory.forget_count()
    assert "not looked up among more than 3 clients" in page_of(as_manager.post(URL, form(**values)))


def test_ten_thousand_cases_are_looked_up_at_once(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    Client.objects.create(pk=1, first_name="Ann", case_ids=[9_999, 2**63 - 1], told_at=timezone.now())
    ids = [*range(1, 10_000), 2**63 - 1]
    found = clients_of(ids, 10)
    assert found is not None
    assert [(case, client.pk) for case, client in found] == [(9_999, 1), (2**63 - 1, 1)]
