"""POST /v1/case_lists/{id}/clients/remove"""

from __future__ import annotations

from kayse_admin.kayse_api import ClientsMatched, KayseClient, Rejected
from tests.kayse_api.support import Vendor, value_of

EMPTY = 10


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    theirs = {
        client: [case["id"] for case in vendor.cases() if client in case["client_ids"]] for client in (1, 3)
    }
    value_of(kayse.case_lists.append_clients(EMPTY, [1, 3]))
    matched = value_of(kayse.case_lists.remove_clients(EMPTY, [1]))
    assert matched == ClientsMatched("remove", EMPTY, 1, len(theirs[1]))
    assert vendor.members(EMPTY) == sorted(set(theirs[3]) - set(theirs[1]))


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.remove_clients(99_999, [1])
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found
