"""GET /v1/case_lists, one page and all of them"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kayse_admin.kayse_api import Applied, KayseClient, RateLimited, Unknown, UnknownReason
from kayse_admin.kayse_api.resources.case_lists import MAX_PAGES
from tests.kayse_api.conftest import MakeClient
from tests.kayse_api.scripted_server import KEEP, Act, Talk, as_json, scripted
from tests.kayse_api.support import Vendor, value_of


class TestPage:
    def test_works(self, kayse: KayseClient, vendor: Vendor) -> None:
        page = value_of(kayse.case_lists.list())
        assert (page.page, page.total, len(page.data)) == (1, 12, 12)
        assert page.data[1].name == "PI New Leads"
        assert page.data[1].case_count == len(vendor.members(2))
        assert page.unreadable == []

    @pytest.mark.parametrize("total", ["lists", "pages"])
    def test_paging(self, total: str, kayse: KayseClient, vendor: Vendor) -> None:
        vendor.reset(total=total)
        ids = [
            [row.id for row in value_of(kayse.case_lists.list(page=n, page_size=5)).data]
            for n in (1, 2, 3, 4)
        ]
        assert [len(page) for page in ids] == [5, 5, 2, 0]
        assert [id for page in ids for id in page] == [*range(1, 11), 44, 55]

    def test_search(self, kayse: KayseClient) -> None:
        names = [row.name for row in value_of(kayse.case_lists.list("núñez (OBO)")).data]
        assert names == ["Referral partner: O'Brien & Núñez (OBO)"]
        assert value_of(kayse.case_lists.list("no such list")).data == []

    def test_hide_empty(self, kayse: KayseClient) -> None:
        shown = value_of(kayse.case_lists.list(hide_empty=True)).data
        assert 0 < len(shown) < 12
        assert all(row.case_count for row in shown)


class TestAll:
    def test_ends_at_a_page_that_is_not_full(self, kayse: KayseClient, vendor: Vendor) -> None:
        for number in range(95):
            value_of(kayse.case_lists.create({"name": f"More {number}"}))
        pages = list(kayse.case_lists.iter_all())
        assert [len(value_of(page).data) for page in pages] == [100, 7]
        assert [one["query"]["page_size"] for one in vendor.arrived("GET")] == [["100"], ["100"]]

    def test_of_exactly_one_full_page(self, kayse: KayseClient) -> None:
        for number in range(88):
            value_of(kayse.case_lists.create({"name": f"More {number}"}))
        assert [len(value_of(page).data) for page in kayse.case_lists.iter_all()] == [100, 0]

    def test_carries_the_search(self, kayse: KayseClient) -> None:
        (page,) = kayse.case_lists.iter_all("tort", hide_empty=True)
        assert all("tort" in (row.name or "").lower() for row in value_of(page).data)

    def test_stops_at_the_first_page_that_is_missing(self, kayse: KayseClient, vendor: Vendor) -> None:
        for number in range(95):
            value_of(kayse.case_lists.create({"name": f"More {number}"}))
        vendor.fault("status", status=429, method="GET", skip=1)
        pages = list(kayse.case_lists.iter_all())
        assert [type(page) for page in pages] == [Applied, RateLimited]

    def test_asks_for_no_page_that_nobody_wants(self, kayse: KayseClient, vendor: Vendor) -> None:
        next(kayse.case_lists.iter_all())
        assert len(vendor.arrived("GET")) == 1


def pages(rows: Callable[[int], list[Any]], total: Any = 1) -> Act:
    """Answers with the rows of whatever page was asked for."""

    def act(talk: Talk) -> bool:
        number = int(parse_qs(urlsplit(talk.read().target).query)["page"][0])
        talk.send(as_json({"data": rows(number), "page": number, "total": total}))
        return KEEP

    return act


def full(number: int) -> list[dict[str, Any]]:
    return [{"id": number * 100 + index} for index in range(100)]


class TestServersThatNeverEnd:
    def test_the_same_page_again_and_again(self, connect: MakeClient) -> None:
        with scripted(pages(lambda number: full(1))) as server:
            outcomes = list(connect(server.url).case_lists.iter_all())
        assert isinstance(outcomes[-1], Unknown)
        assert outcomes[-1].reason is UnknownReason.ENDLESS
        assert server.count("GET") == 2

    def test_new_rows_for_ever(self, connect: MakeClient) -> None:
        with scripted(pages(full)) as server:
            outcomes = list(connect(server.url).case_lists.iter_all())
        assert isinstance(outcomes[-1], Unknown)
        assert outcomes[-1].reason is UnknownReason.ENDLESS
        assert server.count("GET") == MAX_PAGES

    def test_full_pages_of_nothing_that_can_be_read(self, connect: MakeClient) -> None:
        with scripted(pages(lambda number: [{}] * 100)) as server:
            outcomes = list(connect(server.url).case_lists.iter_all())
        assert outcomes[-1].result == "unknown"
        assert server.count("GET") == 1

    @pytest.mark.parametrize("total", [0, 1, -1, None, "many", 10**30, json.loads("1e300")])
    def test_total_is_not_believed(self, total: Any, connect: MakeClient) -> None:
        with scripted(pages(lambda number: full(number) if number < 3 else [], total)) as server:
            outcomes = list(connect(server.url).case_lists.iter_all())
        assert [len(value_of(outcome).data) for outcome in outcomes] == [100, 100, 0]

    def test_a_row_that_cannot_be_read_does_not_end_it_early(self, connect: MakeClient) -> None:
        with scripted(pages(lambda number: [*full(number)[1:], {}] if number == 1 else [])) as server:
            outcomes = list(connect(server.url).case_lists.iter_all())
        assert [value_of(outcome).rows for outcome in outcomes] == [100, 0]
