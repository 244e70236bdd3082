"""POST /v1/clients."""

from __future__ import annotations

import pytest

from .helpers import NEW_CLIENT, Api, refused

EVERYTHING = {
    **NEW_CLIENT,
    "email": "siobhan@example.com",
    "mobile": "+12125550123",
    "date_of_birth": "1984-02-29",
    "city": "New York",
    "state": "NY",
    "postal_code": "10001",
    "address_line1": "1 Main St",
    "address_line2": "Apt 2B",
    "voice_calls_opted_out": True,
    "case_ids": [12, 7],
}


def test_every_documented_field_is_kept_and_echoed(api: Api) -> None:
    answer = api("POST", "/clients", EVERYTHING)
    assert answer.status_code == 201
    body = answer.json()
    assert body == {"id": body["id"], **EVERYTHING, "origin": "public_api", "update_origin": None}
    assert api.client(body["id"]) == body


def test_what_was_left_out_is_null_and_calls_are_allowed(api: Api) -> None:
    made = api.client(api.new_client())
    given = {**NEW_CLIENT, "voice_calls_opted_out": False, "case_ids": [], "origin": "public_api"}
    assert {key: made[key] for key in given} == given
    assert {value for key, value in made.items() if key not in (*given, "id")} == {None}


def test_cases_that_do_not_exist_are_echoed_and_are_in_no_list(api: Api) -> None:
    client_id = api.new_client(case_ids=[987654, 1, 987654])
    assert api.client(client_id)["case_ids"] == [987654, 1]
    list_id = api.new_list(filter={"client_ids": [client_id]})
    assert api.members(list_id) == [1]


def test_the_same_external_id_twice_makes_two_clients(api: Api) -> None:
    """The API has no idempotency: that is why nobody may send a create blindly again."""
    first, second = api.new_client(), api.new_client()
    assert first != second
    assert api.client(first)["external_source_id"] == api.client(second)["external_source_id"]


def test_unknown_keys_are_ignored(api: Api) -> None:
    answer = api("POST", "/clients", {**NEW_CLIENT, "nickname": "Shiv"})
    assert answer.status_code == 201
    assert "nickname" not in answer.json()


@pytest.mark.parametrize("field", sorted(NEW_CLIENT))
def test_each_required_field_is_required(api: Api, field: str) -> None:
    body = {key: value for key, value in NEW_CLIENT.items() if key != field}
    refused(api("POST", "/clients", body), 400, field, "required")
    refused(api("POST", "/clients", {**body, field: None}), 400, field)
    refused(api("POST", "/clients", {**body, field: ""}), 400, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", "two@at@example.com"),
        ("email", ""),
        ("mobile", 12125550123),
        ("first_name", "x" * 256),
        ("last_name", "nul\0"),
        ("city", ["New York"]),
        ("date_of_birth", "02/29/1984"),
        ("date_of_birth", "1983-02-29"),
        ("date_of_birth", "19840229"),
        ("date_of_birth", "١٩٨٤-٠٢-٢٩"),
        ("voice_calls_opted_out", "true"),
        ("voice_calls_opted_out", 1),
        ("voice_calls_opted_out", None),
        ("case_ids", None),
        ("case_ids", "1 2"),
        ("case_ids", [0]),
        ("case_ids", [2**63]),
        ("case_ids", [True]),
        ("case_ids", ["7"]),
        ("case_ids", list(range(1, 10_002))),
    ],
)
def test_a_wrong_value_is_refused_with_the_field_named(api: Api, field: str, value: object) -> None:
    before = api.control("GET", "/requests")["count"]
    refused(api("POST", "/clients", {**NEW_CLIENT, field: value}), 400, field)
    assert api.arrived()[before]["applied"] is False


def test_the_example_answers_keys_under_sparse(api: Api) -> None:
    api.switch(answers="sparse")
    shown = api("POST", "/clients", EVERYTHING).json()
    assert list(shown) == [
        "id",
        "email",
        "mobile",
        "external_source",
        "external_source_id",
        "first_name",
        "last_name",
        "city",
        "state",
        "voice_calls_opted_out",
        "case_ids",
        "origin",
        "update_origin",
    ]
