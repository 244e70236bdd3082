"""From the invitation to the security key, in a browser with a virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.support import code_of
from tests.e2e.browser import Notebook, axe, new_page, overflow, screenshot
from tests.e2e.stack import PASSWORD, Stack

GOOD = "four quiet otters sing"


def at(stack: Stack, path: str) -> str:
    """The address under a name: security keys are for names, not for numbers."""
    return f"http://localhost:{stack.port}{path}"


def sign_in(page: Page, stack: Stack, name: str, password: str) -> None:
    """Fill in the form."""
    page.goto(at(stack, "/sign-in/"))
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def healthy(page: Page, notes: Notebook, name: str) -> None:
    """Nothing on the page goes against the policy, and axe finds nothing."""
    screenshot(page, name)
    assert notes.all() == []
    assert axe(page) == []
    assert overflow(page) == []


@pytest.fixture
def visitor(browser: Browser) -> Iterator[tuple[Page, Notebook]]:
    """A browser with a security key in it."""
    page, notes = new_page(browser)
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page, notes
    page.context.close()


def invited(browser: Browser, stack: Stack, name: str) -> str:
    """Let the administrator invite somebody; returns the link."""
    page, notes = new_page(browser)
    sign_in(page, stack, "admin", PASSWORD)
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Invite").click()
    for label, value in (("First name", "Vera"), ("Last name", name.capitalize()), ("User name", name)):
        page.get_by_label(label).fill(value)
    page.get_by_label("Paralegal").check()
    page.get_by_role("button", name="Invite").click()
    link = page.locator("[data-link]").inner_text()
    healthy(page, notes, "people-link")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name=f"Vera {name.capitalize()}")).to_be_visible()
    page.context.close()
    return link


def test_a_security_key(stack: Stack, browser: Browser, visitor: tuple[Page, Notebook]) -> None:
    page, notes = visitor
    page.goto(invited(browser, stack, "keyholder"))
    page.get_by_label("New password", exact=True).fill(GOOD)
    page.get_by_label("New password, again").fill(GOOD)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url("**/sign-in/")
    sign_in(page, stack, "keyholder", GOOD)
    expect(page).to_have_url(at(stack, "/"))

    page.goto(at(stack, "/account/second-factor/keys/add/"))
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Add key").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    healthy(page, notes, "recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Blue key")).to_be_visible()
    healthy(page, notes, "second-factor-key")

    page.goto(at(stack, "/account/second-factor/keys/add/"))
    page.get_by_role("button", name="Add key").click()
    expect(page.get_by_text("This key is set up already.")).to_be_visible()

    page.context.clear_cookies()
    sign_in(page, stack, "keyholder", GOOD)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    healthy(page, notes, "second-factor-enter")
    page.get_by_role("button", name="Use a security key").click()
    expect(page).to_have_url(at(stack, "/"))

    page.goto(at(stack, "/account/confirm/key/?next=/account/"))
    healthy(page, notes, "confirm-key")
    page.get_by_role("button", name="Use a security key").click()
    expect(page).to_have_url(at(stack, "/account/"))

    page.goto(at(stack, "/account/second-factor/"))
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No security key")).to_be_visible()
    assert notes.all() == []


def test_an_authenticator_app(stack: Stack, browser: Browser, visitor: tuple[Page, Notebook]) -> None:
    page, notes = visitor
    page.goto(invited(browser, stack, "appholder"))
    page.get_by_label("New password", exact=True).fill(GOOD)
    page.get_by_label("New password, again").fill(GOOD)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url("**/sign-in/")
    sign_in(page, stack, "appholder", GOOD)
    page.goto(at(stack, "/account/second-factor/app/add/"))
    healthy(page, notes, "second-factor-app")
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_role("textbox", name="Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up").click()
    codes = page.get_by_label("Recovery codes").inner_text().split()
    assert len(codes) == 10
    page.context.clear_cookies()
    sign_in(page, stack, "appholder", GOOD)
    page.get_by_role("textbox", name="Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(at(stack, "/"))
    assert notes.all() == []


def test_an_administrator_acts_in_dialogs(stack: Stack, browser: Browser) -> None:
    invited(browser, stack, "leaver")
    page, notes = new_page(browser)
    sign_in(page, stack, "admin", PASSWORD)
    page.goto(at(stack, "/people/"))
    page.get_by_role("link", name="Vera Leaver").click()
    page.get_by_role("link", name="Change roles").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Auditor").check()
    healthy(page, notes, "people-roles-dialog")
    dialog.get_by_role("button", name="Change roles").click()
    expect(page.get_by_text("Paralegal, Auditor")).to_be_visible()
    page.get_by_role("link", name="Disable").click()
    dialog.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("Vera Leaver was disabled.")).to_be_visible()
    expect(page.get_by_role("link", name="Enable")).to_be_visible()
    page.get_by_role("link", name="Enable").click()
    dialog.get_by_role("button", name="Enable").click()
    page.get_by_role("link", name="Password link").click()
    dialog.get_by_role("button", name="Issue link").click()
    expect(page.locator("[data-link]")).to_contain_text("/account/invitation/")
    assert notes.all() == []
    page.context.close()
