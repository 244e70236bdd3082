"""GET /case-lists/: one request a minute at most, whatever is searched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from caselists_ui import listing
from caselists_ui.listing import Query
from caselists_ui.models import CaseList
from tests.caselists_ui.helpers import confirmed, page_of, told
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db
URL = "/case-lists/"


def names(browser: Browser, **query: Any) -> list[str]:
    """The names on the page, in their order."""
    response = browser.get(URL, query)
    assert response.status_code == 200
    return [str(row["list"]) for row in response.context["rows"]]


def vendor_names(sandbox: Sandbox, **query: Any) -> list[str]:
    """What the vendor answers to the same question."""
    question = "&".join(f"{name}={value}" for name, value in query.items())
    return [row["name"] for row in sandbox.call("GET", f"/case_lists?{question}")["data"]]


def test_everything_is_answered_by_one_request(sandbox: Sandbox, as_manager: Browser) -> None:
    for query in (
        {},
        {"q": "tort"},
        {"q": "TORT"},
        {"hide_empty": "on"},
        {"page": 2},
        {"size": 50},
        {"q": "zzzz"},
    ):
        names(as_manager, **query)
    assert len(sandbox.requests(path="/v1/")) == 1


def test_the_page_says_when_it_asks(sandbox: Sandbox, as_manager: Browser) -> None:
    words = "A search costs 1 request, again only after a minute"
    assert words in page_of(as_manager.get(URL))
    assert "case lists cost 1 a minute at most for the same search" in page_of(as_manager.get("/"))


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({}, {}),
        ({"q": "tort"}, {"key": "tort"}),
        ({"q": "núñez"}, {"key": "núñez"}),
        ({"hide_empty": "on"}, {"hide_empty": "true"}),
        ({"q": "e", "hide_empty": "on"}, {"key": "e", "hide_empty": "true"}),
        ({"page": 2}, {"page": 2}),
    ],
)
def test_search_paging_and_hiding_agree_with_the_vendors(
    sandbox: Sandbox, as_manager: Browser, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    for number in range(20):
        sandbox.call("POST", "/case_lists", {"name": f"More {number}"})
    assert names(as_manager, **mine) == vendor_names(sandbox, **theirs)


def test_a_firm_with_more_lists_than_one_answer_holds(sandbox: Sandbox, as_manager: Browser) -> None:
    many = [{"name": f"Bulk {number:03}"} for number in range(150)]
    sandbox.call("POST", "/case_lists/bulk", {"lists": many})
    assert names(as_manager) == vendor_names(sandbox)
    before = len(sandbox.requests(path="/v1/"))
    assert names(as_manager, page=2) == vendor_names(sandbox, page=2)
    assert names(as_manager, q="bulk 1", page=2) == vendor_names(sandbox, key="bulk%201", page=2)
    assert names(as_manager, q="bulk 1", page=2) == vendor_names(sandbox, key="bulk%201", page=2)
    mine = [one for one in sandbox.requests(path="/v1/")[before:] if "page_size" in str(one)]
    assert len(mine) == 1
    assert names(as_manager, q="bulk 14") == vendor_names(sandbox, key="bulk%2014")


@pytest.mark.django_db(transaction=True)  # threads see only what is committed
def test_many_people_at_once_cost_one_request(
    sandbox: Sandbox, as_manager: Browser, people: dict[str, Any]
) -> None:
    def look(_: int) -> int:
        try:
            return signed_in(get_user_model().objects.get(username="manager")).get(URL).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(look, range(6))) == {200}
    assert len(sandbox.requests(path="/v1/")) == 1


def test_a_write_drops_what_was_cached(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert as_manager.post(URL + "1/delete/", confirmed()).status_code == 303
    assert "Mass Tort Prospects" not in names(as_manager)


def test_after_a_minute_the_vendor_is_asked_again(
    sandbox: Sandbox, as_manager: Browser, settings: Any
) -> None:
    settings.KAYSE_LISTS_TTL = 0
    told(as_manager)
    sandbox.call("POST", "/case_lists", {"name": "Made elsewhere"})
    assert "Made elsewhere" in names(as_manager)


def test_an_answer_that_a_write_overtook_is_not_kept(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    name = listing._name(listing.EVERYTHING)
    listing.drop()
    assert cache.get(name)
    assert cache.get(listing._name(listing.EVERYTHING)) is None


def test_the_local_copy_answers_while_the_vendor_is_away(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    listing.drop()
    sandbox.fault("status", path="/v1/case_lists", times=None, status=503)
    response = as_manager.get(URL, {"q": "tort"})
    text = page_of(response)
    assert response.status_code == 200
    assert "Mass Tort Prospects" in text
    assert "as they are known here" in text
    assert "as of" in text


def test_the_first_page_without_a_vendor_says_so(as_manager: Browser) -> None:
    text = page_of(as_manager.get(URL))
    assert "No list is known here yet" in text
    assert "could not be reached" in text


def test_nothing_is_asked_twice_while_it_fails(sandbox: Sandbox, as_manager: Browser) -> None:
    sandbox.fault("status", path="/v1/case_lists", times=None, status=400)
    for _ in range(3):
        assert as_manager.get(URL).status_code == 200
    assert len(sandbox.requests(path="/v1/")) == 1


def test_a_list_that_is_gone_at_the_vendor_is_gone_here(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    sandbox.call("POST", "/case_lists/bulk_delete", {"ids": [3]})
    listing.drop()
    assert len(names(as_manager)) == 11
    assert CaseList.objects.get(pk=3).gone_at is not None


def test_queries_do_not_grow_with_the_lists(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    with CaptureQueriesContext(
        connection,
    ) as few:
        as_manager.get(URL)
    sandbox.call("POST", "/case_lists/bulk", {"lists": [{"name": f"Bulk {n}"} for n in range(60)]})
    listing.drop()
    as_manager.get(URL, {"size": 100})
    with CaptureQueriesContext(connection) as many:
        as_manager.get(URL, {"size": 100})
    assert len(many) <= len(few)


@pytest.mark.parametrize("odd", ["", "0", "-1", "x", "1e3", "٣", "07", "1000", "9" * 10, "9" * 30, "a\0b"])
def test_odd_values_count_as_not_given(sandbox: Sandbox, as_manager: Browser, odd: str) -> None:
    """As in the list of clients."""
    wanted = names(as_manager)
    assert names(as_manager, size=odd) == wanted
    assert names(as_manager, hide_empty="", sort=odd) == wanted
    if odd != "1000":  # that is a page, if an empty one
        answer = as_manager.get(URL, {"page": odd}, headers={"HX-Request": "true"})
        assert names(as_manager, page=odd) == wanted
        assert answer["HX-Push-Url"] == URL, "the address is put right"
    assert len(sandbox.requests(path="/v1/")) == 1


def test_a_page_after_the_last_is_empty(sandbox: Sandbox, as_manager: Browser) -> None:
    assert names(as_manager, page=99) == []


@pytest.mark.parametrize("words", ["x" * 256, "a\0b"])
def test_a_search_that_cannot_be_sent_is_refused(sandbox: Sandbox, as_manager: Browser, words: str) -> None:
    response = as_manager.get(URL, {"q": words})
    assert response.status_code == 422
    assert "cannot be searched for" in page_of(response)
    assert sandbox.requests(path="/v1/") == []


def test_scripts_in_names_are_only_text(sandbox: Sandbox, as_manager: Browser) -> None:
    sandbox.call("POST", "/case_lists", {"name": "<script>alert(1)</script>{{ 7*7 }}"})
    text = page_of(as_manager.get(URL, {"q": "<script>"}))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in text


def test_the_fragment_carries_its_address(sandbox: Sandbox, as_manager: Browser) -> None:
    response = as_manager.get(URL, {"q": "tort", "page": "1"}, headers={"HX-Request": "true"})
    assert "<html" not in page_of(response)
    assert response["HX-Push-Url"] == "/case-lists/?q=tort"


def test_sign_in_and_role(
    sandbox: Sandbox, as_nobody: Browser, as_auditor: Browser, as_paralegal: Browser
) -> None:
    assert Browser().get(URL)["Location"].startswith("/sign-in/")
    assert as_nobody.get(URL).status_code == 403
    assert "New list" not in page_of(as_auditor.get(URL))
    assert "New list" not in page_of(as_paralegal.get(URL))
    assert as_auditor.post(URL).status_code == 405


def test_a_question_counts_its_pages() -> None:
    assert Query(page=3, size=50).first == 100
