"""POST /v1/case_lists/{id}/clients/append and /remove."""

from __future__ import annotations

import pytest

from .helpers import Api, refused


def cases_of(api: Api, *client_ids: int) -> list[int]:
    return sorted({case for client_id in client_ids for case in api.client(client_id)["case_ids"]})


@pytest.mark.parametrize("action", ["append", "remove"])
def test_the_answer_names_the_list_by_a_number_and_counts(api: Api, action: str) -> None:
    answer = api("POST", f"/case_lists/1/clients/{action}", {"client_ids": [3, 5, 3]})
    assert answer.status_code == 200
    cases = len(cases_of(api, 3, 5))
    expected = {"action": action, "list_id": 1, "client_count": 2, "matched_case_count": cases}
    assert answer.json() == expected


def test_the_clients_cases_come_and_go(api: Api) -> None:
    list_id = api.new_list()
    api("POST", f"/case_lists/{list_id}/clients/append", {"client_ids": [1, 3]})
    assert api.members(list_id) == cases_of(api, 1, 3)
    assert api.listed(list_id)["update_origin"] == "public_api"
    api("POST", f"/case_lists/{list_id}/clients/remove", {"client_ids": [3]})
    assert api.members(list_id) == cases_of(api, 1)


def test_cases_that_a_client_gets_later_do_not_follow(api: Api) -> None:
    client_id = api.new_client(case_ids=[1])
    list_id = api.new_list()
    api("POST", f"/case_lists/{list_id}/clients/append", {"client_ids": [client_id]})
    api("PUT", f"/clients/{client_id}", {"case_ids": [1, 2]})
    assert api.members(list_id) == [1]


def test_unknown_and_deleted_clients_and_missing_cases_are_not_counted(api: Api) -> None:
    client_id = api.new_client(case_ids=[1, 999999])
    api("DELETE", "/clients/3")
    body = {"client_ids": [client_id, 3, 888888]}
    shown = api("POST", "/case_lists/1/clients/append", body).json()
    assert (shown["client_count"], shown["matched_case_count"]) == (1, 1)


@pytest.mark.parametrize("action", ["append", "remove"])
@pytest.mark.parametrize("body", [{}, {"client_ids": []}, {"client_ids": [0]}, {"client_ids": ["1"]}])
def test_a_wrong_body_is_refused(api: Api, action: str, body: object) -> None:
    refused(api("POST", f"/case_lists/1/clients/{action}", body), 400, "client_ids")


@pytest.mark.parametrize("action", ["append", "remove"])
def test_an_unknown_list_is_404(api: Api, action: str) -> None:
    refused(api("POST", f"/case_lists/99/clients/{action}", {"client_ids": [1]}), 404, "99")
