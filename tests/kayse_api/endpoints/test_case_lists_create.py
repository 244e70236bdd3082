"""POST /v1/case_lists"""

from __future__ import annotations

from kayse_admin.kayse_api import KayseClient, Rejected
from tests.kayse_api.support import Vendor, value_of


def test_works(kayse: KayseClient, vendor: Vendor) -> None:
    definition = {
        "name": "Mass tort – new",
        "description": "By filter and by hand",
        "external_source": "crm",
        "external_source_id": "L-1",
        "filter": {"case_type_ids": [10]},
        "include_ids": [2],
        "exclude_ids": [1],
        "is_obo": False,
    }
    made = value_of(kayse.case_lists.create(definition))
    members = {case["id"] for case in vendor.cases() if case["case_type_id"] == 10} - {1} | {2}
    assert vendor.members(made.id) == sorted(members)
    assert (made.name, made.case_count, made.origin) == ("Mass tort – new", len(members), "public_api")
    assert vendor.arrived()[0]["body"] == definition


def test_a_missing_name_is_the_vendors_no(kayse: KayseClient) -> None:
    outcome = kayse.case_lists.create({"description": "?"})
    assert isinstance(outcome, Rejected)
    assert "name" in outcome.message
