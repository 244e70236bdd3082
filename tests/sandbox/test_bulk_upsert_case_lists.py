"""POST /v1/case_lists/bulk."""

from __future__ import annotations

from typing import Any

import pytest

from .helpers import Api, refused


def update(api: Api, list_id: int, **fields: Any) -> None:
    answer = api("POST", "/case_lists/bulk", {"lists": [{"id": list_id, **fields}]})
    assert (answer.status_code, answer.json()) == (200, {"results": [{"id": list_id, "action": "updated"}]})


def test_entries_without_an_id_are_created_and_the_others_updated(api: Api) -> None:
    rows = [{"name": "PI", "filter": {"case_type_ids": [10]}}, {"id": 5, "name": "Renamed", "is_obo": True}]
    answer = api("POST", "/case_lists/bulk", {"lists": rows})
    assert answer.status_code == 200
    results = [{"id": 56, "action": "created"}, {"id": 5, "action": "updated"}]
    assert answer.json() == {"results": results}
    assert api.members(56) == api.cases_where(case_type_id=10)
    shown = api.listed(5)
    assert (shown["name"], shown["update_origin"]) == ("Renamed", "public_api")


def test_an_update_sets_the_members_and_drops_what_was_done_by_hand(api: Api) -> None:
    list_id = api.new_list(filter={"status_ids": [30]})
    matching = api.members(list_id)
    other = next(case for case in range(1, 99) if case not in matching)
    api("PATCH", f"/case_lists/{list_id}/attach", {"include_ids": [other]})
    api("PATCH", f"/case_lists/{list_id}/detach", {"include_ids": matching[:1]})
    assert api.members(list_id) == sorted({*matching[1:], other})
    update(api, list_id, filter={"status_ids": [30]})
    assert api.members(list_id) == matching


def test_what_travels_in_the_update_counts(api: Api) -> None:
    list_id = api.new_list(filter={"status_ids": [30]})
    matching = api.members(list_id)
    other = next(case for case in range(1, 99) if case not in matching)
    update(api, list_id, filter={"status_ids": [30]}, include_ids=[other], exclude_ids=matching[:2])
    assert api.members(list_id) == sorted({*matching[2:], other})


def test_a_rename_alone_sets_the_stored_filter_again(api: Api) -> None:
    list_id = api.new_list(filter={"status_ids": [30]}, description="kept", include_ids=[1, 2, 3])
    matching = api.cases_where(status_id=30)
    update(api, list_id, name="Only the name")
    assert api.members(list_id) == matching
    shown = api.listed(list_id)
    assert (shown["name"], shown["description"]) == ("Only the name", "kept")


def test_is_obo_is_given_to_the_members_of_the_new_definition(api: Api) -> None:
    list_id = api.new_list(include_ids=[1])
    update(api, list_id, include_ids=[2, 3], is_obo=True)
    flagged = api.cases_where(is_obo=True)
    assert {2, 3} <= set(flagged)
    assert 1 not in flagged


@pytest.mark.parametrize(
    ("row", "status", "word"),
    [
        ({"id": 999999, "name": "x"}, 404, "999999"),
        ({"description": "no name"}, 400, "lists[1].name"),
        ({"id": 0, "name": "x"}, 400, "lists[1].id"),
        ({"id": None, "name": "x"}, 400, "lists[1].id"),
        ({"id": 5, "name": None}, 400, "lists[1].name"),
    ],
)
def test_one_bad_entry_refuses_all(api: Api, row: dict[str, Any], status: int, word: str) -> None:
    refused(api("POST", "/case_lists/bulk", {"lists": [{"name": "Good"}, row]}), status, word)
    assert api("GET", "/case_lists").json()["total"] == 12


@pytest.mark.parametrize("body", [{}, {"lists": []}, {"lists": [1]}, {"lists": [{"name": "x"}] * 501}])
def test_a_body_without_entries_or_with_too_many_is_refused(api: Api, body: object) -> None:
    refused(api("POST", "/case_lists/bulk", body), 400, "lists")
