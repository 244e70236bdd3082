"""POST /v1/case_lists/bulk"""

from __future__ import annotations

from typing import Any

from kayse_admin.kayse_api import KayseClient, Rejected, Unknown, UnknownReason
from tests.kayse_api.support import Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    lists: list[dict[str, Any]] = [
        {"name": "PI", "filter": {"case_type_ids": [10]}},
        {"id": 2, "name": "Renamed", "is_obo": True},
    ]
    created, updated = value_of(kayse.case_lists.bulk_upsert(lists))
    assert created.action == "created"
    assert (updated.id, updated.action) == (2, "updated")
    assert [row.name for row in value_of(kayse.case_lists.list("Renamed")).data] == ["Renamed"]
    assert vendor.arrived()[0]["body"] == {"lists": lists}


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.bulk_upsert([{"id": 99_999, "name": "Renamed"}])
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found


def test_an_answer_that_does_not_name_the_list_is_unknown(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.fault("wrong_json", body={"results": [{"id": 3, "action": "updated"}]})
    outcome = kayse.case_lists.bulk_upsert([{"id": 2, "name": "Renamed"}])
    assert isinstance(outcome, Unknown)
    assert outcome.reason is UnknownReason.BAD_BODY
    assert len(vendor.arrived("POST")) == 1
