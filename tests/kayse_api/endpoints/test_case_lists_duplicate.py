"""POST /v1/case_lists/{id}/duplicate"""

from __future__ import annotations

from kayse_admin.kayse_api import KayseClient, Rejected
from tests.kayse_api.support import Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    copy = value_of(kayse.case_lists.duplicate(2))
    assert copy.original_list_id == 2
    assert copy.id not in (*range(1, 11), 44, 55)
    assert vendor.members(copy.id) == vendor.members(2)
    assert vendor.arrived()[0]["body"] is None


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.duplicate(99_999)
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found
