"""A real browser for the tests: Chromium with a notebook of everything that went wrong on its pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = {"1440": (1440, 900), "390": (390, 844)}
#: WCAG 2.2 AA and axe's own best practices.
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Those of them that look at colours.
AXE_COLOURS = ["color-contrast", "link-in-text-block"]


def chromium_path() -> str | None:
    """Where Chromium is on this machine, None if it is not. The one without windows costs less."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@dataclass
class Notebook:
    """What went wrong on a page, and what it cost: read it after the last step."""

    violations: list[str] = field(default_factory=list)  # of the Content-Security-Policy
    errors: list[str] = field(default_factory=list)  # console errors and uncaught exceptions
    failed: list[str] = field(default_factory=list)  # requests without an answer, answers from 400 up
    sizes: dict[str, int] = field(default_factory=dict)  # address -> bytes on the wire, headers included
    heads: dict[str, int] = field(default_factory=dict)  # address -> bytes of the headers among them

    def all(self) -> list[str]:
        """Everything that went wrong."""
        return [*self.violations, *self.errors, *self.failed]

    def forget(self) -> None:
        """Begin a new page in the notebook."""
        for part in (self.violations, self.errors, self.failed, self.sizes, self.heads):
            part.clear()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium, ended with the block."""
    path = chromium_path()
    if path is None:
        raise RuntimeError("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = launch(playwright, path)
        try:
            yield browser
        finally:
            browser.close()


def launch(playwright: Playwright, path: str) -> Browser:
    """Start the Chromium at `path`, headless and without talking to its maker."""
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


def new_page(
    browser: Browser,
    size: str = "1440",
    theme: str = "light",
    cookies: dict[str, str] | None = None,
    url: str = "",
) -> tuple[Page, Notebook]:
    """A page in a context of its own, watched by a notebook. `cookies` (name to value) are set for `url`."""
    width, height = SIZES[size]
    touch = size == "390"
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light", has_touch=touch, is_mobile=touch
    )
    for name, value in {"theme": theme, **(cookies or {})}.items() if url else ():
        context.add_cookies([{"name": name, "value": value, "url": url}])
    context.set_default_timeout(60_000)
    page = context.new_page()
    return page, watch(context, page)


def watch(context: BrowserContext, page: Page) -> Notebook:
    """Write down every violation, error, failed request and transfer of the page from now on."""
    notes = Notebook()

    def console(message: Any) -> None:
        if "Content Security Policy" in message.text:
            notes.violations.append(message.text)
        elif message.type == "error" and not message.text.startswith("Failed to load resource"):
            notes.errors.append(message.text)

    page.on("console", console)
    page.on("pageerror", lambda error: notes.errors.append(str(error)))

    def lost(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the browser's own doing: a click led to another page
            notes.failed.append(f"{request.method} {request.url}: {request.failure}")

    page.on("requestfailed", lost)
    page.on("response", lambda r: notes.failed.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    _measure(context, page, notes)
    return notes


def _measure(context: BrowserContext, page: Page, notes: Notebook) -> None:
    session = context.new_cdp_session(page)
    addresses: dict[str, str] = {}
    session.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))

    def finished(event: dict[str, Any]) -> None:
        url = addresses.get(event["requestId"], "")
        if not url.startswith("http"):  # the browser's own pictures for its form controls
            return
        notes.sizes[url] = notes.sizes.get(url, 0) + int(event["encodedDataLength"])

    def begun(event: dict[str, Any]) -> None:
        notes.heads[event["response"]["url"]] = int(event["response"]["encodedDataLength"])

    session.on("Network.responseReceived", begun)
    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")


def axe(page: Page, within: str | None = None, theme: str = "light") -> list[str]:
    """The accessibility faults that axe finds, one line each. It runs with the page's policy on.

    A page whose theme is dark differs from the light one in its colours alone: only the rules about these are asked.
    The script is evaluated by the debugger, which is no script of the page: the policy stays whole.
    """
    # What is still fading in has another contrast than it will have.
    page.evaluate("Promise.allSettled(document.getAnimations().map((animation) => animation.finished))")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    rules = AXE_COLOURS if theme == "dark" else AXE_RULES
    answer = page.evaluate(
        """async ([where, rules]) => {
          const found = await axe.run(where || document, { runOnly: rules, resultTypes: ["violations"] });
          const faults = found.violations.flatMap(({ id, nodes }) =>
            nodes.map(({ target, failureSummary }) => [id, target.join(" "), failureSummary || ""])
          );
          return { checked: found.passes.length, faults };
        }""",
        [within, rules],
    )
    if not answer["checked"]:
        raise AssertionError("axe checked nothing")
    return [f"{rule}: {target}: {' '.join(why.split())}" for rule, target, why in answer["faults"]]


def overflow(page: Page) -> list[str]:
    """What makes the page scroll sideways; empty when nothing does."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.body.querySelectorAll("*")]
            .filter((e) => e.getBoundingClientRect().right > width + 1)
            .map((e) => `${e.tagName.toLowerCase()}.${e.className}`);
        }"""
    )
    return found


def small_targets(page: Page, least: int = 44) -> list[str]:
    """Controls that are lower than `least` px, for a coarse pointer; links inside text are exempt."""
    found: list[str] = page.evaluate(
        """(least) => [...document.querySelectorAll("button, .btn, select, input:not([type=hidden])")]
          .filter((e) => e.checkVisibility() && !/checkbox|radio/.test(e.type))
          .map((e) => [e, e.getBoundingClientRect()])
          .filter(([, box]) => box.height && box.height < least - 0.5)
          .map(([e, box]) => `${e.tagName.toLowerCase()}.${e.className} ${Math.round(box.height)} px`)""",
        least,
    )
    return found


def screenshot(page: Page, name: str, full: bool = False) -> Path | None:
    """Keep a picture `name`.png in the folder that SCREENSHOTS_DIR names; None when it names none."""
    folder = os.environ.get("SCREENSHOTS_DIR")
    if not folder:
        return None
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=full, animations="disabled")
    # The debugger leaves style="" behind; htmx would copy it in a swap, and the policy would rightly object.
    page.evaluate("document.querySelectorAll('[style=\"\"]').forEach((e) => e.removeAttribute('style'))")
    return path
