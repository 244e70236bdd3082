"""The reviewer's main question in a browser: who did this? At most three clicks from the client's page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.browser import axe, overflow, screenshot
from tests.e2e.conftest import Open
from tests.e2e.stack import Stack

CLIENT = 23


def test_from_a_call_to_the_operation_that_caused_it(stack: Stack, open_as: Open) -> None:
    """Somebody who had opted out was called: the opt-out had been taken back, and ten edits came after that."""
    name = take_the_opt_out_back(stack, open_as)
    page, notes = open_as("auditor", f"/clients/{CLIENT}/")
    clicks = 0

    page.get_by_role("link", name="All in the audit log").click()
    clicks += 1
    cause = page.locator(".feed details", has_text=f"edited the opted out of calls of client {name}")
    cause.filter(has_text="from yes to no").locator("summary").click()
    clicks += 1
    cause.filter(has_text="from yes to no").get_by_role("link", name="Open this operation").click()
    clicks += 1

    assert clicks <= 3
    page.wait_for_url(re.compile(r"/audit/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"of client {name} from yes to no")
    expect(page.get_by_text("She called and asked for it")).to_be_visible()
    expect(page.get_by_text("Administrator", exact=True).first).to_be_visible()
    assert notes.all() == []


def take_the_opt_out_back(stack: Stack, open_as: Open) -> str:
    """Through the pages, as it happens; returns the client's name."""
    told = stack.sandbox("GET", f"/_sandbox/clients/{CLIENT}")
    page, _ = open_as("admin", f"/clients/{CLIENT}/edit/")
    steps = [("true", "She asked not to be called"), ("false", "She called and asked for it")]
    for value, reason in steps:
        page.goto(f"{stack.base}/clients/{CLIENT}/edit/")
        page.locator("[name=voice_calls_opted_out]").select_option(value)
        if value == "false":
            page.locator("[name=may_be_called]").check()
        page.get_by_label("Reason").fill(reason)
        page.get_by_role("button", name="Save changes").click()
        page.wait_for_url(f"{stack.base}/clients/{CLIENT}/")
    for number in range(10):
        page.goto(f"{stack.base}/clients/{CLIENT}/edit/")
        page.get_by_label("City").fill(f"Town {number}")
        page.get_by_role("button", name="Save changes").click()
        page.wait_for_url(f"{stack.base}/clients/{CLIENT}/")
    return f"{told['first_name']} {told['last_name']}"


def test_an_operation_and_what_it_hides(stack: Stack, open_as: Open) -> None:
    page, _ = open_as("paralegal", "/clients/24/edit/")
    page.get_by_label("E-mail").fill("new.address@mail.example")
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(f"{stack.base}/clients/24/")
    for size in ("1440", "390"):
        for theme in ("light", "dark"):
            page, notes = open_as("admin", "/audit/?kind=client&pk=24", size=size, theme=theme)
            page.locator(".feed summary").first.click()
            page.get_by_role("link", name="Open this operation").first.click()
            page.wait_for_url(re.compile(r"/audit/[0-9a-f-]{36}/$"))
            assert "new.address@mail.example" not in page.content()
            assert axe(page, theme=theme) == []
            assert overflow(page) == []
            screenshot(page, f"operation-{theme}-{size}", full=True)
            page.get_by_role("button", name="Reveal them").click()
            expect(page.get_by_text("new.address@mail.example").first).to_be_visible()
            assert axe(page, theme=theme) == []
            assert overflow(page) == []
            screenshot(page, f"operation-revealed-{theme}-{size}", full=True)
            assert notes.all() == []


def test_from_a_call_to_the_request_that_lifted_many(stack: Stack, open_as: Open) -> None:
    """The opt-out of one of many was taken back by a job: the card on the client's page leads to its request."""
    page, _ = open_as("admin", "/clients/?opted=yes&gone=no")
    boxes = page.locator("tbody [name=pk]")
    pk = boxes.nth(2).get_attribute("value")
    for number in range(4):
        boxes.nth(number).check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(re.compile("/clients/selected/"))
    page.goto(f"{page.url.rstrip('/')}/edit/?field=voice_calls_opted_out")
    page.locator("[name=value]").select_option("false")
    page.locator("[name=may_be_called]").check()
    page.get_by_label("Reason").fill("They all wrote that they agree")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Change them").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))

    page, notes = open_as("auditor", f"/clients/{pk}/")
    name = page.get_by_role("heading", level=1).inner_text()
    card = page.locator(".feed details", has_text="started Edit Opted out of calls of 4 clients")
    card.locator("summary").click()
    expect(card.get_by_text("Reason: They all wrote that they agree")).to_be_visible()
    card.get_by_role("link", name="Open the request").click()  # the second click

    page.wait_for_url(re.compile(rf"/audit/[0-9a-f-]{{36}}/\?about={pk}"))
    part = page.locator("section[aria-labelledby=parts] details", has_text=f"number {pk}")
    expect(part).to_contain_text(name)
    expect(part.locator("del")).to_have_text("Yes")
    expect(part.locator("ins")).to_have_text("No")
    assert axe(page) == []
    assert overflow(page) == []
    screenshot(page, "audit-request-of-a-job", full=True)
    assert notes.all() == []


def test_the_filter_says_what_the_list_is_filtered_by(open_as: Open) -> None:
    """The form stays where it is while the list beside it changes, and follows the address."""
    page, notes = open_as("auditor", "/audit/")
    action, apply = page.get_by_role("combobox", name="Action"), page.get_by_role("button", name="Apply")
    page.get_by_text("More filters").click()
    action.select_option("sign_in")
    page.get_by_role("textbox", name="Network address").fill("127.0.0.1")
    apply.click()
    page.wait_for_url(re.compile(r"action=sign_in.*address=127\.0\.0\.1"))
    expect(apply).to_be_focused()
    page.get_by_role("link", name="Remove Action: Sign in").click()
    page.wait_for_url(lambda url: "address=127.0.0.1" in url and "action=" not in url)
    expect(action).to_have_value("")
    expect(page.get_by_role("textbox", name="Network address")).to_have_value("127.0.0.1")

    page.get_by_role("textbox", name="Number of the record").fill("7")
    apply.click()
    expect(page.get_by_role("alert").filter(has_text="The filter could not be applied")).to_be_visible()
    kind = page.get_by_role("combobox", name="Kind of record")
    expect(kind).to_have_attribute("aria-invalid", "true")
    expect(apply).to_be_focused()
    kind.select_option("client")
    apply.click()
    page.wait_for_url(re.compile("kind=client.*pk=7"))
    expect(kind).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field-error")).to_have_count(0)
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("link", name="CSV, for people")).to_have_attribute("href", re.compile("pk=7"))
    assert [note for note in notes.all() if "422" not in note] == []
