"""One dashboard and one browser for all browser tests of a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Notebook, chromium, new_page
from tests.e2e.stack import PASSWORD, Stack, running_stack

# What is waited for comes at once, unless the machine is busy with much else.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[Stack]:
    """The whole dashboard, running."""
    with running_stack(tmp_path_factory.mktemp("stack"), prepared) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, running."""
    with chromium() as running:
        yield running


def session_of(stack: Stack, name: str) -> dict[str, str]:
    """Sign somebody in over HTTP; returns the cookies of the session."""
    with httpx.Client(base_url=stack.base, trust_env=False, follow_redirects=False) as http:
        page = http.get("/sign-in/").text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = http.post("/sign-in/", data=form, headers={"Referer": f"{stack.base}/sign-in/"})
        assert answer.status_code == 302, f"{name} could not sign in"
        return {cookie.name: str(cookie.value) for cookie in http.cookies.jar}


def select(stack: Stack, cookies: dict[str, str], *steps: str, query: str = "") -> httpx.Response:
    """Press these buttons below the list of clients, one after the other; the last answer."""
    with httpx.Client(base_url=stack.base, trust_env=False, cookies=cookies) as http:
        token = http.get("/clients/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        for go in steps:
            data = {"csrfmiddlewaretoken": token, "go": go}
            answer = http.post(f"/clients/select/?{query}", data=data, headers={"Referer": stack.base})
    return answer


def select_all(stack: Stack, cookies: dict[str, str], query: str = "") -> str:
    """Select every client who matches, as this person would in the list; returns the selection's token."""
    return select(stack, cookies, "all", "continue", query=query).headers["Location"].split("/")[3]


Open = Callable[..., tuple[Page, Notebook]]
CookiesOf = Callable[[str], dict[str, str]]


@pytest.fixture(scope="session")
def cookies_of(stack: Stack) -> CookiesOf:
    """The cookies of somebody who signed in for these tests.

    Signing in is slow on purpose, so a session serves many tests; not for long, because some pages ask for the
    password again five minutes after the last time.
    """
    signed_in: dict[str, tuple[float, dict[str, str]]] = {}

    def of(name: str) -> dict[str, str]:
        if name not in signed_in or time.monotonic() - signed_in[name][0] > 120:
            signed_in[name] = (time.monotonic(), session_of(stack, name))
        return signed_in[name][1]

    return of


@pytest.fixture
def open_as(stack: Stack, browser: Browser, cookies_of: CookiesOf) -> Iterator[Open]:
    """Open a page of the dashboard as somebody: `open_as("paralegal", "/clients/", size="390", theme="dark")`.

    A session serves many tests: whoever opens their first page begins without what another test has selected.
    """
    pages: list[Page] = []
    begun: set[str] = set()

    def now(name: str, path: str, size: str = "1440", theme: str = "light") -> tuple[Page, Notebook]:
        if name and name not in begun:
            begun.add(name)
            assert select(stack, cookies_of(name), "clear").status_code < 400
        page, notes = new_page(browser, size, theme, cookies_of(name) if name else None, url=stack.base)
        pages.append(page)
        page.goto(f"{stack.base}{path}")
        return page, notes

    yield now
    for page in pages:
        page.context.close()
