"""What somebody sees of an answer that has no place on a page: never its body, never a tag of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import confirmed, form, told
from tests.clients_ui.conftest import edit_fields, new_fields
from tests.conftest import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PLANTED = '<script>alert("planted")</script><h1>planted</h1>'

#: What somebody does: the method and the path of the request that goes wrong, the page, the form.
DOINGS: dict[str, tuple[str, str, str, Callable[[Client], dict[str, Any]]]] = {
    "create a client": ("POST", "/v1/clients", "/clients/new/", lambda ana: new_fields()),
    "save a client": ("PUT", "/v1/clients", "/clients/2/edit/", lambda ana: edit_fields(ana, city="Waco")),
    "read before saving": ("GET", "/v1/clients", "/clients/2/edit/", lambda ana: edit_fields(ana, city="Waco")),
    "look again": ("GET", "/v1/clients", "/clients/2/refresh/", lambda ana: {}),
    "delete a client": ("DELETE", "/v1/clients", "/clients/2/delete/", lambda ana: form()),
    "create a list": ("POST", "/v1/case_lists", "/case-lists/new/", lambda ana: form(name="New", include_ids="1")),
    "attach": ("PATCH", "/v1/case_lists", "/case-lists/1/attach/", lambda ana: confirmed(include_ids="1")),
    "append": ("POST", "/v1/case_lists/1", "/case-lists/1/clients/append/", lambda ana: confirmed(client_ids="2")),
    "duplicate": ("POST", "/v1/case_lists/1", "/case-lists/1/duplicate/", lambda ana: form()),
    "delete a list": ("POST", "/v1/case_lists", "/case-lists/1/delete/", lambda ana: form()),
}  # fmt: skip


def pages(browser: Browser, url: str, values: dict[str, Any]) -> str:
    """What is shown for it: the answer itself and where it leads, and every page that tells of it afterwards."""
    answer = browser.post(url, values, follow=True)
    assert answer.status_code < 500 or "Kayse" in answer.content.decode()
    urls = ["/", "/clients/", "/clients/2/", "/case-lists/", "/case-lists/1/", "/audit/"]
    urls += [f"/audit/{operation}/" for operation in Event.objects.values_list("operation", flat=True)]
    return "".join(page.content.decode() for page in (answer, *(browser.get(one) for one in urls)))


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("status", [502, 200])
def test_a_page_of_html_is_never_shown(
    doing: str, status: int, sandbox: Sandbox, as_admin: Browser, ana: Client
) -> None:
    method, path, url, values = DOINGS[doing]
    told(as_admin)
    sandbox.fault("html", method=method, path=path, times=3, text=PLANTED, status=status)
    shown = pages(as_admin, url, values(ana))
    assert sandbox.requests(method, path), "it was sent"
    assert "planted" not in shown


@pytest.mark.parametrize("doing", DOINGS)
def test_a_refusal_in_the_vendors_words_is_text(
    doing: str, sandbox: Sandbox, as_admin: Browser, ana: Client
) -> None:
    method, path, url, values = DOINGS[doing]
    told(as_admin)
    sandbox.fault("status", method=method, path=path, status=400, message=PLANTED)
    shown = pages(as_admin, url, values(ana))
    assert "planted" in shown, "what Kayse says is told"
    assert "<script>alert" not in shown
    assert "<h1>planted" not in shown
