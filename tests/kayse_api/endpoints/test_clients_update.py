"""PUT /v1/clients/{id}"""

from __future__ import annotations

import pytest

from kayse_admin.kayse_api import KayseClient, Rejected, Unknown
from tests.kayse_api.support import Vendor, value_of


@pytest.mark.parametrize("reading", ["partial", "replace"])
def test_works_with_every_known_field(reading: str, kayse: KayseClient, vendor: Vendor) -> None:
    vendor.reset(put=reading)
    before = value_of(kayse.clients.get(3)).told
    for name in ("id", "origin", "update_origin"):
        del before[name]
    after = value_of(kayse.clients.update(3, before | {"city": "Rome"}))
    assert (after.city, after.update_origin) == ("Rome", "public_api")
    assert {key: after.told[key] for key in before} == before | {"city": "Rome"}


def test_only_what_is_given_is_sent(kayse: KayseClient, vendor: Vendor) -> None:
    value_of(kayse.clients.update(3, {"city": "Rome"}))
    assert vendor.arrived()[0]["body"] == {"city": "Rome"}


def test_an_unknown_id(kayse: KayseClient) -> None:
    outcome = kayse.clients.update(99_999, {"city": "Rome"})
    assert isinstance(outcome, Rejected)
    assert outcome.is_not_found


def test_a_value_that_the_vendor_refuses(kayse: KayseClient) -> None:
    outcome = kayse.clients.update(3, {"date_of_birth": "10/12/1815"})
    assert isinstance(outcome, Rejected)
    assert "date_of_birth" in outcome.message


def test_applied_and_the_answer_lost(kayse: KayseClient, vendor: Vendor) -> None:
    vendor.fault("reset_after", method="PUT")
    outcome = kayse.clients.update(3, {"city": "Rome"})
    assert isinstance(outcome, Unknown)
    assert outcome.write
    assert len(vendor.arrived("PUT")) == 1
    assert value_of(kayse.clients.get(3)).city == "Rome"
