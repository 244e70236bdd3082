"""The quick view of a client: /clients/<pk>/quick/, a panel under htmx and a page without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def test_a_panel_and_a_page(as_manager: Browser, sandbox: Sandbox, ana: Client) -> None:
    panel = as_manager.get(f"/clients/{ana.pk}/quick/", headers=HTMX)
    page = as_manager.get(f"/clients/{ana.pk}/quick/")
    for told in (panel, page):
        assert ana.name in text_of(told)
        assert "(210) 555-0199" in text_of(told)
        assert f'href="/clients/{ana.pk}/"' in told.text
    assert "<html" in page.text
    assert "<html" not in panel.text
    assert sandbox.requests() == []


def test_who_may_not_edit_is_not_led_there(as_manager: Browser, as_paralegal: Browser, ana: Client) -> None:
    address = f"/clients/{ana.pk}/quick/"
    assert f"/clients/{ana.pk}/edit/" not in as_manager.get(address).text
    assert f"/clients/{ana.pk}/edit/" in as_paralegal.get(address).text


def test_what_must_not_be_missed(as_manager: Browser, ana: Client) -> None:
    Client.objects.update(
        voice_calls_opted_out=True, gone_at=timezone.now(), lost={"city": {"was": "x", "at": 1}}
    )
    words = text_of(as_manager.get(f"/clients/{ana.pk}/quick/"))
    for said in ("Do not call", "Deleted at Kayse", "Kayse has emptied fields"):
        assert said in words


def test_the_list_leads_there(as_manager: Browser, ana: Client) -> None:
    page = as_manager.get("/clients/").text
    assert f'href="/clients/{ana.pk}/quick/" data-quick' in page
    assert "data-edit" not in page


def test_it_costs_few_queries(
    as_manager: Browser, ana: Client, queries: Callable[[Browser, str], int]
) -> None:
    assert queries(as_manager, f"/clients/{ana.pk}/quick/") <= queries(as_manager, f"/clients/{ana.pk}/") - 2


def test_access(client: Browser, as_nobody: Browser, as_manager: Browser, ana: Client) -> None:
    address = f"/clients/{ana.pk}/quick/"
    assert client.get(address).headers["Location"].startswith("/sign-in/")
    assert as_nobody.get(address).status_code == 403
    assert as_manager.post(address).status_code == 405
    assert as_manager.get("/clients/987654/quick/").status_code == 404
