"""An import in a real browser: upload, map, fix two cells, run, watch, pause, resume, results, undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import axe, overflow, screenshot
from tests.e2e.conftest import Open
from tests.e2e.stack import Stack

ROWS = 1_200


@pytest.fixture
def worker(stack: Stack) -> Iterator[Stack]:
    """The stack with a worker that sends small requests to a slow vendor: long enough to be paused."""
    stack.sandbox("POST", "/_sandbox/switches", json={"bulk_row_ms": 20})
    stack.start("worker", "manage.py", "worker", "--interval", "0.2")
    yield stack
    stack.kill("worker")
    stack.sandbox("POST", "/_sandbox/switches", json={"bulk_row_ms": 0})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A partner's file with odd column names and two bad cells."""
    head = "Partner;Case No;First;Surname;Mail\r\n"
    rows = [f"acme;A-{n};Pat;Partner {n};pat{n}@example.com\r\n" for n in range(ROWS)]
    rows[3] = "acme;A-3;Pat;;pat3@example.com\r\n"
    rows[7] = "acme;A-7;Pat;Partner 7;pat at example\r\n"
    path = tmp_path / "partner list.csv"
    path.write_bytes((head + "".join(rows)).encode("cp1252"))
    return path


def test_from_upload_to_undo(worker: Stack, open_as: Open, file: Path) -> None:
    worker.sandbox("DELETE", "/_sandbox/requests")
    page, notes = open_as("paralegal", "/clients/import/")
    assert axe(page) == []
    page.get_by_label("CSV file").set_input_files(str(file))
    page.get_by_role("button", name="Continue to the columns").click()

    page.get_by_label("Partner", exact=True).select_option(label="External source")
    expect(page.get_by_label("Case No", exact=True)).to_have_value("external_source_id")
    assert axe(page) == []
    assert overflow(page) == []
    screenshot(page, "import-columns")
    page.get_by_role("button", name="Check every row").click()

    plan = page.locator("#plan")
    expect(plan).to_contain_text("1,198 will be created")
    expect(plan).to_contain_text("2 have errors")
    assert axe(page) == []
    screenshot(page, "import-check")
    page.get_by_label("Surname").first.fill("Partner 3")
    page.get_by_role("button", name="Check this row again").first.click()
    expect(plan).to_contain_text("1,199 will be created")
    page.get_by_label("Mail").first.fill("pat7@example.com")
    page.get_by_role("button", name="Check this row again").first.click()
    expect(plan).to_contain_text("1,200 will be created")
    assert worker.sandbox("GET", "/_sandbox/requests?method=POST")["count"] == 0, "nothing is sent yet"
    page.get_by_role("button", name="Import 1,200 rows").click()

    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    expect(page.locator("#progress")).to_contain_text("0 of 1,200 rows")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    worker.sandbox("POST", "/_sandbox/switches", json={"bulk_row_ms": 1})
    assert axe(page) == []
    screenshot(page, "job-paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#progress")).to_contain_text("1,200 of 1,200 rows", timeout=180_000)
    expect(page.locator("#progress")).to_contain_text("3 requests used")
    expect(page.get_by_role("link", name="Undo…")).to_be_visible()
    assert axe(page) == []
    screenshot(page, "job-done")
    with page.expect_download() as download:
        page.get_by_role("link", name="Created (1,200)").click()
    assert len(download.value.path().read_text().splitlines()) == ROWS + 1

    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_text("1,200 clients that it created are deleted")).to_be_visible()
    page.get_by_label("Type 1200 to confirm").fill("1200")
    page.get_by_role("button", name="Undo import").click()
    expect(page.locator("#progress")).to_contain_text("1,200 of 1,200 rows", timeout=180_000)
    export = worker.sandbox_text("/_sandbox/export.csv")
    assert export.count(",acme,") == 0
    # A download ends the navigation that began it.
    assert [note for note in notes.all() if not note.endswith("created.csv: net::ERR_ABORTED")] == []


