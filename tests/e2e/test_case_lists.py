"""The pages of case lists that need a history: versions, what moved outside, many at once, drafts, lists in use."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Notebook, axe, overflow, screenshot, small_targets
from tests.e2e.conftest import Open
from tests.e2e.stack import Stack

VIEWS = [("1440", "light"), ("1440", "dark"), ("390", "light"), ("390", "dark")]


def look(page: Page, notes: Notebook, name: str, size: str, theme: str) -> None:
    """A picture, and what holds for every page."""
    page.wait_for_load_state("networkidle")
    screenshot(page, f"{name}-{theme}-{size}", full=size == "390")
    assert notes.violations + notes.errors + notes.failed == []
    assert axe(page, theme=theme) == []
    assert overflow(page) == []
    if size == "390":
        assert small_targets(page) == []


def vendor(stack: Stack, method: str, path: str, json: Any = None) -> Any:
    """Change something at the sandbox, as somebody outside the dashboard would."""
    headers = {"X-API-KEY": "sandbox-key"}
    return httpx.request(
        method, f"{stack.vendor}/v1{path}", json=json, headers=headers, trust_env=False
    ).json()


def make(page: Page, stack: Stack, name: str) -> int:
    """A new list by the builder; gives back its id."""
    page.goto(f"{stack.base}/case-lists/new/")
    page.fill("[name=name]", name)
    page.fill("[name=include_ids]", "CASE-5, 6\n7")
    page.click("text=Create list")
    page.wait_for_url("**/case-lists/*/")
    return int(page.url.rstrip("/").rsplit("/", 1)[1])


def test_a_list_with_a_history(open_as: Open, stack: Stack) -> None:
    page, _ = open_as("manager", "/case-lists/new/")
    pk = make(page, stack, "Roundup, round two")
    page.goto(f"{stack.base}/case-lists/{pk}/edit/")
    page.fill("[name=name]", "Roundup, round three")
    page.fill("[name=reason]", "Another round")
    page.click("text=Save list")
    page.wait_for_url(f"**/case-lists/{pk}/")
    page.goto(f"{stack.base}/case-lists/{pk}/attach/")
    page.fill("[name=include_ids]", "8 9")
    page.click("text=Continue")
    page.click("button:has-text('Attach 2 cases')")
    page.wait_for_url(f"**/case-lists/{pk}/")
    page.goto(f"{stack.base}/case-lists/{pk}/in-use/")
    page.fill("[name=campaign]", "Spring calls")
    page.fill("[name=until]", page.evaluate("new Date(Date.now() + 864e5 * 7).toISOString().slice(0, 10)"))
    page.click("button:has-text('Mark as in use')")
    page.wait_for_url(f"**/case-lists/{pk}/")
    vendor(stack, "PATCH", f"/case_lists/{pk}/attach", {"include_ids": [11, 12]})
    page.click("text=Ask Kayse now")
    page.wait_for_selector("text=Moved outside")
    for size, theme in VIEWS:
        for name, path in (
            ("case-list-lived", f"/case-lists/{pk}/"),
            ("case-list-version", f"/case-lists/{pk}/versions/2/"),
            ("case-list-edit-in-use", f"/case-lists/{pk}/edit/"),
            ("case-list-delete-in-use", f"/case-lists/{pk}/delete/"),
            ("case-lists-many-left-out", f"/case-lists/many/?do=delete&pk={pk}&pk=2"),
        ):
            shown, notes = open_as("manager", path, size=size, theme=theme)
            look(shown, notes, name, size, theme)


@pytest.mark.parametrize(("size", "theme"), VIEWS)
def test_lists_are_selected_and_renamed(open_as: Open, stack: Stack, size: str, theme: str) -> None:
    page, notes = open_as("manager", "/case-lists/", size=size, theme=theme)
    assert page.is_hidden(".selectbar")
    page.check("tbody [name=pk] >> nth=1")
    page.check("tbody [name=pk] >> nth=3")
    expect(page.locator("[data-selected]")).to_have_text("2")
    look(page, notes, "case-lists-selected", size, theme)
    page.click(".selectbar button[value=rename]")
    page.fill("[name=put_on]", "2027 ")
    page.click("button:has-text('Rename…')")
    page.wait_for_selector("text=Every list is left out")
    page.check("[name=accepted]")
    look(page, notes, "case-lists-rename-asked", size, theme)


def test_a_draft_is_found_in_another_browser(open_as: Open, stack: Stack) -> None:
    page, notes = open_as("manager", "/case-lists/new/")
    page.fill("[name=name]", "Half a list")
    page.fill("[name=include_ids]", "5 6 7")
    page.wait_for_selector("text=Draft kept")
    for size, theme in VIEWS:
        other, others_notes = open_as("manager", "/case-lists/", size=size, theme=theme)
        other.wait_for_selector("text=Draft of “Half a list”")
        look(other, others_notes, "case-lists-draft", size, theme)
    other.click("text=Continue")
    other.wait_for_selector("text=Your draft from")
    assert other.input_value("[name=include_ids]") == "5 6 7"
    look(other, others_notes, "case-list-draft", size, theme)
    other.fill("[name=description]", "Now it is whole")
    other.click("text=Create list")
    other.wait_for_url("**/case-lists/*/")
    other.goto(f"{stack.base}/case-lists/")
    assert other.query_selector("text=Draft of “Half a list”") is None
    assert notes.all() == []
