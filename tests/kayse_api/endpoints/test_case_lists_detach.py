"""PATCH /v1/case_lists/{id}/detach"""

from __future__ import annotations

from kayse_admin.kayse_api import KayseClient, ListOperation, Rejected
from tests.kayse_api.support import Vendor, value_of


def test_cases_by_hand(kayse: KayseClient, vendor: Vendor) -> None:
    first, *rest = vendor.members(2)
    assert value_of(kayse.case_lists.detach(2, include_ids=[first])) == ListOperation("detach", 2)
    assert vendor.members(2) == rest
    assert vendor.arrived()[0]["body"] == {"include_ids": [first]}


def test_a_filter_but_for_some(kayse: KayseClient, vendor: Vendor) -> None:
    types = sorted({case["case_type_id"] for case in vendor.cases()})
    first = vendor.members(2)[0]
    value_of(kayse.case_lists.detach(2, {"case_type_ids": types}, exclude_ids=[first]))
    assert vendor.members(2) == [first]


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.detach(99_999, include_ids=[5])
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found
