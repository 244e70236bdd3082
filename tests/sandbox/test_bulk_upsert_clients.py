"""POST /v1/clients/bulk, under both readings of what a bad row does."""

from __future__ import annotations

from typing import Any

import pytest

from .helpers import CLIENTS, NEW_CLIENT, Api, refused

BAD_ROWS: list[dict[str, Any]] = [
    {"id": 7, "city": "Boston"},
    {"first_name": "No source", "external_source_id": "x-9"},
    {"id": 999999, "city": "Boston"},
    {**NEW_CLIENT, "email": "nonsense"},
    {"id": "7"},
    {**NEW_CLIENT, "external_source_id": "x-2"},
]


def test_rows_without_an_id_are_created_and_the_others_updated_in_part(api: Api) -> None:
    before = api.client(7)
    answer = api("POST", "/clients/bulk", {"clients": [NEW_CLIENT, {"id": 7, "voice_calls_opted_out": True}]})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"clients", "successful_ids", "failed"}
    assert body["successful_ids"] == [CLIENTS + 1, 7]
    assert body["clients"] == [api.client(CLIENTS + 1), api.client(7)]
    assert body["failed"] == []
    assert api.client(7) == {**before, "voice_calls_opted_out": True, "update_origin": "public_api"}


def test_an_update_stays_partial_when_put_replaces(api: Api) -> None:
    api.switch(put="replace")
    before = api.client(7)
    api("POST", "/clients/bulk", {"clients": [{"id": 7, "city": "Boston"}]})
    assert api.client(7) == {**before, "city": "Boston", "update_origin": "public_api"}


def test_per_row_tells_each_bad_row_and_does_the_others(api: Api) -> None:
    body = api("POST", "/clients/bulk", {"clients": BAD_ROWS}).json()
    assert body["successful_ids"] == [7, CLIENTS + 1]
    assert [(row["index"], row["id"], row["external_source_id"], row["error"]) for row in body["failed"]] == [
        (1, None, "x-9", "bad_request"),
        (2, 999999, None, "not_found"),
        (3, None, "ext-1", "bad_request"),
        (4, None, None, "bad_request"),
    ]
    assert "clients[3].email" in body["failed"][2]["message"]


def test_abort_batch_refuses_the_lot(api: Api) -> None:
    api.switch(bulk="abort_batch")
    before = api.client(7)
    refused(api("POST", "/clients/bulk", {"clients": BAD_ROWS}), 400, "clients[1].external_source")
    assert api.client(7) == before
    refused(api("GET", f"/clients/{CLIENTS + 1}"), 404)


def test_abort_batch_does_a_clean_batch(api: Api) -> None:
    api.switch(bulk="abort_batch")
    assert api("POST", "/clients/bulk", {"clients": [NEW_CLIENT]}).json()["successful_ids"] == [CLIENTS + 1]


def test_sparse_shows_the_leanest_example(api: Api) -> None:
    api.switch(answers="sparse")
    shown = api("POST", "/clients/bulk", {"clients": [NEW_CLIENT]}).json()["clients"][0]
    names = ["id", "email", "mobile", "first_name", "last_name", "city", "state", "origin", "update_origin"]
    assert list(shown) == names


def test_five_hundred_rows_are_taken_and_no_more(api: Api) -> None:
    rows = [{**NEW_CLIENT, "external_source_id": f"b-{number}"} for number in range(501)]
    refused(api("POST", "/clients/bulk", {"clients": rows}), 400, "clients", "500")
    assert len(api("POST", "/clients/bulk", {"clients": rows[:500]}).json()["successful_ids"]) == 500


@pytest.mark.parametrize("body", [{}, {"clients": []}, {"clients": {}}, {"clients": [7]}, {"clients": None}])
def test_a_body_without_rows_is_refused(api: Api, body: object) -> None:
    refused(api("POST", "/clients/bulk", body), 400, "clients")
