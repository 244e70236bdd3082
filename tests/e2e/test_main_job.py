"""The main job in a browser: a paralegal corrects a client, a manager builds a list, an auditor sees both."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.browser import Notebook, new_page
from tests.e2e.conftest import Open
from tests.e2e.stack import PASSWORD, Stack


def sign_in(page: Page, stack: Stack, name: str) -> None:
    page.goto(f"{stack.base}/sign-in/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{stack.base}/")


def sent(stack: Stack, method: str, path: str) -> int:
    """How many such requests have reached the vendor."""
    found = stack.sandbox("GET", "/_sandbox/requests", params={"method": method})["requests"]
    return sum(re.fullmatch(path, one["path"]) is not None for one in found)


def clean(notes: Notebook) -> None:
    """Nothing went wrong; a preview that a click overtook is cancelled, htmx says so, and that is right."""
    overtaken = re.compile(r"/preview/: net::ERR_ABORTED|^htmx:(afterRequest|sendAbort|sendError)")
    assert [line for line in notes.all() if not overtaken.search(line)] == []


def test_the_main_job(stack: Stack, browser: object, open_as: Open) -> None:
    """One story: a paralegal, a manager, and the auditor who sees what the two have done."""
    correct_a_client(stack, browser)
    build_a_list(stack, open_as)
    review_both(stack, open_as)


def correct_a_client(stack: Stack, browser: object) -> None:
    page, notes = new_page(browser, url=stack.base)  # type: ignore[arg-type]
    sign_in(page, stack, "paralegal")
    before = stack.sandbox("GET", "/_sandbox/clients/11")
    page.get_by_role("link", name="Clients", exact=True).click()
    name = f"{before['first_name'][:3]} {before['last_name'][:3]}"
    page.get_by_role("searchbox", name="Search clients").type(name, delay=20)
    row = page.get_by_role("link", name=f"{before['first_name']} {before['last_name']}").first
    expect(row).to_be_visible()
    page.goto(f"{stack.base}/clients/11/")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("City").fill("Waco")
    page.get_by_label("Reason").fill("She moved")
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url(f"{stack.base}/clients/11/")
    expect(page.get_by_text("Waco").first).to_be_visible()
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    history.locator("summary").first.click()
    expect(history.get_by_text("Reason: She moved")).to_be_visible()
    after = stack.sandbox("GET", "/_sandbox/clients/11")
    assert {key for key in after if after[key] != before[key]} - {"update_origin"} == {"city"}
    assert sent(stack, "PUT", "/v1/clients/11") == 1
    clean(notes)
    page.context.close()


def build_a_list(stack: Stack, open_as: Open) -> None:
    page, notes = open_as("manager", "/case-lists/new/")
    page.get_by_label("Name", exact=True).fill("Built in a browser")
    first = page.locator("select[name=case_types] option").first.get_attribute("value")
    page.locator("select[name=case_types]").select_option(first, force=True)
    page.get_by_label("Include these cases").fill("CASE-101, 102 102\n103")
    expect(page.locator(".sentence")).to_contain_text("plus 3 picked by hand")
    page.get_by_role("button", name="Create list").click()
    page.wait_for_url(re.compile(r"/case-lists/\d+/$"))
    pk = int(page.url.rstrip("/").rsplit("/", 1)[1])
    members = stack.sandbox("GET", f"/_sandbox/lists/{pk}/members")["case_ids"]
    assert {101, 102, 103} <= set(members)

    page.get_by_role("link", name="Detach cases").click()
    page.get_by_label("Include these cases").or_(page.get_by_label("These cases")).first.fill("101")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("may be called").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Detach")).click()
    page.wait_for_url(re.compile(rf"/case-lists/{pk}/$"))
    now = stack.sandbox("GET", f"/_sandbox/lists/{pk}/members")["case_ids"]
    assert set(members) - set(now) == {101}

    page.get_by_role("link", name="Attach cases").click()
    page.get_by_label("Include these cases").or_(page.get_by_label("These cases")).first.fill("101")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name=re.compile("Attach")).click()
    page.wait_for_url(re.compile(rf"/case-lists/{pk}/$"))
    assert stack.sandbox("GET", f"/_sandbox/lists/{pk}/members")["case_ids"] == members

    page.get_by_role("link", name="Duplicate").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Duplicate")).click()
    page.wait_for_url(re.compile(rf"/case-lists/(?!{pk}/)\d+/$"))
    copy = int(page.url.rstrip("/").rsplit("/", 1)[1])
    assert stack.sandbox("GET", f"/_sandbox/lists/{copy}/members")["case_ids"] == members
    clean(notes)


def test_every_endpoint_is_reached_by_a_click(stack: Stack, open_as: Open) -> None:
    """All but the clients' two bulk endpoints, each change with one intent and one outcome in the record."""
    page, notes = open_as("admin", "/clients/new/")
    events = stack.manage("shell", "-v0", "-c", COUNT_EVENTS)
    stack.sandbox("DELETE", "/_sandbox/requests")
    for label, text in (
        ("First name", "Click"),
        ("Last name", "Through"),
        ("External source", "manual"),
        ("External id", "click-1"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Create client").click()
    page.wait_for_url(re.compile(r"/clients/\d+/$"))
    page.get_by_role("button", name=re.compile("Refresh")).click()
    expect(page.get_by_text(re.compile("as of")).first).to_be_visible()
    page.get_by_role("link", name="Delete", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name=re.compile("Delete")).click()
    expect(page.get_by_text(re.compile("deleted", re.IGNORECASE)).first).to_be_visible()

    page.goto(f"{stack.base}/case-lists/")
    page.goto(f"{stack.base}/case-lists/2/")
    for verb in ("Append", "Remove"):
        page.get_by_role("link", name=f"{verb} clients").click()
        page.locator("[name=client_ids]").fill("21, 22")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name=re.compile(verb)).click()
        page.wait_for_url(re.compile(r"/case-lists/2/$"))
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name", exact=True).fill("Renamed by a click")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Save list").click()
    page.wait_for_url(re.compile(r"/case-lists/2/$"))
    expect(page.get_by_role("heading", name="Renamed by a click")).to_be_visible()
    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Delete")).click()
    page.wait_for_url(f"{stack.base}/case-lists/")

    calls = stack.sandbox("GET", "/_sandbox/requests")["requests"]
    reached = {f"{one['method']} {re.sub('(?<=/)[0-9]+', '#', one['path'])}" for one in calls}
    assert {
        "POST /v1/clients",
        "GET /v1/clients/#",
        "DELETE /v1/clients/#",
        "GET /v1/case_lists",
        "POST /v1/case_lists/#/clients/append",
        "POST /v1/case_lists/#/clients/remove",
        "POST /v1/case_lists/bulk",
        "POST /v1/case_lists/bulk_delete",
    } <= reached, reached
    counts = zip(events.split(), stack.manage("shell", "-v0", "-c", COUNT_EVENTS).split(), strict=True)
    changes = sum(one["method"] != "GET" for one in calls)
    assert changes >= 6
    assert [int(now) - int(before) for before, now in counts] == [changes] * 2, "one intent, one outcome each"
    clean(notes)