def test_a_large_file_is_checked_by_a_worker(stack: Stack, open_as: Open, tmp_path: Path) -> None:
    """The page shows how far it is, and becomes the result by itself."""
    path = tmp_path / "large.csv"
    head = "external_source,external_source_id,first_name,last_name\n"
    path.write_text(head + "".join(f"acme,L-{n},Pat,Partner {n}\n" for n in range(6_000)))
    stack.sandbox("DELETE", "/_sandbox/requests")
    page, notes = open_as("paralegal", "/clients/import/")
    page.get_by_label("CSV file").set_input_files(str(path))
    page.get_by_role("button", name="Continue to the columns").click()
    page.get_by_role("button", name="Check every row").click()
    expect(page.locator("#progress")).to_contain_text("0 of about 6,001 rows checked")
    assert axe(page) == []
    assert overflow(page) == []
    screenshot(page, "import-checking")
    stack.start("worker", "manage.py", "worker", "--interval", "0.2")
    try:
        expect(page.locator("#plan")).to_contain_text("6,000 will be created", timeout=180_000)
    finally:
        stack.kill("worker")
    assert stack.sandbox("GET", "/_sandbox/requests")["count"] == 0
    assert notes.all() == []


def test_two_files_with_the_same_people(worker: Stack, open_as: Open, tmp_path: Path) -> None:
    """Both are checked before either is started: the second one's people are held back, and somebody decides."""
    worker.sandbox("POST", "/_sandbox/switches", json={"bulk_row_ms": 0})
    page, _ = open_as("paralegal", "/clients/import/")
    checked = []
    for name, count in (("first.csv", 2), ("second.csv", 3)):
        rows = "".join(f"zenith,Z-{n},Zoë,Held {n}\n" for n in range(count))
        (tmp_path / name).write_text("external_source,external_source_id,first_name,last_name\n" + rows)
        page.goto(f"{worker.base}/clients/import/")
        page.get_by_label("CSV file").set_input_files(str(tmp_path / name))
        page.get_by_role("button", name="Continue to the columns").click()
        page.get_by_role("button", name="Check every row").click()
        expect(page.locator("#plan")).to_contain_text(f"{count} will be created")
        checked.append(page.url)
    for url, count in zip(checked, (2, 3), strict=True):
        page.goto(url)
        page.get_by_role("button", name=f"Import {count} rows").click()
        expect(page.locator("#progress")).to_contain_text(f"{count} of {count} rows", timeout=60_000)
    held = page.get_by_role("region", name="Not sent: somebody decides")
    expect(held.get_by_role("listitem")).to_have_count(2)
    assert axe(page) == []
    assert overflow(page) == []
    screenshot(page, "job-held")
    page.set_viewport_size({"width": 390, "height": 844})
    assert overflow(page) == []
    screenshot(page, "job-held-narrow")
    held.get_by_role("button", name="Leave all out").click()
    expect(held).to_have_count(0)


def test_rows_are_mended_where_they_stand(stack: Stack, open_as: Open) -> None:
    """Page, place, focus and what was typed into other rows stay; the plan and the start follow."""
    page, notes = open_as("paralegal", "/clients/import/")
    rows = "".join(f"mend,M-{n},Pat,Row {n},no mail\n" for n in range(1, 26))
    page.get_by_label("Rows").fill("external_source,external_source_id,first_name,last_name,email\n" + rows)
    page.get_by_role("button", name="Continue to the columns").click()
    page.get_by_role("button", name="Check every row").click()
    page.get_by_role("link", name="More rows").click()
    expect(page.locator("#row-21")).to_be_visible()
    there = page.url
    row, other = page.locator("#row-22"), page.locator("#row-24").get_by_label("email")
    other.fill("typed@example.com")
    page.get_by_label("Reason").fill("typed as well")
    row.get_by_label("email").fill("still no mail")
    row.get_by_label("email").evaluate("field => (field.dataset.old = 'yes')")
    row.get_by_label("email").press("Enter")
    expect(row.locator("[data-old]")).to_have_count(0)  # the answer is there
    expect(row.locator("[aria-invalid=true]")).to_be_focused()
    expect(row.get_by_label("email")).to_have_value("still no mail")
    screenshot(page, "import-rows-wrong")
    row.get_by_label("email").fill("pat22@example.com")
    row.get_by_role("button", name="Check this row again").click()
    expect(row).to_contain_text("Will be created.")
    expect(row).to_be_focused()
    expect(page.locator("#plan")).to_contain_text("1 will be created")
    page.keyboard.press("Tab")
    expect(page.locator("#row-23").get_by_label("external_source", exact=True)).to_be_focused()
    expect(other).to_have_value("typed@example.com")
    expect(page.get_by_label("Reason")).to_have_value("typed as well")
    assert page.url == there
    assert axe(page) == []
    assert overflow(page) == []
    screenshot(page, "import-rows-mended")
    page.get_by_role("button", name="Import 1 row").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    assert [note for note in notes.all() if not note.startswith("422 ")] == []
