"""POST /v1/case_lists."""

from __future__ import annotations

import pytest

from .helpers import Api, refused


def test_a_list_is_made_of_its_filter_and_the_ids(api: Api) -> None:
    matching = api.cases_where(case_type_id=25, status_id=30)
    included = [case for case in range(1, 30) if case not in matching][:2]
    excluded = matching[:3]
    answer = api(
        "POST",
        "/case_lists",
        {
            "name": "Mass tort, ready",
            "description": "To call",
            "external_source": "litify",
            "external_source_id": "L-1",
            "filter": {"case_type_ids": [25], "status_ids": [30]},
            "include_ids": included,
            "exclude_ids": excluded,
        },
    )
    assert answer.status_code == 201
    members = sorted({*matching, *included} - set(excluded))
    body = answer.json()
    assert body == {
        "id": 56,
        "name": "Mass tort, ready",
        "description": "To call",
        "case_count": len(members),
        "origin": "public_api",
        "update_origin": None,
    }
    assert api.members(56) == members
    assert api.listed(56) == body


def test_an_id_that_is_both_included_and_excluded_is_out(api: Api) -> None:
    assert api.members(api.new_list(filter={}, include_ids=[1, 2], exclude_ids=[2])) == [1]


def test_include_ids_work_without_a_filter(api: Api) -> None:
    assert api.members(api.new_list(include_ids=[3, 1])) == [1, 3]


@pytest.mark.parametrize("criteria", [{}, {"case_type_ids": []}, {"assigned_to": 4}])
def test_a_filter_that_narrows_nothing_matches_no_case(api: Api, criteria: dict[str, object]) -> None:
    assert api.members(api.new_list(filter=criteria)) == []


def test_the_keys_of_a_filter_narrow_each_other(api: Api) -> None:
    by_type = api.new_list(filter={"case_type_ids": [10, 25]})
    assert api.members(by_type) == sorted(api.cases_where(case_type_id=10) + api.cases_where(case_type_id=25))
    by_both = api.new_list(filter={"case_type_ids": [10], "status_ids": [20, 30]})
    wanted = api.cases_where(case_type_id=10, status_id=20) + api.cases_where(case_type_id=10, status_id=30)
    assert api.members(by_both) == sorted(wanted)
    by_client = api.new_list(filter={"client_ids": [1, 3]})
    assert api.members(by_client) == sorted(api.client(1)["case_ids"] + api.client(3)["case_ids"])
    assert api.members(api.new_list(filter={"is_obo": True})) == api.cases_where(is_obo=True)


def test_a_key_that_is_not_known_narrows_nothing(api: Api) -> None:
    with_it = api.new_list(filter={"status_ids": [30], "assigned_to": {"team": [4]}})
    assert api.members(with_it) == api.cases_where(status_id=30)


def test_is_obo_is_given_to_the_member_cases(api: Api) -> None:
    members = api.members(api.new_list(filter={"status_ids": [40]}, is_obo=True))
    assert members
    assert set(members) <= set(api.cases_where(is_obo=True))
    api.new_list(include_ids=members[:1], is_obo=False)
    assert members[0] not in api.cases_where(is_obo=True)


def test_cases_that_do_not_exist_do_not_count(api: Api) -> None:
    list_id = api.new_list(include_ids=[1, 999999])
    assert (api.members(list_id), api.listed(list_id)["case_count"]) == ([1], 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "nul\0"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "description": "x" * 5001}, "description"),
        ({"name": "x", "filter": []}, "filter"),
        ({"name": "x", "filter": None}, "filter"),
        ({"name": "x", "filter": {"case_type_ids": 25}}, "filter.case_type_ids"),
        ({"name": "x", "filter": {"status_ids": ["30"]}}, "filter.status_ids[0]"),
        ({"name": "x", "filter": {"is_obo": "yes"}}, "filter.is_obo"),
        ({"name": "x", "include_ids": [0]}, "include_ids[0]"),
        ({"name": "x", "exclude_ids": [2**63]}, "exclude_ids[0]"),
        ({"name": "x", "is_obo": None}, "is_obo"),
    ],
)
def test_a_wrong_definition_is_refused(api: Api, body: object, field: str) -> None:
    refused(api("POST", "/case_lists", body), 400, field)
    assert api("GET", "/case_lists").json()["total"] == 12
