"""GET /v1/case_lists."""

from __future__ import annotations

from typing import Any

import pytest

from .helpers import Api, refused


def page(api: Api, **query: object) -> dict[str, Any]:
    answer = api("GET", "/case_lists", params=query)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_the_shape_is_the_pages_example(api: Api) -> None:
    shown = page(api)
    assert list(shown) == ["data", "page", "total"]
    keys = ["id", "name", "description", "case_count", "origin", "update_origin"]
    assert all(list(row) == keys for row in shown["data"])
    assert (shown["page"], shown["total"], len(shown["data"])) == (1, 12, 12)


def test_case_count_is_the_true_number_of_members(api: Api) -> None:
    counts = {row["id"]: row["case_count"] for row in page(api)["data"]}
    assert counts == {list_id: len(api.members(list_id)) for list_id in counts}
    assert sum(counts.values()) > 50


@pytest.mark.parametrize("key", ["tort", "TORT", "o'brien & núñez", "O'BRIEN & NÚÑEZ", "%", "_"])
def test_key_is_searched_in_the_name_in_any_case(api: Api, key: str) -> None:
    names = [row["name"] for row in page(api)["data"]]
    wanted = [name for name in names if key.casefold() in name.casefold()]
    assert [row["name"] for row in page(api, key=key)["data"]] == wanted


def test_hide_empty_leaves_out_lists_without_cases(api: Api) -> None:
    rows = page(api)["data"]
    full = [row for row in rows if row["case_count"]]
    assert 0 < len(full) < len(rows)
    assert page(api, hide_empty="true") == {"data": full, "page": 1, "total": len(full)}
    assert page(api, hide_empty="false")["data"] == rows


def test_pages_cover_everything_once(api: Api) -> None:
    everything = page(api)["data"]
    pages = [page(api, page=number, page_size=5) for number in (1, 2, 3, 4)]
    assert [len(one["data"]) for one in pages] == [5, 5, 2, 0]
    assert [row for one in pages for row in one["data"]] == everything
    assert [(one["page"], one["total"]) for one in pages] == [(1, 12), (2, 12), (3, 12), (4, 12)]


def test_total_counts_pages_when_switched(api: Api) -> None:
    api.switch(total="pages")
    assert page(api, page_size=5)["total"] == 3
    assert page(api, key="nowhere")["total"] == 0


def test_the_page_size_is_25_by_default_and_100_at_most(api: Api) -> None:
    for _ in range(2):
        rows = [{"name": "More", "include_ids": [1]} for _ in range(50)]
        assert api("POST", "/case_lists/bulk", {"lists": rows}).status_code == 200
    sizes = [
        len(page(api)["data"]),
        len(page(api, page_size=100)["data"]),
        len(page(api, page_size=101)["data"]),
    ]
    assert sizes == [25, 100, 100]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=two", "page"),
        ("page=1.0", "page"),
        ("page=99999999999", "page"),
        ("page=1&page=2", "page"),
        ("page_size=0", "page_size"),
        ("page_size=", "page_size"),
        ("hide_empty=maybe", "hide_empty"),
        ("hide_empty=", "hide_empty"),
        ("key=%00", "key"),
        (f"key={'x' * 256}", "key"),
    ],
)
def test_an_odd_query_is_refused(api: Api, query: str, name: str) -> None:
    refused(api("GET", f"/case_lists?{query}"), 400, name)