#: Prints how many intents and how many outcomes there are.
COUNT_EVENTS = (
    "from kayse_admin.audit.models import Event; "
    "print(*(Event.objects.filter(stage=s).count() for s in ('intent', 'outcome')))"
)


def review_both(stack: Stack, open_as: Open) -> None:
    page, notes = open_as("auditor", "/audit/")
    log = page.locator(".feed")
    expect(log.get_by_text(re.compile("Demo Paralegal")).first).to_be_visible()
    expect(log.get_by_text(re.compile("Built in a browser")).first).to_be_visible()
    line = page.locator("details", has_text="Waco").first
    line.locator("summary").click()
    expect(line.get_by_text("Waco").last).to_be_visible()
    link = line.locator("a[href^='/audit/']").first.get_attribute("href")
    page.goto(f"{stack.base}{link}")
    for words in ("Demo Paralegal", "127.0.0.1", "Waco"):
        expect(page.get_by_role("main").get_by_text(words).first).to_be_visible()
    clean(notes)


def test_browsing_costs_nothing(stack: Stack, open_as: Open) -> None:
    page, _ = open_as("paralegal", "/clients/")
    stack.sandbox("DELETE", "/_sandbox/requests")
    for pk in range(20, 70):
        answer = page.request.get(f"{stack.base}/clients/{pk}/")
        assert answer.status == 200
    for typed in (
        "gar mar",
        "ana",
        "555",
        "0152",
        "austin, tx",
        "@example.com",
        "LD-10",
        "78701",
        "o'br",
        "36",
    ):
        for parameters in ({"q": typed}, {"q": typed, "size": 50}):
            answer = page.request.get(f"{stack.base}/clients/", params=parameters)
            assert answer.status == 200
    assert stack.sandbox("GET", "/_sandbox/requests")["count"] == 0


def test_the_list_index_costs_one_request_a_minute(stack: Stack, open_as: Open) -> None:
    page, _ = open_as("manager", "/")
    stack.sandbox("DELETE", "/_sandbox/requests")
    for parameters in ({}, {}, {"q": "roundup"}, {"hide_empty": "on"}, {"size": 50}, {"q": "e", "page": 1}):
        assert page.request.get(f"{stack.base}/case-lists/", params=parameters).status == 200  # type: ignore[arg-type]
    assert sent(stack, "GET", "/v1/case_lists") <= 1
    assert stack.sandbox("GET", "/_sandbox/requests")["count"] <= 1
