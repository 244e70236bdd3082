"""POST /v1/case_lists/{id}/duplicate and POST /v1/case_lists/bulk_delete."""

from __future__ import annotations

import pytest

from .helpers import Api, refused


def test_a_copy_has_the_filter_and_the_members_and_a_life_of_its_own(api: Api) -> None:
    source = api.new_list(name="Source", description="Why", filter={"status_ids": [30]})
    matching = api.members(source)
    api("PATCH", f"/case_lists/{source}/attach", {"filter": {"status_ids": [35]}})
    api("PATCH", f"/case_lists/{source}/detach", {"include_ids": matching[:2]})
    answer = api("POST", f"/case_lists/{source}/duplicate")
    copy = answer.json()["id"]
    assert (answer.status_code, answer.json()) == (201, {"id": copy, "original_list_id": str(source)})
    assert api.members(copy) == api.members(source) != matching
    shown = api.listed(copy)
    assert (shown["name"], shown["description"], shown["origin"]) == ("Source (copy)", "Why", "public_api")
    api("PATCH", f"/case_lists/{copy}/detach", {"filter": {"status_ids": [35]}})
    assert api.members(copy) == matching[2:] != api.members(source)
    api("POST", "/case_lists/bulk", {"lists": [{"id": copy, "name": "Set"}]})
    assert api.members(copy) == matching  # the filter came along


def test_a_long_name_stays_within_the_limit(api: Api) -> None:
    copy = api("POST", f"/case_lists/{api.new_list(name='x' * 255)}/duplicate").json()["id"]
    name = api.listed(copy)["name"]
    assert len(name) <= 255
    assert name.endswith("(copy)")


def test_an_unknown_list_cannot_be_copied(api: Api) -> None:
    refused(api("POST", "/case_lists/99/duplicate"), 404, "99")
    refused(api("POST", "/case_lists/0/duplicate"), 400, "id")


def test_bulk_delete_tells_only_what_it_deleted_and_touches_no_case(api: Api) -> None:
    cases = api.cases()
    answer = api("POST", "/case_lists/bulk_delete", {"ids": [4, 99, 5, 4]})
    assert (answer.status_code, answer.json()) == (200, {"deleted_ids": [4, 5]})
    left = [row["id"] for row in api("GET", "/case_lists").json()["data"]]
    assert left == [1, 2, 3, 6, 7, 8, 9, 10, 44, 55]
    assert api.cases() == cases
    refused(api("PATCH", "/case_lists/4/attach", {"include_ids": [1]}), 404)


def test_a_deleted_lists_id_is_not_given_again(api: Api) -> None:
    list_id = api.new_list(include_ids=[1])
    api("POST", "/case_lists/bulk_delete", {"ids": [list_id]})
    assert api.new_list() == list_id + 1
    assert api.members(list_id + 1) == []


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["4"]}, {"ids": list(range(1, 502))}])
def test_a_wrong_body_deletes_nothing(api: Api, body: object) -> None:
    refused(api("POST", "/case_lists/bulk_delete", body), 400, "ids")
    assert api("GET", "/case_lists").json()["total"] == 12
