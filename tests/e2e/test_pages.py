"""Every page: looked at in light and dark, wide and narrow, with axe, under the page's own policy, and weighed."""

from __future__ import annotations

import pytest

from tests.e2e.browser import SIZES, THEMES, Notebook, axe, overflow, screenshot, small_targets
from tests.e2e.conftest import Open
from tests.e2e.stack import Stack

COLD_BYTES = 40_000
COLD_REQUESTS = 5

#: name of the picture -> (who looks, path)
PAGES: dict[str, tuple[str, str]] = {
    "sign-in": ("", "/sign-in/"),
    "home": ("admin", "/"),
    "clients": ("paralegal", "/clients/"),
    "clients-search": ("paralegal", "/clients/?q=ga"),
    "clients-none": ("paralegal", "/clients/?q=zzzzzz"),
    "client": ("paralegal", "/clients/7/"),
    "client-new": ("paralegal", "/clients/new/"),
    "client-edit": ("paralegal", "/clients/7/edit/"),
    "client-delete": ("paralegal", "/clients/7/delete/"),
    "client-import": ("paralegal", "/clients/import/"),
    "jobs": ("paralegal", "/jobs/"),
    "case-lists": ("manager", "/case-lists/"),
    "case-list": ("manager", "/case-lists/1/"),
    "case-list-new": ("manager", "/case-lists/new/"),
    "case-list-edit": ("manager", "/case-lists/1/edit/"),
    "case-list-attach": ("manager", "/case-lists/1/attach/"),
    "case-list-detach": ("manager", "/case-lists/1/detach/"),
    "case-list-append": ("manager", "/case-lists/1/clients/append/"),
    "case-list-remove": ("manager", "/case-lists/1/clients/remove/"),
    "case-list-duplicate": ("manager", "/case-lists/1/duplicate/"),
    "case-list-delete": ("manager", "/case-lists/1/delete/"),
    "case-list-import": ("manager", "/case-lists/import/"),
    "case-list-pick": ("manager", "/case-lists/pick/?client_ids=3,4"),
    "labels": ("manager", "/labels/"),
    "audit": ("auditor", "/audit/"),
    "audit-numbers": ("auditor", "/audit/numbers/"),
    "forbidden": ("paralegal", "/audit/"),
    "missing": ("paralegal", "/no-such-page/"),
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(name: str, size: str, theme: str, open_as: Open, stack: Stack) -> None:
    person, path = PAGES[name]
    page, notes = open_as(person, path, size=size, theme=theme)
    page.wait_for_load_state("networkidle")
    weigh(notes, stack.base + path)
    screenshot(page, f"{name}-{theme}-{size}", full=size == "390")
    expected = {"forbidden": 403, "missing": 404}.get(name, 0)
    failed = [line for line in notes.failed if not line.startswith(f"{expected} ")]
    assert notes.violations + notes.errors + failed == []
    assert axe(page) == []
    assert overflow(page) == []
    if size == "390":
        assert small_targets(page) == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert overflow(page) == []


def weigh(notes: Notebook, address: str) -> None:
    """A cold page is light, in bytes and in requests."""
    assert sum(notes.sizes.values()) <= COLD_BYTES, notes.sizes
    assert len(notes.sizes) <= COLD_REQUESTS, notes.sizes
    assert notes.sizes[address] <= 8_500, "8 kB of HTML and the headers"
