"""DELETE /v1/clients/{id} and POST /v1/clients/bulk_delete."""

from __future__ import annotations

import pytest

from kayse_admin.sandbox.state import Sandbox

from .helpers import Api, refused


def rows(inside: Sandbox, client_id: int) -> list[int]:
    return [
        row["deleted"] for row in inside.store.rows("SELECT deleted FROM clients WHERE id = ?", (client_id,))
    ]


def test_a_deleted_client_is_gone_for_every_endpoint(api: Api, inside: Sandbox) -> None:
    answer = api("DELETE", "/clients/7")
    assert (answer.status_code, answer.json()) == (200, {"message": "client deleted successfully"})
    for method, body in (("GET", None), ("PUT", {"city": "Boston"}), ("DELETE", None)):
        refused(api(method, "/clients/7", body), 404, "7")
    assert rows(inside, 7) == [1]  # a soft delete keeps the row


def test_bulk_delete_tells_only_what_it_deleted(api: Api) -> None:
    api("DELETE", "/clients/8")
    answer = api("POST", "/clients/bulk_delete", {"client_ids": [9, 8, 999999, 7, 9]})
    assert (answer.status_code, answer.json()) == (200, {"deleted_ids": [9, 7]})
    refused(api("GET", "/clients/9"), 404)


@pytest.mark.parametrize(("force", "left"), [(False, [1]), (True, [])])
def test_force_removes_the_row(api: Api, inside: Sandbox, force: bool, left: list[int]) -> None:
    api("POST", "/clients/bulk_delete", {"client_ids": [7], "force": force})
    assert rows(inside, 7) == left
    refused(api("GET", "/clients/7"), 404)


@pytest.mark.parametrize("force", [False, True])
def test_the_cases_of_a_deleted_client_stay_in_their_lists(api: Api, force: bool) -> None:
    cases = api.client(7)["case_ids"]
    list_id = api.new_list(include_ids=cases)
    api("POST", "/clients/bulk_delete", {"client_ids": [7], "force": force})
    assert api.members(list_id) == cases


def test_an_id_is_never_given_again(api: Api) -> None:
    client_id = api.new_client()
    api("POST", "/clients/bulk_delete", {"client_ids": [client_id], "force": True})
    assert api.new_client() == client_id + 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "client_ids"),
        ({"client_ids": []}, "client_ids"),
        ({"client_ids": ["7"]}, "client_ids[0]"),
        ({"client_ids": list(range(1, 502))}, "client_ids"),
        ({"client_ids": [7], "force": "yes"}, "force"),
        ({"client_ids": [7], "force": None}, "force"),
    ],
)
def test_a_wrong_body_is_refused_and_nothing_is_deleted(api: Api, body: object, field: str) -> None:
    refused(api("POST", "/clients/bulk_delete", body), 400, field)
    assert api.client(7)["id"] == 7
