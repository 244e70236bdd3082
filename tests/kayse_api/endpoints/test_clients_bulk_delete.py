"""POST /v1/clients/bulk_delete"""

from __future__ import annotations

import pytest

from kayse_admin.kayse_api import KayseClient
from tests.kayse_api.support import Vendor, value_of


@pytest.mark.parametrize("force", [True, False])
def test_works(force: bool, kayse: KayseClient, vendor: Vendor) -> None:
    assert value_of(kayse.clients.bulk_delete([3, 4], force=force)).deleted_ids == [3, 4]
    assert vendor.arrived()[0]["body"] == {"client_ids": [3, 4], "force": force}
    assert kayse.clients.get(3).result == kayse.clients.get(4).result == "rejected"


def test_for_good_only_when_asked(kayse: KayseClient, vendor: Vendor) -> None:
    value_of(kayse.clients.bulk_delete([3]))
    assert vendor.arrived()[0]["body"]["force"] is False


def test_what_was_not_there_is_not_confirmed(kayse: KayseClient) -> None:
    assert value_of(kayse.clients.bulk_delete([3, 99_999])).deleted_ids == [3]
