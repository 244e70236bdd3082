"""POST /v1/case_lists/{id}/clients/append"""

from __future__ import annotations

from kayse_admin.kayse_api import ClientsMatched, KayseClient, Rejected
from tests.kayse_api.support import Vendor, value_of

EMPTY = 10


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    theirs = [case["id"] for case in vendor.cases() if {1, 3} & set(case["client_ids"])]
    matched = value_of(kayse.case_lists.append_clients(EMPTY, [1, 3]))
    assert matched == ClientsMatched("append", EMPTY, 2, len(theirs))
    assert vendor.members(EMPTY) == theirs
    assert vendor.arrived()[0]["body"] == {"client_ids": [1, 3]}


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.append_clients(99_999, [1])
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found
