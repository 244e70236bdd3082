"""POST /v1/case_lists/bulk_delete"""

from __future__ import annotations

from kayse_admin.kayse_api import KayseClient
from tests.kayse_api.support import Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    assert value_of(kayse.case_lists.bulk_delete([2, 3])).deleted_ids == [2, 3]
    assert vendor.arrived()[0]["body"] == {"ids": [2, 3]}
    left = {row.id for row in value_of(kayse.case_lists.list(page_size=100)).data}
    assert left == {1, *range(4, 11), 44, 55}


def test_what_was_not_there_is_not_confirmed(kayse: KayseClient) -> None:
    assert value_of(kayse.case_lists.bulk_delete([2, 99_999])).deleted_ids == [2]
