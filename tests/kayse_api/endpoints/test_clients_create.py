"""POST /v1/clients"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from kayse_admin.kayse_api import Applied, KayseClient, Rejected
from tests.kayse_api.support import NEW_CLIENT, Vendor, value_of

WHOLE = {
    **NEW_CLIENT,
    "email": "ada@example.com",
    "mobile": "+12025550100",
    "date_of_birth": "1815-12-10",
    "city": "Łódź",
    "state": "NY",
    "postal_code": "10001",
    "address_line1": "1 O'Brien St",
    "address_line2": "Apt 2",
    "voice_calls_opted_out": True,
    "case_ids": [1, 2],
}


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    outcome = kayse.clients.create(WHOLE)
    client = value_of(outcome)
    assert {key: client.told[key] for key in WHOLE} == WHOLE
    assert isinstance(outcome, Applied)
    assert outcome.raw["id"] == client.id
    assert outcome.status == 201
    assert (client.extra, client.odd) == ({}, {})
    assert vendor.arrived()[0]["body"] == WHOLE


def test_what_a_sparse_answer_leaves_out_was_not_told(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.reset(answers="sparse")
    client = value_of(kayse.clients.create(WHOLE))
    assert "address_line1" not in client.told
    assert client.told["voice_calls_opted_out"] is True


def test_a_missing_field_is_the_vendors_no(kayse: KayseClient, vendor: Vendor) -> None:
    outcome = kayse.clients.create({"first_name": "Ada"})
    assert isinstance(outcome, Rejected)
    assert (outcome.status, outcome.code) == (400, "bad_request")
    assert "last_name" in outcome.message
    assert [one["applied"] for one in vendor.arrived()] == [False]


def test_many_threads_share_one_client(kayse: KayseClient, vendor: Vendor) -> None:
    def create(number: int) -> int:
        return value_of(kayse.clients.create(NEW_CLIENT | {"external_source_id": f"thread-{number}"})).id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(create, range(80)))
    assert len(set(ids)) == len(vendor.arrived("POST")) == 80
