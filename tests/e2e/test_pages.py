"""Every page: looked at in light and dark, wide and narrow, with axe, under the page's own policy, and weighed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import SIZES, Notebook, axe, new_page, overflow, screenshot, small_targets
from tests.e2e.conftest import CookiesOf, select_all
from tests.e2e.stack import Stack

COLD_BYTES = 40_000
COLD_REQUESTS = 5
HTML_BYTES = 8_000

#: name of the picture -> (who looks, path); {selected} stands for a selection of that person's
PAGES: dict[str, tuple[str, str]] = {
    "sign-in": ("", "/sign-in/"),
    "home": ("admin", "/"),
    "clients": ("paralegal", "/clients/"),
    "clients-search": ("paralegal", "/clients/?q=ga"),
    "clients-none": ("paralegal", "/clients/?q=zzzzzz"),
    "client": ("paralegal", "/clients/7/"),
    "clients-columns": ("paralegal", "/clients/columns/"),
    "clients-save": ("paralegal", "/clients/filters/new/?q=ga"),
    "client-quick": ("paralegal", "/clients/7/quick/"),
    "clients-opt-outs": ("auditor", "/clients/opt-outs/"),
    "client-views": ("auditor", "/clients/7/views/"),
    "client-new": ("paralegal", "/clients/new/"),
    "client-edit": ("paralegal", "/clients/7/edit/"),
    "client-delete": ("paralegal", "/clients/7/delete/"),
    "client-import": ("paralegal", "/clients/import/"),
    "selection": ("admin", "/clients/selected/{selected}/"),
    "selection-opt-out": ("admin", "/clients/selected/{selected}/opt-out/"),
    "selection-edit": ("admin", "/clients/selected/{selected}/edit/?field=voice_calls_opted_out"),
    "selection-delete-for-good": ("admin", "/clients/selected/{selected}/delete-for-good/"),
    "selection-append": ("manager", "/case-lists/1/clients/append/{selected}/"),
    "jobs": ("paralegal", "/jobs/"),
    "case-lists": ("manager", "/case-lists/"),
    "case-list": ("manager", "/case-lists/1/"),
    "case-lists-of-client": ("manager", "/case-lists/of-client/7/"),
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
    "case-list-in-use": ("manager", "/case-lists/1/in-use/"),
    "case-lists-delete": ("manager", "/case-lists/many/?do=delete&pk=1&pk=3"),
    "case-lists-rename": ("manager", "/case-lists/many/?do=rename&pk=1&pk=3"),
    "case-lists-none": ("manager", "/case-lists/many/"),
    "labels": ("manager", "/labels/"),
    "audit": ("auditor", "/audit/"),
    "audit-numbers": ("auditor", "/audit/numbers/"),
    "forbidden": ("paralegal", "/audit/"),
    "missing": ("paralegal", "/no-such-page/"),
    "account": ("auditor", "/account/"),
    "account-password": ("auditor", "/account/password/"),
    "account-confirm": ("auditor", "/account/confirm/"),
    "account-inactive": ("", "/account/inactive/"),
    "second-factor": ("auditor", "/account/second-factor/"),
    "second-factor-key": ("auditor", "/account/second-factor/keys/add/"),
    "people": ("admin", "/people/"),
    "person": ("admin", "/people/1/"),
    "person-roles": ("admin", "/people/1/roles/"),
    "people-invite": ("admin", "/people/invite/"),
}


Visit = Callable[[str, str, str], tuple[Page, Notebook]]


@pytest.fixture(scope="module")
def visit(stack: Stack, browser: Browser, cookies_of: CookiesOf) -> Iterator[Visit]:
    """Open a page, cold and light, as somebody in a tab of that size: a tab costs more than the page in it."""
    tabs: dict[str, tuple[Page, Notebook]] = {}

    def now(person: str, path: str, size: str) -> tuple[Page, Notebook]:
        if size not in tabs:
            tabs[size] = new_page(browser, size)
        page, notes = tabs[size]
        page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
        page.context.clear_cookies()
        cookies = {"theme": "light", **(cookies_of(person) if person else {})}
        page.context.add_cookies([{"name": n, "value": v, "url": stack.base} for n, v in cookies.items()])
        notes.forget()
        with without_cache(page):
            page.goto(stack.base + path)
            page.wait_for_load_state("networkidle")
        return page, notes

    yield now
    for page, _ in tabs.values():
        page.context.close()


@contextmanager
def without_cache(page: Page) -> Iterator[None]:
    """Everything comes over the wire, as on somebody's first visit."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    yield
    session.detach()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(name: str, size: str, visit: Visit, cookies_of: CookiesOf, stack: Stack) -> None:
    person, path = PAGES[name]
    if "{selected}" in path:
        path = path.format(selected=select_all(stack, cookies_of(person), "state=TX"))
    page, notes = visit(person, path, size)
    weigh(notes, stack.base + path)
    look(page, notes, name, "light", size)
    # What the cookie does to the page; that it does so is another test. Loading it again would look at nothing new.
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look(page, notes, name, "dark", size)


@pytest.mark.parametrize("path", ["/sign-in/", "/clients/", "/audit/numbers/"])
def test_the_cookie_chooses_the_theme(path: str, visit: Visit, stack: Stack) -> None:
    page, notes = visit("admin" if path != "/sign-in/" else "", path, "1440")
    before = page.evaluate("getComputedStyle(document.body).color")
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": stack.base}])
    page.goto(stack.base + path)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).color") != before
    assert notes.all() == []


def look(page: Page, notes: Notebook, name: str, theme: str, size: str) -> None:
    """Nothing went wrong, nothing is hard to read or to reach, and nothing scrolls sideways."""
    page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
    screenshot(page, f"{name}-{theme}-{size}", full=size == "390")
    expected = {"forbidden": 403, "missing": 404, "case-lists-none": 422}.get(name, 0)
    failed = [line for line in notes.failed if not line.startswith(f"{expected} ")]
    assert notes.violations + notes.errors + failed == [], theme
    assert axe(page, theme=theme) == [], theme
    assert overflow(page) == [], theme
    if size == "390":
        assert small_targets(page) == [], theme
        page.set_viewport_size({"width": 320, "height": 640})
        assert overflow(page) == [], theme


def weigh(notes: Notebook, address: str) -> None:
    """A cold page is light, in bytes and in requests."""
    assert all(notes.sizes.values()), "nothing comes from a cache"
    assert sum(notes.sizes.values()) <= COLD_BYTES, notes.sizes
    assert len(notes.sizes) <= COLD_REQUESTS, notes.sizes
    # The headers hold a cookie on the first visit; what they and the page weigh together is counted above.
    assert notes.heads[address] > 0
    assert notes.sizes[address] - notes.heads[address] <= HTML_BYTES, notes.heads
