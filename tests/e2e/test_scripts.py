"""Scripts and template syntax in everything that the vendor tells: nothing of it runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Open
from tests.e2e.stack import Stack

HOSTILE = "<script>window.hit=1</script><img src=x onerror=window.hit=1>\"'>{{7*7}}{%now 'Y'%}${7*7}"
TEXT_FIELDS = (
    "external_source", "external_source_id", "first_name", "last_name", "city", "state", "postal_code",
    "address_line1", "address_line2",
)  # fmt: skip


def vendor(stack: Stack, method: str, path: str, body: Any) -> Any:
    return stack.sandbox(method, f"/v1{path}", json=body, headers={"X-API-KEY": "sandbox-key"})


@pytest.fixture(scope="module")
def hostile_client(stack: Stack) -> int:
    """A client whose every text is hostile, as somebody could type it into another system."""
    return int(vendor(stack, "POST", "/clients", dict.fromkeys(TEXT_FIELDS, HOSTILE[:200]))["id"])


@pytest.fixture(scope="module")
def hostile_list(stack: Stack) -> int:
    body = {"name": HOSTILE, "description": HOSTILE, "filter": {"case_type_ids": [25], HOSTILE: HOSTILE}}
    return int(vendor(stack, "POST", "/case_lists", body)["id"])


def harmless(page: Page) -> None:
    expect(page.locator("body"), "it is shown as it was typed").to_contain_text(
        "{{7*7}}", use_inner_text=True
    )
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src='x']").count() == 0


def test_a_client(hostile_client: int, stack: Stack, open_as: Open) -> None:
    page, notes = open_as("admin", "/clients/")
    page.goto(f"{stack.base}/clients/{hostile_client}/")
    page.get_by_role("button", name=re.compile("Open|Ask|Fetch|Look", re.IGNORECASE)).first.click()
    harmless(page)
    for path in ("", "edit/", "delete/"):
        page.goto(f"{stack.base}/clients/{hostile_client}/{path}")
        harmless(page)
    page.goto(f"{stack.base}/clients/?q=%3Cscript%3E")
    page.goto(f"{stack.base}/clients/{hostile_client}/edit/")
    page.get_by_label("City").fill(f"Waco {HOSTILE}")
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(f"{stack.base}/clients/{hostile_client}/")
    harmless(page)
    page.goto(f"{stack.base}/audit/")
    harmless(page)
    assert notes.violations + notes.errors == []


def test_a_refusal_in_hostile_words(stack: Stack, open_as: Open) -> None:
    page, notes = open_as("paralegal", "/clients/12/edit/")
    fault = {"kind": "status", "method": "PUT", "path": "/v1/clients/12", "status": 400, "message": HOSTILE}
    stack.sandbox("POST", "/_sandbox/faults", json=fault)
    page.get_by_label("City").fill("Waco")
    page.get_by_role("button", name="Save changes").click()
    harmless(page)
    assert page.get_by_label("City").input_value() == "Waco", "what was typed is still there"
    assert notes.violations + notes.errors == []


LIST_PAGES = (
    "", "edit/", "attach/", "detach/", "clients/append/", "clients/remove/", "duplicate/", "delete/", "in-use/",
)  # fmt: skip


def test_a_case_list(hostile_list: int, stack: Stack, open_as: Open) -> None:
    page, notes = open_as("manager", "/case-lists/")
    for path in (
        "/case-lists/",
        *(f"/case-lists/{hostile_list}/{part}" for part in LIST_PAGES),
        f"/case-lists/many/?do=delete&pk={hostile_list}",
        f"/case-lists/many/?do=duplicate&pk={hostile_list}",
    ):
        page.goto(stack.base + path)
        if path == "/case-lists/" and "{{7*7}}" not in page.locator("body").inner_text():
            # Somebody looked within the last minute, before the list was there.
            page.get_by_role("button", name=re.compile("Look at all")).click()
        harmless(page)
    assert notes.violations + notes.errors == []
