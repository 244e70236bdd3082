"""POST /case-lists/<pk>/detach/: take cases off a list."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/1/detach/"


class TestDetach(Rules):
    path = "1/detach/"
    valid = {"include_ids": "5, 6, 7", "confirmed": "yes"}
    method, route, action = "PATCH", "/v1/case_lists/1/detach", "case_list_detach"
    says = (
        "Detach 3 cases from",
        "<strong>3</strong> cases picked by hand.",
        "Everyone on this list may be called.",
        "Costs 2 requests",
        "Attaching the same cases puts them back",
        "btn-danger",
        "autofocus>Cancel</a>",
    )


def test_cases_are_detached_and_counted(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    before = sandbox.members(1)
    response = as_manager.post(URL, confirmed(include_ids=f"{before[0]} 999999"), follow=True)
    assert sandbox.members(1) == before[1:]
    assert "Detached: 4 → 3 cases, as of" in page_of(response)
    assert only_operation().intent.payload == {"include_ids": [before[0], 999999]}


def test_by_filter(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert as_manager.post(URL, confirmed(other_types="25")).status_code == 303
    types = {case["id"]: case["case_type_id"] for case in sandbox.http.get("/_sandbox/cases").json()["cases"]}
    assert all(types[number] != 25 for number in sandbox.members(1))


def test_nothing_chosen_is_refused(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    response = as_manager.post(URL, form())
    assert response.status_code == 422
    assert "Choose a filter, or paste the ids of cases." in page_of(response)
    no_operation()
