"""PATCH /v1/case_lists/{id}/attach"""

from __future__ import annotations

import pytest

from kayse_admin.kayse_api import KayseClient, ListOperation, Rejected
from tests.kayse_api.support import Vendor, value_of

EMPTY = 10


@pytest.mark.parametrize("include", [[5, 7], (5, 7), {5: 1, 7: 1}.keys()])
def test_cases_by_hand(include: list[int], kayse: KayseClient, vendor: Vendor) -> None:
    assert value_of(kayse.case_lists.attach(EMPTY, include_ids=include)) == ListOperation("attach", EMPTY)
    assert vendor.members(EMPTY) == [5, 7]
    assert vendor.arrived()[0]["body"] == {"include_ids": [5, 7]}


def test_a_filter_but_for_some(kayse: KayseClient, vendor: Vendor) -> None:
    of_type = [case["id"] for case in vendor.cases() if case["case_type_id"] == 10]
    value_of(kayse.case_lists.attach(EMPTY, {"case_type_ids": [10]}, exclude_ids=of_type[:1]))
    assert vendor.members(EMPTY) == of_type[1:]


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.attach(99_999, include_ids=[5])
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found
