"""POST /v1/clients/bulk"""

from __future__ import annotations

from typing import Any

from kayse_admin.kayse_api import KayseClient, Rejected
from tests.kayse_api.support import NEW_CLIENT, Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    rows: list[dict[str, Any]] = [NEW_CLIENT, {"id": 3, "voice_calls_opted_out": True}]
    bulk = value_of(kayse.clients.bulk_upsert(rows))
    created, updated = bulk.clients
    assert created.told["external_source_id"] == "ext-1"
    assert (updated.id, updated.voice_calls_opted_out) == (3, True)
    assert bulk.successful_ids == [created.id, 3]
    assert bulk.failed == []
    assert vendor.arrived()[0]["body"] == {"clients": rows}


def test_bad_rows_are_told_one_by_one(kayse: KayseClient) -> None:
    bulk = value_of(
        kayse.clients.bulk_upsert([{"first_name": "X"}, NEW_CLIENT, {"id": 99_999, "city": "Rome"}])
    )
    assert len(bulk.successful_ids) == 1
    assert [(row.index, row.id) for row in bulk.failed] == [(0, None), (2, 99_999)]
    assert "last_name" in bulk.failed[0].message


def test_or_abort_the_whole_batch(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.reset(bulk="abort_batch")
    outcome = kayse.clients.bulk_upsert([NEW_CLIENT, {"first_name": "X"}])
    assert isinstance(outcome, Rejected)
    assert outcome.status == 400
    assert [one["applied"] for one in vendor.arrived()] == [False]


def test_many_rows(kayse: KayseClient) -> None:
    rows = [NEW_CLIENT | {"external_source_id": f"row-{number}"} for number in range(500)]
    bulk = value_of(kayse.clients.bulk_upsert(rows))
    assert len(bulk.clients) == len(set(bulk.successful_ids)) == 500
