"""Which lists name a client's cases: /case-lists/of-client/<pk>/, a part of the client's page and a page."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caselists_ui import naming
from clients_ui import knowledge
from clients_ui.models import Client
from tests.caselists_ui.helpers import confirmed, pk_of, told
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def someone(sandbox: Sandbox) -> Client:
    """A client with cases 5 and 6."""
    client = knowledge.blank(2, timezone.now())
    knowledge.merge(client, {"first_name": "Ana", "case_ids": [5, 6]}, timezone.now())
    client.save()
    return client


def made(browser: Browser, name: str, **values: Any) -> int:
    """A list that is made here."""
    return pk_of(browser.post("/case-lists/new/", confirmed(name=name, **values)))


def names(found: naming.Naming) -> dict[int, tuple[list[str], list[str]]]:
    return {
        one.case_id: ([each.name for each in one.lists], [each.name for each in one.left_out])
        for one in found.cases
    }


def test_what_was_defined_and_attached_here(
    as_manager: Browser, as_paralegal: Browser, sandbox: Sandbox, someone: Client
) -> None:
    picked = made(as_manager, "Picked", include_ids="5, 9")
    made(as_manager, "Left out", case_types=["25"], exclude_ids="6")
    other = made(as_manager, "Other", include_ids="77")
    as_manager.post(f"/case-lists/{other}/attach/", confirmed(include_ids="6"))
    as_manager.post(f"/case-lists/{picked}/detach/", confirmed(include_ids="5"))
    before = len(sandbox.requests())
    found = naming.of_client(2, [5, 6])
    assert names(found) == {5: ([], ["Picked"]), 6: (["Other"], ["Left out"])}
    page = as_paralegal.get("/case-lists/of-client/2/")
    part = as_paralegal.get("/case-lists/of-client/2/", headers={"HX-Request": "true"})
    for answer in (page, part):
        assert "6 : Other" in text_of(answer)
        assert "Kayse does not tell who is on them" in text_of(answer)
    assert "<html" not in part.text
    assert len(sandbox.requests()) == before


def test_an_appended_client(as_manager: Browser, sandbox: Sandbox, someone: Client) -> None:
    told(as_manager)
    assert naming.of_client(2, []).appended == ()
    as_manager.post("/case-lists/1/clients/append/", confirmed(client_ids="2, 3"))
    assert [one.pk for one in naming.of_client(2, []).appended] == [1]
    as_manager.post("/case-lists/1/clients/remove/", confirmed(client_ids="2"))
    assert naming.of_client(2, []).appended == ()
    assert [one.pk for one in naming.of_client(3, []).appended] == [1]


def test_a_change_whose_outcome_is_unknown(as_manager: Browser, sandbox: Sandbox, someone: Client) -> None:
    by_case, by_client = made(as_manager, "By case", include_ids="9"), made(as_manager, "By client")
    sandbox.fault("status", method="PATCH", path="/v1/case_lists", status=500, apply=True)
    as_manager.post(f"/case-lists/{by_case}/attach/", confirmed(include_ids="5"))
    sandbox.fault("status", path=f"/v1/case_lists/{by_client}/clients", status=500, apply=True)
    as_manager.post(f"/case-lists/{by_client}/clients/append/", confirmed(client_ids="2"))
    found = naming.of_client(2, [5, 6])
    assert names(found) == {5: ([], []), 6: ([], [])}
    assert found.appended == ()
    assert [one.pk for one in found.perhaps] == [by_case, by_client]
    text = text_of(as_manager.get("/case-lists/of-client/2/"))
    assert "Perhaps changed, outcome unknown: By case , By client" in text


def test_queries_do_not_grow_with_cases_and_lists(
    as_manager: Browser, sandbox: Sandbox, someone: Client
) -> None:
    def count(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as asked:
            naming.of_client(2, ids)
        return len(asked)

    made(as_manager, "One", include_ids="5")
    few = count([5])
    for number in range(3):
        made(as_manager, f"More {number}", include_ids="5")
    assert count([5, 6, 7, 8]) <= few


def test_the_clients_page_leads_there(as_paralegal: Browser, someone: Client) -> None:
    assert 'href="/case-lists/of-client/2/"' in as_paralegal.get("/clients/2/").text
    Client.objects.update(case_ids=[])
    assert 'href="/case-lists/of-client/2/"' not in as_paralegal.get("/clients/2/").text


def test_access(client: Browser, as_nobody: Browser, as_manager: Browser) -> None:
    assert client.get("/case-lists/of-client/2/").headers["Location"].startswith("/sign-in/")
    assert as_nobody.get("/case-lists/of-client/2/").status_code == 403
    assert as_manager.get("/case-lists/of-client/987654/").status_code == 404
    assert as_manager.post("/case-lists/of-client/2/").status_code == 405
