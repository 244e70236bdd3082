"""The requests of the vendor's two reference pages, sent as they stand there (but for client 456, who is not among the
130 here): each answers 2xx with the keys and types of the page's example answer, in full and in sparse."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .helpers import Api

CLIENT = {
    "id": int,
    "email": str,
    "mobile": str,
    "first_name": str,
    "last_name": str,
    "city": str,
    "state": str,
    "origin": str,
}
CREATED = {
    **CLIENT,
    "external_source": str,
    "external_source_id": str,
    "voice_calls_opted_out": bool,
    "case_ids": list,
    "update_origin": None,
}
CASE_LIST = {
    "id": int,
    "name": str,
    "description": str,
    "case_count": int,
    "origin": str,
    "update_origin": None,
}
NEW_CLIENT = {
    "email": "john.doe@example.com",
    "mobile": "+1234567890",
    "external_source": "manual",
    "external_source_id": "ext_123",
    "first_name": "John",
    "last_name": "Doe",
    "city": "New York",
    "state": "NY",
    "case_ids": [12345, 67890],
}
CHANGE = {"email": "john.updated@example.com", "city": "Los Angeles", "state": "CA"}
ROWS = [
    {
        "external_source": "manual",
        "external_source_id": "ext-901",
        "first_name": "New",
        "last_name": "Client",
    },
    {"id": 123, "voice_calls_opted_out": True},
]
NEW_LIST = {
    "name": "Mass Tort Prospects",
    "description": "Prospects matching tort filters",
    "filter": {"case_type_ids": [25], "status_ids": [30]},
    "include_ids": [101, 102],
}
LISTS = [
    {"name": "PI Prospects", "filter": {"case_type_ids": [10]}},
    {"id": 55, "name": "Updated List", "is_obo": True},
]


def shape(value: Any, expected: dict[str, Any]) -> None:
    """The keys are those of the example (at least), each of its type; None stands for null."""
    assert set(expected) <= set(value)
    for key, kind in expected.items():
        assert value[key] is None if kind is None else type(value[key]) is kind, (key, value[key])


@pytest.fixture(params=["full", "sparse"])
def vendor(api: Api, request: pytest.FixtureRequest) -> Api:
    """A caller under each kind of answers; client 123 is the pages' John Doe, who has a phone and a city."""
    api("PUT", "/clients/123", {**NEW_CLIENT, "case_ids": [1]})
    api.switch(answers=request.param)
    return api


def sent(answer: httpx.Response) -> Any:
    assert 200 <= answer.status_code < 300, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def test_create_a_client(vendor: Api) -> None:
    body = sent(vendor("POST", "/clients", NEW_CLIENT))
    shape(body, CREATED)
    assert {key: body[key] for key in NEW_CLIENT} == NEW_CLIENT
    assert (body["voice_calls_opted_out"], body["origin"]) == (False, "public_api")


def test_get_a_client(vendor: Api) -> None:
    created = vendor("POST", "/clients", NEW_CLIENT).json()["id"]
    shape(sent(vendor("GET", f"/clients/{created}")), {**CLIENT, "update_origin": None})


def test_update_a_client(vendor: Api) -> None:
    created = vendor("POST", "/clients", NEW_CLIENT).json()["id"]
    body = sent(vendor("PUT", f"/clients/{created}", CHANGE))
    shape(body, {**CLIENT, "update_origin": str})
    names = {**{key: NEW_CLIENT[key] for key in ("mobile", "first_name", "last_name")}, **CHANGE}
    assert {key: body[key] for key in names} == names
    assert body["update_origin"] == "public_api"


def test_delete_a_client(vendor: Api) -> None:
    assert sent(vendor("DELETE", "/clients/123")) == {"message": "client deleted successfully"}


def test_bulk_upsert_clients(vendor: Api) -> None:
    body = sent(vendor("POST", "/clients/bulk", {"clients": ROWS}))
    assert list(body) == ["clients", "successful_ids", "failed"]
    created, updated = body["successful_ids"]
    assert updated == 123 != created
    assert [client["id"] for client in body["clients"]] == [created, 123]
    assert body["failed"] == []


def test_bulk_delete_clients(vendor: Api) -> None:
    body = {"client_ids": [123, 45], "force": False}
    assert sent(vendor("POST", "/clients/bulk_delete", body)) == {"deleted_ids": [123, 45]}


def test_list_case_lists(vendor: Api) -> None:
    body = sent(vendor("GET", "/case_lists?key=tort"))
    shape(body, {"data": list, "page": int, "total": int})
    shape(body["data"][0], CASE_LIST)


def test_create_a_case_list(vendor: Api) -> None:
    shape(sent(vendor("POST", "/case_lists", NEW_LIST)), CASE_LIST)


def test_bulk_upsert_case_lists(vendor: Api) -> None:
    created, updated = sent(vendor("POST", "/case_lists/bulk", {"lists": LISTS}))["results"]
    shape(created, {"id": int, "action": str})
    assert created["action"] == "created"
    assert updated == {"id": 55, "action": "updated"}


def test_attach_and_detach_cases(vendor: Api) -> None:
    attached = sent(vendor("PATCH", "/case_lists/1/attach", {"include_ids": [201, 202, 203]}))
    assert attached == {"action": "attach", "list_id": "1"}
    detached = sent(vendor("PATCH", "/case_lists/1/detach", {"include_ids": [201, 202]}))
    assert detached == {"action": "detach", "list_id": "1"}


def test_append_and_remove_clients(vendor: Api) -> None:
    counts = {"client_count": int, "matched_case_count": int}
    appended = sent(vendor("POST", "/case_lists/1/clients/append", {"client_ids": [101, 102, 103]}))
    shape(appended, {"action": str, "list_id": int, **counts})
    assert (appended["action"], appended["list_id"], appended["client_count"]) == ("append", 1, 3)
    removed = sent(vendor("POST", "/case_lists/1/clients/remove", {"client_ids": [101, 102]}))
    shape(removed, {"action": str, "list_id": int, **counts})
    assert (removed["action"], removed["list_id"], removed["client_count"]) == ("remove", 1, 2)


def test_duplicate_a_case_list(vendor: Api) -> None:
    body = sent(vendor("POST", "/case_lists/1/duplicate"))
    shape(body, {"id": int, "original_list_id": str})
    assert body["original_list_id"] == "1"


def test_bulk_delete_case_lists(vendor: Api) -> None:
    assert sent(vendor("POST", "/case_lists/bulk_delete", {"ids": [44, 55]})) == {"deleted_ids": [44, 55]}
