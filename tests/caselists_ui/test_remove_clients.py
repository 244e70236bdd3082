"""POST /case-lists/<pk>/clients/remove/: take all cases of some clients off a list."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from tests.caselists_ui.helpers import confirmed, form, no_operation, only_operation, page_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/1/clients/remove/"


class TestRemoveClients(Rules):
    path = "1/clients/remove/"
    valid = {"client_ids": "3, 4", "confirmed": "yes"}
    method, route, action = "POST", "/v1/case_lists/1/clients/remove", "case_list_remove_clients"
    says = (
        "Remove all cases of 2 clients from",
        "Everyone on this list may be called.",
        "2 of the clients are not known here.",
        "Costs 2 requests",
        "Appending the same clients puts all of their cases on the list",
        "autofocus>Cancel</a>",
    )


def cases_of(sandbox: Sandbox, *clients: int) -> set[int]:
    """The cases of these clients."""
    cases = sandbox.http.get("/_sandbox/cases").json()["cases"]
    return {case["id"] for case in cases if set(case["client_ids"]) & set(clients)}


def test_their_cases_are_off_the_list(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    members = sandbox.members(1)
    cases = {case["id"]: case for case in sandbox.http.get("/_sandbox/cases").json()["cases"]}
    client = cases[members[0]]["client_ids"][0]
    response = as_manager.post(URL, confirmed(client_ids=str(client)), follow=True)
    left = set(members) - cases_of(sandbox, client)
    assert set(sandbox.members(1)) == left
    assert f"4 → {len(left)} case" in page_of(response)
    assert only_operation().intent.payload == {"client_ids": [client]}


def test_clients_that_are_known_here_are_named(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    Client.objects.create(id=3, first_name="Ana", last_name="García", told_at="2026-01-01T00:00:00Z")
    assert "Ana García" in page_of(as_manager.post(URL, form(client_ids="3")))


@pytest.mark.parametrize("text", ["", "x", "0", str(2**63), "1 \0"])
def test_bad_input_is_refused(sandbox: Sandbox, as_manager: Browser, text: str) -> None:
    told(as_manager)
    values: dict[str, Any] = {"client_ids": text}
    assert as_manager.post(URL, confirmed(**values)).status_code == 422
    no_operation()
