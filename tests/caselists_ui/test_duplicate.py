"""POST /case-lists/<pk>/duplicate/: copy a list with its filter and its members."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from caselists_ui import ledger
from caselists_ui.models import CaseList, Version
from tests.caselists_ui.helpers import confirmed, form, only_operation, page_of, pk_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/1/duplicate/"


class TestDuplicate(Rules):
    path = "1/duplicate/"
    valid: dict[str, str] = {}
    method, route, action = "POST", "/v1/case_lists/1/duplicate", "case_list_duplicate"
    says = ("Duplicate “", "Costs 2 requests", "Deleting the copy takes this back.", "autofocus>Cancel</a>")


def test_the_copy_has_the_members(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    response = as_manager.post(URL, form(), follow=True)
    pk = int(response.redirect_chain[0][0].split("/")[2])
    assert sandbox.members(pk) == sandbox.members(1)
    assert "Duplicated as “Mass Tort Prospects (copy)”: 4 cases, as of" in page_of(response)
    copy = CaseList.objects.get(pk=pk)
    assert (copy.name, copy.case_count) == ("Mass Tort Prospects (copy)", 4)
    events = only_operation()
    assert (events.intent.target_id, events.outcome.target_id) == (1, pk)


def test_what_is_known_of_the_list_is_known_of_the_copy(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"], include_ids="1")))
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="2"))
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3"))
    copy = pk_of(as_manager.post(f"/case-lists/{pk}/duplicate/", form()))
    assert Version.objects.get(case_list=copy).reason == f"Copy of list {pk}"
    known = ledger.known(copy)
    assert known.carried is not None
    assert known.carried.selection.include_ids == (1, 2)
    assert [step.client_ids for step in known.beyond] == [(3,)]
    text = page_of(as_manager.get(f"/case-lists/{copy}/"))
    assert "plus <strong>2</strong> picked by hand" in text
    assert "Append all cases of 1 client: 3." in text


def test_of_an_unknown_list_the_copy_is_unknown(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    copy = pk_of(as_manager.post(URL, form()))
    assert not Version.objects.exists()
    assert "Definition not known here" in page_of(as_manager.get(f"/case-lists/{copy}/"))
