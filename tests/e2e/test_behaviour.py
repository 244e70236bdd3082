"""What static/js/app.js adds, driven on the patterns page; and that the same page works without it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import axe, screenshot
from tests.e2e.conftest import Open, session_of
from tests.e2e.stack import PASSWORD, Stack
from tests.waiting import until


@pytest.fixture
def page(open_as: Open) -> Page:
    """The patterns page, wide and light."""
    return open_as("auditor", "/patterns/")[0]


def has_focus(page: Page, what: str, value: str) -> None:
    """Wait until the element that has the focus is the one with this value of a property."""
    until(lambda: page.evaluate(f"document.activeElement.{what}") == value, f"the focus at {value!r}", 30)


def save(page: Page) -> None:
    """Press the button of the save bar."""
    page.get_by_role("button", name="Save changes").click()


def answer_with(page: Page, status: int, **headers: str) -> None:
    """Let every POST of the form be answered like this."""

    def handle(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(
                status=status, body="no", headers={name.replace("_", "-"): v for name, v in headers.items()}
            )
        else:
            route.continue_()

    page.route("**/patterns/", handle)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_dialog_opens_in_place_and_gives_the_focus_back(open_as: Open, theme: str) -> None:
    page, notes = open_as("auditor", "/patterns/", theme=theme)
    page.get_by_role("link", name="Open a dialog").click()
    dialog = page.get_by_role("dialog", name="Delete 120 clients?")
    expect(dialog).to_be_visible()
    has_focus(page, "textContent", "Cancel")
    assert axe(page, theme=theme) == []
    screenshot(page, f"dialog-{theme}-1440")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    has_focus(page, "textContent.trim()", "Open a dialog")
    assert page.url.endswith("/patterns/")
    assert notes.all() == []


def test_a_dialog_wants_the_number_and_says_what_was_done(page: Page) -> None:
    page.get_by_role("link", name="Open a dialog").click()
    page.get_by_label("Type 120 to confirm").fill("12")
    page.get_by_role("button", name="Delete 120 clients").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Type 120 to confirm").fill("120")
    page.get_by_role("button", name="Delete 120 clients").click()
    toast = page.get_by_role("status").get_by_text("120 clients were not deleted.")
    expect(toast).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(toast).to_be_hidden()


def test_a_toast_is_read_before_it_goes(open_as: Open) -> None:
    page, _ = open_as("auditor", "/patterns/")
    page.clock.install()
    page.evaluate(
        "document.body.dispatchEvent(new CustomEvent('toast', {bubbles: true, detail: {text: '<b>3</b> done'}}))"
    )
    toast = page.get_by_role("status").get_by_text("<b>3</b> done")
    page.clock.run_for(5_000)
    expect(toast).to_be_visible()
    toast.hover()
    page.clock.run_for(20_000)
    expect(toast).to_be_visible()
    page.mouse.move(0, 0)
    page.clock.run_for(7_000)
    expect(toast).to_be_hidden()


def test_changes_are_counted_and_shown(page: Page) -> None:
    expect(page.get_by_text("No changes yet")).to_be_visible()
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Remove Employment").click()
    page.get_by_label("Does not want to be called").check()
    page.get_by_label("Employment", exact=True).check()
    page.get_by_text("4 changes").click()
    told = page.locator("[data-changes] dl").inner_text().split("\n")
    assert told[:2] == ["E-mail", "empty ann@example.com"]
    assert told[2:4] == ["Does not want to be called", "No Yes"]
    assert told[4] == "Case types"
    assert told[5].startswith("Data protection, Employment")
    assert told[6:8] == ["Who may see it", "empty Employment"]
    assert axe(page) == []
    page.get_by_label("E-mail").fill("")
    expect(page.get_by_text("3 changes")).to_be_visible()


def test_unsaved_changes_are_guarded_and_can_be_discarded(page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_label("E-mail").fill("ann@example.com")
    with page.expect_event("dialog"):
        page.evaluate("location.assign('/patterns/?other=1')")
    expect(page.get_by_label("E-mail")).to_have_value("ann@example.com")
    page.wait_for_function("!document.querySelector('[data-nothing]')")
    assert asked == ["beforeunload"]
    page.get_by_role("link", name="Discard").click()
    expect(page.get_by_label("E-mail")).to_have_value("")
    assert asked == ["beforeunload"]


def test_a_bad_form_takes_the_focus_and_still_counts_from_the_start(page: Page) -> None:
    page.get_by_label("First name").fill("")
    page.get_by_label("E-mail").fill("nope")
    save(page)
    expect(page.get_by_text("2 fields need attention")).to_be_visible()
    has_focus(page, "className", "error-summary bad")
    expect(page.get_by_text("2 changes")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("nope")
    assert axe(page) == []
    page.get_by_role("link", name="E-mail: Enter a valid email address.").click()
    has_focus(page, "id", "sample_email")


@pytest.mark.parametrize(
    ("status", "words", "certain"),
    [
        (400, "This was not accepted.", True),
        (401, "You are signed out.", True),
        (403, "does not allow this", True),
        (404, "not here any more", True),
        (429, "Too many requests", True),
        (500, "Something failed here.", False),
        (503, "The database does not answer", False),
    ],
)
def test_what_failed_is_said_and_the_form_is_left_alone(
    page: Page, status: int, words: str, certain: bool
) -> None:
    page.get_by_label("E-mail").fill("ann@example.com")
    answer_with(page, status)
    save(page)
    problem = page.get_by_role("alert").filter(has_text="Dismiss")
    expect(problem).to_contain_text(words)
    expect(problem).to_contain_text(
        "Nothing was changed." if certain else "It is not certain whether it was done"
    )
    expect(problem).to_be_in_viewport()
    expect(page.get_by_label("E-mail")).to_have_value("ann@example.com")
    has_focus(page, "textContent", "Save changes")
    page.unroute("**/patterns/")
    page.get_by_label("First name").fill("Bo")
    save(page)
    expect(page.get_by_text("The sample was saved.")).to_be_visible()


def test_a_limit_says_when_it_ends(page: Page) -> None:
    answer_with(page, 429, Retry_After="600")
    page.get_by_label("E-mail").fill("ann@example.com")
    save(page)
    expect(page.get_by_role("alert").filter(has_text="Dismiss")).to_contain_text("Available again at ")


def test_a_lost_connection_is_said(page: Page) -> None:
    page.route("**/patterns/", lambda route: route.abort())
    save(page)
    problem = page.get_by_role("alert").filter(has_text="Dismiss")
    expect(problem).to_contain_text("No answer")
    expect(problem).to_contain_text("It is not certain whether it was done")


def test_a_double_click_sends_once(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.get_by_label("First name").fill("")
    page.get_by_role("button", name="Save changes").dblclick()
    expect(page.get_by_text("1 field needs attention")).to_be_visible()
    assert sent == ["POST"]


def test_what_was_typed_survives_the_end_of_the_session(page: Page) -> None:
    page.get_by_label("E-mail").fill("typed@example.com")
    page.get_by_label("Remove Employment").click()
    page.context.clear_cookies(name="sessionid")
    save(page)
    page.wait_for_url("**/sign-in/**")
    page.get_by_label("User name").fill("auditor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/patterns/")
    expect(page.get_by_label("E-mail")).to_have_value("typed@example.com")
    expect(page.get_by_text("2 changes")).to_be_visible()
    expect(page.get_by_label("Remove Employment")).to_have_count(0)
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft'))") == []


def test_rows_are_picked_one_by_one_in_a_range_and_all(page: Page) -> None:
    bar = page.locator(".selectbar")
    expect(bar).to_be_hidden()
    boxes = page.locator("tbody [type=checkbox]")
    boxes.nth(1).click()
    expect(bar).to_contain_text("1 selected of 5")
    boxes.nth(3).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected of 5")
    head = page.get_by_label("Select all on this page")
    assert head.evaluate("(box) => box.indeterminate")
    head.click()
    expect(bar).to_contain_text("5 selected of 5")
    assert axe(page) == []
    head.click()
    expect(bar).to_be_hidden()


def test_chips_keep_the_select_underneath(page: Page) -> None:
    adder = page.get_by_label("Add to Case types")
    adder.press_sequentially("immi")
    adder.press("Enter")
    values = page.locator("#sample_types").evaluate("(s) => [...s.selectedOptions].map((o) => o.text)")
    assert values == ["Data protection", "Employment", "Immigration"]
    has_focus(page, "ariaLabel", "Add to Case types")
    adder.press_sequentially("no such type")
    adder.press("Enter")
    assert values == page.locator("#sample_types").evaluate(
        "(s) => [...s.selectedOptions].map((o) => o.text)"
    )
    assert adder.input_value() == "no such type", "what was typed is not lost"


def test_keys_work_outside_fields_and_can_be_switched_off(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    has_focus(page, "textContent", "Ann Lee")
    page.keyboard.press("x")
    expect(page.locator(".selectbar")).to_contain_text("1 selected")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Use single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use single-key shortcuts").check()
    page.keyboard.press("Escape")
    page.get_by_label("First name").fill("")
    page.keyboard.press("e")
    expect(page.get_by_label("First name")).to_have_value("e")
    page.get_by_label("First name").blur()
    page.keyboard.press("e")
    expect(page.get_by_role("dialog", name="Delete 120 clients?")).to_be_visible()


def test_the_menu_is_a_drawer_on_a_phone(open_as: Open) -> None:
    page, _ = open_as("auditor", "/patterns/", size="390")
    home = page.get_by_role("navigation", name="Main").get_by_role("link", name="Home")
    expect(home).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(home).to_be_visible()
    assert axe(page) == []
    screenshot(page, "drawer-390")
    page.keyboard.press("Escape")
    expect(home).to_be_hidden()


def test_the_theme_is_chosen_by_a_button_and_kept(page: Page) -> None:
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(19, 22, 27)"
    page.goto(page.url)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_all_of_it_works_without_javascript(stack: Stack, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    for name, value in session_of(stack, "auditor").items():
        context.add_cookies([{"name": name, "value": value, "url": stack.base}])
    page = context.new_page()
    page.goto(f"{stack.base}/patterns/")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Open a dialog").click()
    page.get_by_label("Type 120 to confirm").fill("120")
    page.get_by_role("button", name="Delete 120 clients").click()
    expect(page.get_by_text("120 clients were not deleted.")).to_be_visible()
    page.get_by_label("E-mail").fill("nope")
    save(page)
    expect(page.get_by_text("1 field needs attention")).to_be_visible()
    context.close()
