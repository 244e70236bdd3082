"""Characters that turn the direction of what follows, in names: they reverse nothing on a page and stay as data."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import form, told
from tests.clients_ui.conftest import edit_fields
from tests.conftest import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TURNING = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("turn", TURNING, ids=[f"U+{ord(turn):X}" for turn in TURNING])
def test_no_page_is_turned(turn: str, sandbox: Sandbox, as_admin: Browser, ana: Client) -> None:
    name = f"{turn}evil"
    told(as_admin)
    assert as_admin.post("/clients/2/edit/", edit_fields(ana, first_name=name)).status_code == 303
    assert sandbox.client(2)["first_name"] == name, "what was typed is what is sent"
    made = as_admin.post("/case-lists/new/", form(name=name, include_ids="1"))
    pages = [
        "/",
        "/clients/",
        "/clients/2/",
        "/clients/2/quick/",
        "/clients/2/delete/",
        "/case-lists/",
        "/audit/",
    ]
    pages += [
        made["Location"],
        *(f"/audit/{one}/" for one in Event.objects.values_list("operation", flat=True)),
    ]
    for url in pages:
        page = as_admin.get(url)
        assert page.status_code == 200
        assert turn not in page.content.decode(), url
        assert int(page.get("Content-Length", len(page.content))) == len(page.content)
    assert "<title>�evil" in as_admin.get("/clients/2/").content.decode()


def test_a_control_holds_what_is_there(sandbox: Sandbox, as_admin: Browser, ana: Client) -> None:
    """Shown otherwise, a form that is opened and saved would change a name that nobody has touched."""
    as_admin.post("/clients/2/edit/", edit_fields(ana, first_name="\u202eevil"))
    page = as_admin.get("/clients/2/edit/").content.decode()
    assert 'value="\u202eevil"' in page
    assert page.count("\u202e") == 1, "nowhere else"
    ana.refresh_from_db()
    as_admin.post("/clients/2/edit/", edit_fields(ana, city="Waco"))
    assert sandbox.client(2)["first_name"] == "\u202eevil"


def test_a_toast_is_not_turned(sandbox: Sandbox, as_admin: Browser, ana: Client) -> None:
    as_admin.post("/clients/2/edit/", edit_fields(ana, first_name="\u202eevil"))
    answer = as_admin.post("/clients/2/delete/", {"operation": str(uuid.uuid4())}, follow=True)
    assert "�evil" in answer.content.decode()
    assert "\u202e" not in answer.content.decode()


def test_marks_that_a_right_to_left_name_needs_stay(sandbox: Sandbox, as_admin: Browser, ana: Client) -> None:
    name = "\u200fאנה\u200e"
    as_admin.post("/clients/2/edit/", edit_fields(ana, first_name=name))
    assert name in as_admin.get("/clients/2/").content.decode()
