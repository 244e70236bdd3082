"""POST /case-lists/<pk>/delete/: delete a list; its cases stay."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from caselists_ui.models import CaseList
from tests.caselists_ui.helpers import form, only_operation, page_of, pk_of, told
from tests.caselists_ui.rules import Rules
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/1/delete/"


class TestDelete(Rules):
    path = "1/delete/"
    valid: dict[str, str] = {}
    method, route, action = "POST", "/v1/case_lists/bulk_delete", "case_list_delete"
    says = ("Delete “", "Costs 1 request.", "cannot be taken back", "btn-danger", "autofocus>Cancel</a>")


def test_the_list_is_gone_and_its_page_says_so(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    response = as_manager.post(URL, form(), follow=True)
    assert response.redirect_chain[0][0] == "/case-lists/"
    assert "“Mass Tort Prospects” (list 1) is deleted." in page_of(response)
    assert CaseList.objects.get(pk=1).gone_at is not None
    assert only_operation().intent.payload == {"ids": [1]}
    text = page_of(as_manager.get("/case-lists/1/"))
    assert "This list is not at Kayse any more" in text
    assert "/case-lists/1/edit/" not in text


def test_the_record_keeps_what_was_known(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    values = form()
    as_manager.post(f"/case-lists/{pk}/delete/", values)
    text = page_of(as_manager.get(f"/case-lists/{pk}/"))
    assert "deleted" in text
    assert "Cases of type 25 (no label) in any status." in text


def test_a_double_click_leads_to_the_lists(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    values = form()
    assert as_manager.post(URL, values)["Location"] == "/case-lists/"
    again = as_manager.post(URL, values)
    assert again.status_code == 303
    assert len(sandbox.requests("POST")) == 1
