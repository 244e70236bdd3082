"""POST /case-lists/<pk>/clients/append/: put all cases of some clients on a list."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/1/clients/append/"


class TestAppendClients(Rules):
    path = "1/clients/append/"
    valid = {"client_ids": "3, 4", "confirmed": "yes"}
    method, route, action = "POST", "/v1/case_lists/1/clients/append", "case_list_append_clients"
    says = (
        "Append all cases of 2 clients to",
        "Everyone on this list may be called.",
        "2 of the clients are not known here.",
        "Costs 2 requests",
        "Removing the same clients takes all of their cases off",
        "autofocus>Cancel</a>",
    )


def cases_of(sandbox: Sandbox, *clients: int) -> set[int]:
    """The cases of these clients."""
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    return {case["id"] for case in cases if set(case["client_ids"]) & set(clients)}


def test_their_cases_are_on_the_list(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    before, theirs = set(sandbox.members(1)), cases_of(sandbox, 3, 4)
    assert theirs
    response = as_manager.post(URL, confirmed(client_ids="3 4 4"), follow=True)
    after = before | theirs
    assert set(sandbox.members(1)) == after
    matched = f"{len(theirs)} case{'' if len(theirs) == 1 else 's'} matched, 4 → {len(after)} cases"
    assert f"Appended: {matched}" in page_of(response)
    events = only_operation()
    assert events.intent.payload == {"client_ids": [3, 4]}
    assert events.outcome.answer["matched_case_count"] == len(theirs)
    assert "Append all cases of 2 clients: 3, 4." in page_of(as_manager.get("/case-lists/1/"))


def test_clients_that_are_known_here_are_named(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    for pk in range(3, 16):
        Client.objects.create(
            id=pk, first_name=f"<b>Ana{pk}</b>", last_name="García", told_at="2026-01-01T00:00:00Z"
        )
    text = page_of(as_manager.post(URL, form(client_ids=" ".join(map(str, range(3, 17))))))
    assert "&lt;b&gt;Ana3&lt;/b&gt; García" in text
    assert text.count("García") == 10
    assert "and more" in text
    assert "1 of the clients is not known here." in text


def test_a_selection_of_clients_comes_with_the_address(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert ">3, 4</textarea>" in page_of(as_manager.get(URL, {"client_ids": "3, 4"})).replace("\n", "")


REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "This field is required."),
    ({"client_ids": " , "}, "This field is required."),
    ({"client_ids": "x"}, "Not understood"),
    ({"client_ids": "0"}, "Not understood"),
    ({"client_ids": str(2**63)}, "Not understood"),
    ({"client_ids": "1e3 \u0663"}, "Not understood"),
    ({"client_ids": " ".join(map(str, range(1, 502)))}, "at most 500 go into one request"),
]


def test_bad_input_is_refused(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    for values, words in REFUSED:
        response = as_manager.post(URL, confirmed(**values))
        assert response.status_code == 422, values
        assert words in page_of(response), values
    no_operation()
