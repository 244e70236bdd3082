"""DELETE /v1/clients/{id}"""

from __future__ import annotations

from kayse_admin.kayse_api import KayseClient, Rejected
from tests.kayse_api.support import Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    assert value_of(kayse.clients.delete(3)) == "client deleted successfully"
    assert kayse.clients.get(3).result == "rejected"
    assert vendor.arrived("DELETE")[0]["body"] is None


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.clients.delete(99_999)
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found


def test_a_second_time(kayse: KayseClient) -> None:
    value_of(kayse.clients.delete(3))
    outcome = kayse.clients.delete(3)
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found
