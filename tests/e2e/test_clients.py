"""What the clients' screens do in a browser that they do not do without one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import axe, overflow, screenshot
from tests.e2e.conftest import Open
from tests.e2e.stack import Stack


def change(stack: Stack, pk: int, values: str) -> None:
    """Change what is known of a client, as Python writes it."""
    stack.manage(
        "shell",
        "-c",
        "from datetime import timedelta; from django.utils import timezone; from clients_ui.models import Client; "
        f"Client.objects.filter(pk={pk}).update({values})",
    )


def test_an_old_client_is_read_in_the_background(stack: Stack, open_as: Open) -> None:
    change(stack, 21, "told_at=timezone.now() - timedelta(days=1), told={}")
    stack.sandbox("PUT", "/v1/clients/21", json={"city": "Waco"}, headers={"X-API-KEY": "sandbox-key"})
    before = len(stack.sandbox("GET", "/_sandbox/requests")["requests"])
    page, notes = open_as("paralegal", "/clients/21/")
    expect(page.get_by_role("status").filter(has_text="Kayse was asked just now")).to_contain_text("City")
    expect(page.get_by_text("Waco Changed just now")).to_be_visible()
    assert len(stack.sandbox("GET", "/_sandbox/requests")["requests"]) == before + 1
    assert axe(page) == []
    screenshot(page, "client-caught-up")
    page.reload()
    expect(page.get_by_text("Waco")).to_be_visible()
    expect(page.get_by_text("Changed just now")).to_have_count(0)
    assert len(stack.sandbox("GET", "/_sandbox/requests")["requests"]) == before + 1
    assert notes.all() == []


def test_a_client_beside_the_list(stack: Stack, open_as: Open) -> None:
    before = len(stack.sandbox("GET", "/_sandbox/requests")["requests"])
    page, notes = open_as("paralegal", "/clients/")
    panel = page.get_by_role("complementary", name="Quick view")
    expect(panel).to_be_hidden()
    names = page.locator("tbody th a").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(panel.get_by_role("heading", name=names[0])).to_be_visible()
    assert axe(page) == []
    screenshot(page, "clients-quick")
    page.keyboard.press("j")
    expect(panel.get_by_role("heading", name=names[1])).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert page.evaluate("document.activeElement.ariaLabel") == f"View {names[1]} beside the list"
    page.get_by_role("link", name=f"View {names[3]} beside the list").click()
    expect(panel.get_by_role("heading", name=names[3])).to_be_visible()
    panel.get_by_role("link", name="Close").click()
    expect(panel).to_be_hidden()
    page.keyboard.press("e")
    page.wait_for_url("**/edit/")
    assert len(stack.sandbox("GET", "/_sandbox/requests")["requests"]) == before
    assert notes.all() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_panel_on_a_small_screen(open_as: Open, theme: str) -> None:
    page, notes = open_as("paralegal", "/clients/", theme=theme)
    page.set_viewport_size({"width": 900, "height": 800})
    page.locator("[data-quick]").first.click()
    expect(page.get_by_role("complementary", name="Quick view")).to_be_visible()
    assert overflow(page) == []
    assert axe(page, theme=theme) == []
    screenshot(page, f"clients-quick-900-{theme}")
    assert notes.all() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_client_over_the_list_on_a_phone(open_as: Open, theme: str) -> None:
    page, notes = open_as("paralegal", "/clients/", size="390", theme=theme)
    names = page.locator("tbody th a").all_inner_texts()
    sheet = page.get_by_role("dialog", name=names[0])
    opener = page.get_by_role("link", name=f"View {names[0]} beside the list")
    opener.click()
    expect(sheet).to_be_visible()
    assert page.evaluate("document.activeElement.textContent") == "Open"
    assert overflow(page) == []
    assert axe(page) == []
    screenshot(page, f"clients-quick-390-{theme}")
    box = sheet.bounding_box()
    assert box
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844), "a sheet at the bottom"
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    sheet.get_by_role("link", name="Close").click()
    expect(sheet).to_be_hidden()
    opener.click()
    expect(sheet).to_be_visible()
    page.mouse.click(195, 20)
    expect(sheet).to_be_hidden()
    expect(opener).to_be_focused()
    assert page.url.endswith("/clients/")
    assert notes.all() == []


COVERED = """() => {
  const toast = document.querySelector(".toast").getBoundingClientRect();
  const below = (one) => {
    const box = one.getBoundingClientRect();
    return box.left < toast.right && box.right > toast.left && box.top < toast.bottom && box.bottom > toast.top;
  };
  const pressed = "main a, main button, main input, .burger, .account, .sidebar a";
  return [...document.querySelectorAll(pressed)].filter(below).map((one) => one.outerHTML);
}"""


@pytest.mark.parametrize("size", ["1440", "390"])
def test_a_toast_covers_nothing_that_can_be_pressed(open_as: Open, size: str) -> None:
    page, notes = open_as("paralegal", "/clients/61/", size=size)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".toast")).to_be_visible()
    assert page.evaluate(COVERED) == []
    assert overflow(page) == []
    screenshot(page, f"toast-{size}")
    assert notes.all() == []


def test_the_arrow_turns_while_kayse_is_asked(open_as: Open) -> None:
    page, _ = open_as("paralegal", "/clients/62/")
    page.evaluate(
        "document.addEventListener('submit', (event) => event.preventDefault())"
    )  # it takes for ever
    arrow = page.locator("#head form svg")
    expect(arrow).to_have_css("animation-name", "none")
    page.get_by_role("button", name="Refresh").click()
    expect(arrow).to_have_css("animation-name", "turn")


def test_who_opens_by_id_types_at_once(open_as: Open) -> None:
    page, notes = open_as("paralegal", "/clients/")
    page.get_by_role("link", name="Open by id").click()
    field = page.get_by_label("Kayse id")
    expect(field).to_be_focused()
    assert axe(page) == []
    page.keyboard.type("63")
    page.keyboard.press("Enter")
    page.wait_for_url("**/clients/63/")
    page.goto(page.url.replace("/63/", "/open/"))
    expect(field).to_be_focused()
    assert notes.all() == []


def test_the_list_beside_a_panel_keeps_its_words_whole(open_as: Open) -> None:
    page, notes = open_as("paralegal", "/clients/")
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.locator("aside .quick")).to_be_visible()
    tall = "(one) => one.clientHeight > 2 * parseFloat(getComputedStyle(one).lineHeight) + 12"
    assert page.evaluate(f"[...document.querySelectorAll('.cut, .quick dd')].filter({tall}).length") == 0
    assert overflow(page) == []
    assert notes.all() == []


def test_a_colleague_at_the_form_is_named_while_it_is_open(open_as: Open) -> None:
    page, notes = open_as("manager", "/clients/31/")
    here = page.locator("#here")
    expect(here).to_have_text("")
    form, _ = open_as("paralegal", "/clients/31/edit/")
    expect(here).to_contain_text("has this client open for editing", timeout=90_000)
    assert axe(page) == []
    screenshot(page, "client-colleague")
    form.get_by_label("City").fill("Waco")
    with form.expect_response("**/edit/here/", timeout=90_000) as beat:
        pass
    assert beat.value.status == 204
    expect(form.get_by_label("City")).to_have_value("Waco")
    assert notes.all() == []


def test_a_masked_value_is_revealed_in_its_place(stack: Stack, open_as: Open) -> None:
    change(stack, 41, "extra={'ssn': '078-05-1120'}")
    page, notes = open_as("paralegal", "/clients/41/")
    expect(page.get_by_text("•••-••-••••")).to_be_visible()
    assert axe(page) == []
    screenshot(page, "client-masked", full=True)
    page.get_by_role("button", name="Reveal Ssn").click()
    expect(page.get_by_text("078-05-1120")).to_be_visible()
    page.get_by_role("link", name="Which lists name these cases?").click()
    expect(page.get_by_text("Kayse does not tell who is on them")).to_be_visible()
    assert page.url.endswith("/clients/41/")
    assert axe(page) == []
    screenshot(page, "client-revealed", full=True)
    assert notes.all() == []


@pytest.mark.parametrize("size", ["1440", "390"])
def test_an_opt_out_is_in_the_report(open_as: Open, size: str) -> None:
    page, _ = open_as("paralegal", f"/clients/{51 + len(size)}/edit/")
    page.get_by_label("Opted out of calls").select_option("true")
    page.get_by_label("Reason").fill("Asked for it by letter")
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(re.compile(r"/clients/\d+/$"))
    report, notes = open_as(
        "auditor", "/clients/opt-outs/", size=size, theme="dark" if size == "390" else "light"
    )
    expect(report.get_by_text("opted out").first).to_be_visible()
    assert axe(report) == []
    assert overflow(report) == []
    screenshot(report, f"opt-outs-filled-{size}")
    assert notes.all() == []
