"""The summary beside a form: it follows what is typed and costs nothing."""

from __future__ import annotations

import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import OpenOperation
from tests.caselists_ui.helpers import form, no_operation, page_of, told
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db
URL = "/case-lists/preview/"


def test_it_tells_sentence_payload_counts_and_cost(sandbox: Sandbox, as_manager: Browser) -> None:
    text = page_of(as_manager.post(URL, form(name="A", case_types=["25"], include_ids="1 CASE-2 2")))
    for words in (
        "plus <strong>2</strong> picked by hand",
        "2 ids · 1 duplicate dropped",
        "&quot;case_type_ids&quot;: [25]",
        "&quot;include_ids&quot;: [1, 2]",
        "Hybrid",
        "Costs 1 request.",
        "No label is kept here for type 25",
    ):
        assert words in text, words
    assert "<html" not in text
    assert sandbox.requests(path="/v1/") == []
    no_operation()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"include_ids": "1 CASE-2 2 abc"}, "Include these cases: Not understood: “abc”."),
        (
            {"other_keys": '{"foo": [1], "case_type_ids": [1]}'},
            "Other filter keys: case_type_ids has a field of its own",
        ),
        ({"other_keys": "{"}, "Other filter keys: This is not JSON"),
        ({"exclude_ids": "5"}, "Leave these cases out: Cases can only be left out of a filter"),
        ({"name": "", "description": "d"}, "Name: This field is required."),
    ],
    ids=str,
)
def test_what_the_form_refuses_has_no_payload(
    sandbox: Sandbox, as_manager: Browser, values: dict[str, str], words: str
) -> None:
    """The panel says what will be sent, or why nothing will be; so does the draft that is opened again."""
    typed = form(**{"name": "A", "draft": str(uuid.uuid4()), **values})
    pages = [as_manager.post(URL, typed), as_manager.post("/case-lists/new/", typed)]
    pages.append(as_manager.get(f"/case-lists/drafts/{typed['draft']}/"))
    assert [page.status_code for page in pages] == [200, 422, 200]
    for page in pages:
        text = unescape(page_of(page))
        assert "This cannot be sent yet" in text
        assert words in text
        assert "Request payload" not in text
    if "include_ids" in values:
        assert "1 not understood: abc" in page_of(pages[0])
    no_operation()


def test_members_that_are_refused_have_no_payload(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    text = page_of(as_manager.post("/case-lists/1/preview/", form(include_ids="5 ID")))
    assert "Not understood: “ID”." in text
    assert "Request payload" not in text
    assert "Request payload" in page_of(as_manager.post("/case-lists/1/preview/", form(include_ids="5")))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"name": "x" * 10_000},
        {"name": "a\0"},
        {"other_keys": "{"},
        {"other_keys": "[" * 10_000},
        {"include_ids": "9" * 100_000},
        {"include_ids": " ".join(map(str, range(1, 20_000)))},
        {"exclude_ids": "5"},
        {"case_types": ["x", "0", str(2**63)]},
        {"is_obo": "maybe"},
        {"pk": "x"},
        {"pk": str(2**63)},
        {"operation": "x"},
    ],
    ids=str,
)
def test_whatever_is_typed_is_answered(as_manager: Browser, values: dict[str, Any]) -> None:
    assert as_manager.post(URL, values).status_code == 200


def test_of_a_list_that_is_not_known_there_is_none(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert as_manager.post(URL, {"name": "A", "pk": "999"}).status_code == 404
    assert as_manager.post("/case-lists/999/preview/", {}).status_code == 404
    assert as_manager.post("/case-lists/1/preview/", {"include_ids": "1 2"}).status_code == 200


def test_a_name_that_is_used_is_told(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert "used already, by list 1." in page_of(as_manager.post(URL, {"name": "Mass Tort Prospects"}))
    own = page_of(as_manager.post(URL, {"name": "Mass Tort Prospects", "pk": "1"}))
    assert "used already" not in own


def test_a_list_that_was_perhaps_made_is_told(
    sandbox: Sandbox, as_manager: Browser, as_admin: Browser
) -> None:
    """A second one of the name would call its people twice."""
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    as_manager.post("/case-lists/new/", form(name="Again", case_types=["25"]))
    words = "and nobody knows yet whether it was made."
    for browser in (as_manager, as_admin):
        assert words in page_of(browser.post(URL, {"name": "Again", "case_types": ["25"]}))
        assert words not in page_of(browser.post(URL, {"name": "Another", "case_types": ["25"]}))
    OpenOperation.objects.all().delete()  # it was found out
    assert words not in page_of(as_manager.post(URL, {"name": "Again", "case_types": ["25"]}))


def test_on_behalf_of_is_told_with_the_number(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    text = page_of(as_manager.post(URL, {"name": "A", "pk": "1", "is_obo": "yes", "include_ids": "1"}))
    assert "the 4 member cases as on behalf of" in text


def test_who_may(sandbox: Sandbox, people: dict[str, User], as_manager: Browser) -> None:
    told(as_manager)
    for url in (URL, "/case-lists/1/preview/"):
        assert as_manager.get(url).status_code == 405
        assert signed_in(people["auditor"]).post(url).status_code == 403
        assert Browser().post(url)["Location"].startswith("/sign-in/")
