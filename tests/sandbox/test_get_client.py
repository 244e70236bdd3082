"""GET /v1/clients/{id}."""

from __future__ import annotations

import pytest

from .helpers import Api, refused


def test_a_client_is_shown_with_every_documented_field(api: Api) -> None:
    shown = api("GET", "/clients/7").json()
    assert shown == api.client(7)
    assert set(shown) == {
        "id",
        "email",
        "mobile",
        "external_source",
        "external_source_id",
        "first_name",
        "last_name",
        "date_of_birth",
        "city",
        "state",
        "postal_code",
        "address_line1",
        "address_line2",
        "voice_calls_opted_out",
        "case_ids",
        "origin",
        "update_origin",
    }


def test_the_example_answers_keys_under_sparse(api: Api) -> None:
    api.switch(answers="sparse")
    shown = api("GET", "/clients/7").json()
    names = ["id", "email", "mobile", "first_name", "last_name", "city", "state", "origin", "update_origin"]
    assert list(shown) == names


@pytest.mark.parametrize("client_id", ["999999", str(2**63 - 1)])
def test_an_unknown_id_is_404(api: Api, client_id: str) -> None:
    refused(api("GET", f"/clients/{client_id}"), 404, client_id)


@pytest.mark.parametrize("text", ["0", "-1", "007", "1e3", "1.0", " 7", "٣", str(2**63), "9" * 400, "seven"])
def test_what_is_no_id_is_400(live: Api, text: str) -> None:
    refused(live("GET", f"/clients/{text}"), 400, "id")
