"""Many clients at once in a real browser: filter, select, confirm, results; ticks that stay; and without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe, overflow, screenshot
from tests.e2e.conftest import CookiesOf, Open, select_all, session_of
from tests.e2e.stack import Stack


def boxes(page: Page) -> list[str]:
    """The ids that are ticked on the page."""
    found: list[str] = page.eval_on_selector_all(
        "tbody [name=pk]:checked", "boxes => boxes.map((b) => b.value)"
    )
    return found


def numbers(page: Page) -> dict[str, int]:
    """The five outcomes as a job's page tells them."""
    expect(page.locator(".stat")).to_have_count(5)
    texts = page.locator(".stat").all_inner_texts()
    return {text.split("\n")[0]: int(text.split("\n")[-1]) for text in texts}


def test_filter_select_all_opt_out_and_see_each_result(stack: Stack, open_as: Open) -> None:
    page, notes = open_as("paralegal", "/clients/?state=AZ&opted=no&gone=no")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=re.compile("Select all .* that match")).click()
    more_than_a_page_and_at_once = re.compile("^(2[6-9]|[3-9][0-9]|100)$")
    expect(page.locator("#picked strong")).to_have_text(more_than_a_page_and_at_once)
    chosen = int(page.locator("#picked strong").inner_text())
    first, second = boxes(page)[:2]
    # Meanwhile two of them go, somebody else opts out, and the filter would find others.
    for pk in (first, second):
        stack.sandbox("DELETE", f"/v1/clients/{pk}", headers={"X-API-KEY": "sandbox-key"})
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{chosen} clients selected")
    expect(page.get_by_text("State: Arizona")).to_be_visible()
    assert axe(page) == []
    screenshot(page, "selection-page")
    page.get_by_role("link", name="Opt out of calls…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(f"Opt {chosen} clients out of calls?")
    expect(dialog).to_contain_text("This takes 1 request")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    expect(dialog).to_have_css("opacity", "1")
    assert axe(page) == []
    screenshot(page, "selection-dialog")
    before = len(stack.sandbox("GET", "/_sandbox/requests?method=POST")["requests"])
    dialog.get_by_label("Reason").fill("They wrote to us")
    dialog.get_by_role("button", name="Opt out").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    assert numbers(page) == {
        "Created": 0, "Updated": chosen - 2, "Unchanged": 0, "Failed": 2, "Unknown": 0,
    }  # fmt: skip
    rows = page.locator("section[aria-labelledby=rows] li")
    expect(rows).to_have_count(chosen)
    assert rows.filter(has_text="Failed").count() == 2
    assert len(stack.sandbox("GET", "/_sandbox/requests?method=POST")["requests"]) == before + 1
    assert axe(page) == []
    assert overflow(page) == []
    screenshot(page, "selection-results", full=True)
    assert notes.all() == []


def test_whoever_opens_a_page_begins_without_what_another_test_selected(
    stack: Stack, open_as: Open, cookies_of: CookiesOf
) -> None:
    select_all(stack, cookies_of("manager"))
    page, _ = open_as("manager", "/clients/")
    expect(page.locator("tbody [name=pk]")).not_to_have_count(0)
    expect(page.locator(".selectbar")).to_be_hidden()


def test_ticks_stay_while_paging_sorting_and_searching(open_as: Open) -> None:
    page, notes = open_as("manager", "/clients/")
    page.locator("tbody [name=pk]").nth(1).check()
    page.locator("tbody [name=pk]").nth(4).click(modifiers=["Shift"])
    page.get_by_role("link", name="Next").click()  # at once: the page does not wait for the number
    expect(page).to_have_url(re.compile("after="))
    expect(page.locator("#picked strong")).to_have_text("4")
    expect(page.locator("tbody [name=pk]:checked")).to_have_count(0)  # the next page's rows, for the keys
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#picked strong")).to_have_text("5")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("[data-selected]")).to_have_text("4")
    expect(page.locator("tbody [name=pk]:checked")).to_have_count(4)
    page.get_by_label("Search clients").fill("zzzz")
    expect(page.get_by_text("Nobody found")).to_be_visible()
    page.get_by_label("Search clients").fill("")
    expect(page.locator("#picked strong")).to_have_text("5")
    page.locator("tbody [name=pk]").nth(1).uncheck()
    expect(page.locator("#picked strong")).to_have_text("4")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("4 clients selected")
    page.get_by_role("button", name="Forget this selection").click()
    expect(page.locator(".selectbar")).to_be_hidden()
    assert notes.all() == []


def test_without_javascript(stack: Stack, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    for name, value in session_of(stack, "admin").items():
        context.add_cookies([{"name": name, "value": value, "url": stack.base}])
    page = context.new_page()
    page.goto(f"{stack.base}/clients/?state=NC")
    expect(page.locator(".selectbar")).to_be_hidden()
    page.locator("tbody [name=pk]").nth(0).check()
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#picked strong")).to_have_text("1")
    page.get_by_role("link", name="Next").click()
    page.locator("tbody [name=pk]").nth(2).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 clients selected")
    page.get_by_role("link", name="Edit a field…").click()
    page.get_by_label("Field").select_option("city")
    page.get_by_role("button", name="Choose").click()
    page.get_by_label("City", exact=True).fill("Waco")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set City to “Waco” for 2 clients?")
    page.get_by_role("button", name="Change them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Edit City of 2 clients")
    assert numbers(page)["Updated"] == 2
    context.close()
