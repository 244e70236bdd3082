"""PATCH /v1/case_lists/{id}/attach and /detach."""

from __future__ import annotations

import pytest

from .helpers import Api, refused


@pytest.mark.parametrize("action", ["attach", "detach"])
def test_the_answer_names_the_list_by_a_string(api: Api, action: str) -> None:
    answer = api("PATCH", f"/case_lists/1/{action}", {"include_ids": [1]})
    assert (answer.status_code, answer.json()) == (200, {"action": action, "list_id": "1"})


def test_a_filter_is_resolved_at_that_moment(api: Api) -> None:
    list_id = api.new_list()
    api("PATCH", f"/case_lists/{list_id}/attach", {"filter": {"status_ids": [30]}})
    assert api.members(list_id) == api.cases_where(status_id=30)
    api("PATCH", f"/case_lists/{list_id}/detach", {"filter": {"case_type_ids": [25]}})
    left = set(api.cases_where(status_id=30)) - set(api.cases_where(case_type_id=25))
    assert api.members(list_id) == sorted(left)


@pytest.mark.parametrize(("action", "start"), [("attach", []), ("detach", list(range(1, 60)))])
def test_exclude_ids_are_left_alone(api: Api, action: str, start: list[int]) -> None:
    cases = [case for case in api.cases_where(status_id=20) if case < 60]
    list_id = api.new_list(include_ids=start)
    before = set(api.members(list_id))
    selection = {"filter": {"status_ids": [20]}, "include_ids": [59], "exclude_ids": cases[:1]}
    api("PATCH", f"/case_lists/{list_id}/{action}", selection)
    changed = before ^ set(api.members(list_id))
    assert cases[0] not in changed
    assert {*cases[1:], 59} <= changed


def test_the_latest_gesture_wins(api: Api) -> None:
    matching = api.cases_where(status_id=30)
    list_id = api.new_list(filter={"status_ids": [30]}, exclude_ids=matching[:1])
    path = f"/case_lists/{list_id}"
    api("PATCH", f"{path}/attach", {"include_ids": matching[:1]})
    assert api.members(list_id) == matching
    api("PATCH", f"{path}/detach", {"include_ids": matching[:1]})
    assert api.members(list_id) == matching[1:]
    api("PATCH", f"{path}/attach", {"filter": {"status_ids": [30]}})
    assert api.members(list_id) == matching


def test_case_count_and_update_origin_follow(api: Api) -> None:
    list_id = api.new_list(include_ids=[1])
    api("PATCH", f"/case_lists/{list_id}/attach", {"include_ids": [2, 3]})
    shown = api.listed(list_id)
    assert (shown["case_count"], shown["update_origin"]) == (3, "public_api")


@pytest.mark.parametrize("action", ["attach", "detach"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, ("filter", "include_ids")),
        ({"exclude_ids": [1]}, ("filter", "include_ids")),
        ({"include_ids": [1], "exclude_ids": [2]}, ("exclude_ids", "filter")),
        ({"include_ids": "1"}, ("include_ids",)),
        ({"include_ids": None}, ("include_ids",)),
        ({"filter": {"status_ids": [0]}}, ("filter.status_ids[0]",)),
    ],
)
def test_a_wrong_selection_is_refused(api: Api, action: str, body: object, words: tuple[str, ...]) -> None:
    before = api.members(1)
    refused(api("PATCH", f"/case_lists/1/{action}", body), 400, *words)
    assert api.members(1) == before


@pytest.mark.parametrize("action", ["attach", "detach"])
def test_an_unknown_list_is_404(api: Api, action: str) -> None:
    refused(api("PATCH", f"/case_lists/99/{action}", {"include_ids": [1]}), 404, "99")
    refused(api("PATCH", f"/case_lists/x/{action}", {"include_ids": [1]}), 400, "id")
