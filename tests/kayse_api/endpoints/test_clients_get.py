"""GET /v1/clients/{id}"""

from __future__ import annotations

from kayse_admin.kayse_api import Applied, KayseClient, Rejected
from tests.kayse_api.support import Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    client = value_of(kayse.clients.get(3))
    assert client.id == 3
    assert client.case_ids == [case["id"] for case in vendor.cases() if 3 in case["client_ids"]]
    assert client.voice_calls_opted_out is not None


def test_what_a_sparse_answer_leaves_out_was_not_told(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.reset(answers="sparse")
    client = value_of(kayse.clients.get(3))
    assert not client.told.keys() & {
        "external_source",
        "external_source_id",
        "case_ids",
        "voice_calls_opted_out",
    }


def test_keys_that_the_pages_do_not_know_are_kept(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.fault("merge", body={"nickname": "Addie", "meta": {"a": [1]}})
    client = value_of(kayse.clients.get(3))
    assert client.extra == {"nickname": "Addie", "meta": {"a": [1]}}


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.clients.get(99_999)
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found


def test_a_deleted_client(kayse: KayseClient) -> None:
    value_of(kayse.clients.delete(3))
    outcome = kayse.clients.get(3)
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found


def test_a_passing_failure_costs_a_second_request(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.fault("status", status=500)
    outcome = kayse.clients.get(3)
    assert isinstance(outcome, Applied)
    assert outcome.requests == len(vendor.arrived("GET")) == 2
