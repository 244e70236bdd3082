"""PUT /v1/clients/{id}, under both readings of the vendor's pages."""

from __future__ import annotations

from typing import Any

import pytest

from .helpers import NEW_CLIENT, Api, refused

FULL: dict[str, Any] = {
    "email": "a@example.com",
    "mobile": "+12125550123",
    "date_of_birth": "1984-02-29",
    "city": "Boston",
    "state": "MA",
    "postal_code": "02108",
    "address_line1": "1 Main St",
    "address_line2": "Apt 2B",
    "voice_calls_opted_out": True,
    "case_ids": [3, 1],
}
CHANGE = {"email": "b@example.com", "city": "Worcester"}


def test_partial_changes_only_what_was_given(api: Api) -> None:
    client_id = api.new_client(**FULL)
    answer = api("PUT", f"/clients/{client_id}", CHANGE)
    assert answer.status_code == 200
    expected = {**NEW_CLIENT, **FULL, **CHANGE, "id": client_id}
    assert answer.json() == {**expected, "origin": "public_api", "update_origin": "public_api"}
    assert api.client(client_id) == answer.json()


def test_replace_empties_the_optional_fields_that_were_left_out(api: Api) -> None:
    client_id = api.new_client(**FULL)
    api.switch(put="replace")
    shown = api("PUT", f"/clients/{client_id}", CHANGE).json()
    emptied = dict.fromkeys(FULL) | {"voice_calls_opted_out": False, "case_ids": []}
    expected = {**emptied, **NEW_CLIENT, **CHANGE, "id": client_id}
    assert shown == {**expected, "origin": "public_api", "update_origin": "public_api"}


def test_replace_keeps_everything_that_is_sent(api: Api) -> None:
    client_id = api.new_client(**FULL)
    api.switch(put="replace")
    api("PUT", f"/clients/{client_id}", {**NEW_CLIENT, **FULL, "city": "Worcester"})
    assert {name: api.client(client_id)[name] for name in FULL} == {**FULL, "city": "Worcester"}


@pytest.mark.parametrize("reading", ["partial", "replace"])
def test_case_ids_replace_the_links_when_given(api: Api, reading: str) -> None:
    client_id = api.new_client(case_ids=[1, 2])
    api.switch(put=reading)
    api("PUT", f"/clients/{client_id}", {"case_ids": [9]})
    assert api.client(client_id)["case_ids"] == [9]


def test_a_null_empties_a_field(api: Api) -> None:
    client_id = api.new_client(**FULL)
    api("PUT", f"/clients/{client_id}", {"mobile": None})
    assert api.client(client_id)["mobile"] is None


def test_the_example_answers_keys_under_sparse(api: Api) -> None:
    api.switch(answers="sparse")
    shown = api("PUT", "/clients/7", CHANGE).json()
    names = ["id", "email", "mobile", "first_name", "last_name", "city", "state", "origin", "update_origin"]
    assert list(shown) == names


@pytest.mark.parametrize(
    ("field", "value"), [("first_name", None), ("external_source", ""), ("email", "x"), ("case_ids", [-1])]
)
def test_a_wrong_value_is_refused_and_nothing_changes(api: Api, field: str, value: object) -> None:
    before = api.client(7)
    refused(api("PUT", "/clients/7", {"city": "Elsewhere", field: value}), 400, field)
    assert api.client(7) == before


def test_an_unknown_client_is_404(api: Api) -> None:
    refused(api("PUT", "/clients/999999", CHANGE), 404)
