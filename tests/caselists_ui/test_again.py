"""A form of a list that is sent again with something else in it: nothing typed is lost, nothing is doubled."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from caselists_ui.models import CaseList
from tests.caselists_ui.helpers import confirmed, form, page_of, pk_of
from tests.caselists_ui.test_edit import opened
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
NOT_SENT = "What it holds now has not been sent"


def writes(sandbox: Sandbox) -> int:
    """How many changes arrived."""
    return sum(one["method"] != "GET" for one in sandbox.requests())


def fresh(answer: Any) -> dict[str, str]:
    """The operation id under which the form that was shown again can be sent."""
    return {"operation": answer.context["form"].data["operation"]}


def test_a_new_list(sandbox: Sandbox, as_manager: Browser) -> None:
    data = form(name="L one", case_types=["25"])
    first = as_manager.post("/case-lists/new/", data)
    same = as_manager.post("/case-lists/new/", data)
    assert same.headers["Location"] == first.headers["Location"]
    again = as_manager.post("/case-lists/new/", {**data, "name": "L two"})
    assert again.status_code == 409
    assert NOT_SENT in page_of(again)
    assert writes(sandbox) == 1
    assert pk_of(as_manager.post("/case-lists/new/", {**data, "name": "L two", **fresh(again)}))
    assert sorted(CaseList.objects.filter(name__startswith="L ").values_list("name", flat=True)) == [
        "L one",
        "L two",
    ]


def test_an_edit(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    data = opened(as_manager, pk, name="B")
    assert as_manager.post(f"/case-lists/{pk}/edit/", data).status_code == 303
    assert as_manager.post(f"/case-lists/{pk}/edit/", data).status_code == 303
    before = writes(sandbox)
    again = as_manager.post(f"/case-lists/{pk}/edit/", {**data, "name": "C"})
    assert again.status_code == 409
    assert NOT_SENT in page_of(again)
    assert (writes(sandbox), CaseList.objects.get(pk=pk).name) == (before, "B")


def test_an_attach(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    data = confirmed(include_ids="1")
    for _ in range(2):
        assert as_manager.post(f"/case-lists/{pk}/attach/", data).status_code == 303
    before = writes(sandbox)
    again = as_manager.post(f"/case-lists/{pk}/attach/", {**data, "include_ids": "2"})
    assert again.status_code == 409
    assert NOT_SENT in page_of(again)
    assert writes(sandbox) == before
    second = {**data, "include_ids": "2", **fresh(again)}
    assert as_manager.post(f"/case-lists/{pk}/attach/", second).status_code == 303
    assert {1, 2} <= set(sandbox.members(pk))
