"""Taking a change of a list back: exactly, or not at all, and the page says which."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import in_use, reversing
from caselists_ui.models import CaseList
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import confirmed, form, page_of, pk_of, told
from tests.caselists_ui.test_attach import outside
from tests.caselists_ui.test_edit import made, opened
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
PATHS = {
    "attach": "include_ids",
    "detach": "include_ids",
    "clients/append": "client_ids",
    "clients/remove": "client_ids",
}


def last_operation() -> uuid.UUID:
    """The newest operation in the record."""
    found: uuid.UUID = Event.objects.filter(stage="intent").latest("id").operation
    return found


def reversal(pk: int) -> reversing.Reversal:
    """How the newest operation can be taken back."""
    found = reversing.one(pk, last_operation())
    assert found is not None
    return found


def change(browser: Browser, path: str, ids: list[int], pk: int = 1) -> None:
    """Change the members of a list."""
    values = {PATHS[path]: " ".join(map(str, ids))}
    assert browser.post(f"/case-lists/{pk}/{path}/", confirmed(**values)).status_code == 303


def take_back(browser: Browser, pk: int = 1) -> Any:
    """Follow the link of the list's page, and say yes."""
    (url,) = re.findall(r'href="([^"]*\?reverse=[^"]*)"', page_of(browser.get(f"/case-lists/{pk}/")))
    page = browser.get(url)
    text = page_of(page)
    values = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
    values.pop("csrfmiddlewaretoken", None)
    assert values["confirmed"] == "yes"
    return browser.post(url.partition("?")[0], values)


def test_an_attach_of_new_cases_is_taken_back_exactly(
    sandbox: Sandbox,
    as_manager: Browser,
    cases: list[dict[str, Any]],
) -> None:
    told(as_manager)
    before = sandbox.members(1)
    change(as_manager, "attach", outside(sandbox, cases, 3))
    assert "Exact: the number of cases rose by all 3." in page_of(as_manager.get("/case-lists/1/"))
    attached = last_operation()
    assert take_back(as_manager).status_code == 303
    assert sandbox.members(1) == before
    assert Event.objects.filter(stage="intent").latest("id").reason == f"Reverses operation {attached}"


def test_a_detach_of_members_is_taken_back_exactly(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    before = sandbox.members(1)
    change(as_manager, "detach", before[:2])
    assert take_back(as_manager).status_code == 303
    assert sandbox.members(1) == before


def test_appended_and_removed_clients(
    sandbox: Sandbox, as_manager: Browser, cases: list[dict[str, Any]]
) -> None:
    told(as_manager)
    before = sandbox.members(1)
    clients = sorted({c for case in cases if case["id"] not in before for c in case["client_ids"]})
    mine = {c for case in cases if case["id"] in before for c in case["client_ids"]}
    chosen = [client for client in clients if client not in mine][:2]
    change(as_manager, "clients/append", chosen)
    assert "As long as the clients still have the same cases." in reversal(1).why
    assert take_back(as_manager).status_code == 303
    assert sandbox.members(1) == before
    change(as_manager, "attach", [case["id"] for case in cases if set(case["client_ids"]) & set(chosen)])
    grown = sandbox.members(1)
    change(as_manager, "clients/remove", chosen)
    assert take_back(as_manager).status_code == 303
    assert sandbox.members(1) == grown


def test_what_is_not_exact_is_said_plainly(
    sandbox: Sandbox,
    as_manager: Browser,
    cases: list[dict[str, Any]],
) -> None:
    told(as_manager)
    member, new = sandbox.members(1)[0], outside(sandbox, cases, 1)[0]
    change(as_manager, "attach", [member, new])
    assert reversal(1).url == ""
    assert "some were on the list before" in reversal(1).why
    assert "Cannot be taken back exactly." in page_of(as_manager.get("/case-lists/1/"))
    assert as_manager.get(f"/case-lists/1/detach/?reverse={last_operation()}").status_code == 404
    as_manager.post("/case-lists/1/attach/", confirmed(case_types=["31"]))
    assert "Kayse decided which cases matched" in reversal(1).why
    change(as_manager, "clients/append", [3])
    as_manager.post("/case-lists/2/delete/", form())
    assert reversing.one(2, last_operation()) == reversing.Reversal("Kayse does not bring a list back.")


def test_a_number_that_was_old_proves_nothing(
    sandbox: Sandbox,
    as_manager: Browser,
    cases: list[dict[str, Any]],
) -> None:
    told(as_manager)
    CaseList.objects.filter(pk=1).update(counted_at=timezone.now() - timedelta(minutes=11))
    change(as_manager, "attach", outside(sandbox, cases, 2))
    assert "just before it" in reversal(1).why


def test_a_count_that_was_not_told_proves_nothing(
    sandbox: Sandbox,
    as_manager: Browser,
    cases: list[dict[str, Any]],
) -> None:
    told(as_manager)
    sandbox.fault("status", method="GET", path="/v1/case_lists", status=400)
    change(as_manager, "attach", outside(sandbox, cases, 2))
    assert "after it, is not known" in reversal(1).why


def test_a_later_change_of_the_same_cases(
    sandbox: Sandbox,
    as_manager: Browser,
    cases: list[dict[str, Any]],
) -> None:
    told(as_manager)
    ids = outside(sandbox, cases, 4)
    change(as_manager, "attach", ids[:2])
    first = last_operation()
    change(as_manager, "attach", ids[2:])
    found = reversing.one(1, first)
    assert found is not None
    assert found.url, "another change of other cases does not matter"
    change(as_manager, "detach", ids[:1])
    found = reversing.one(1, first)
    assert found is not None
    assert (found.url, found.why) == ("", "Members were changed since, perhaps the same ones.")


def test_a_rename_is_taken_back(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, name="Old", include_ids="1 2")
    members = sandbox.members(pk)
    as_manager.post(f"/case-lists/{pk}/edit/", opened(as_manager, pk, name="New"))
    assert CaseList.objects.get(pk=pk).name == "New"
    link = reversal(pk).url
    values = opened(as_manager, pk, f"?{link.partition('?')[2]}")
    assert (values["name"], values["reason"]) == ("Old", f"Reverses operation {last_operation()}")
    assert as_manager.post(f"/case-lists/{pk}/edit/", values).status_code == 303
    assert CaseList.objects.get(pk=pk).name == "Old"
    assert sandbox.members(pk) == members
    assert as_manager.get(f"/case-lists/{pk}/edit/?reverse={uuid.uuid4()}").status_code == 404
    assert as_manager.get(f"/case-lists/{pk}/edit/?reverse=x").status_code == 404


def test_a_set_of_a_list_from_elsewhere_is_not(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    values = form(name="B", other_types="25", understood="on", base="0.0")
    as_manager.post("/case-lists/1/edit/", values)
    assert "made of before is not known here" in reversal(1).why


def test_a_copy_is_deleted(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    copy = pk_of(as_manager.post("/case-lists/1/duplicate/", form()))
    assert reversal(1).url == f"/case-lists/{copy}/delete/"
    assert "Delete the copy" in page_of(as_manager.get("/case-lists/1/"))


def test_a_list_in_use_asks_for_its_name_there_too(
    sandbox: Sandbox,
    as_manager: Browser,
    actor: Actor,
    cases: list[dict[str, Any]],
) -> None:
    told(as_manager)
    change(as_manager, "attach", outside(sandbox, cases, 1))
    in_use.mark(actor, CaseList.objects.get(pk=1), campaign="c", until=timezone.localdate())
    assert take_back(as_manager).status_code == 422


def test_strange_addresses(sandbox: Sandbox, as_manager: Browser, as_auditor: Browser) -> None:
    told(as_manager)
    for text in ("", "x", str(uuid.uuid4()), "0" * 400):
        assert as_manager.get("/case-lists/1/detach/", {"reverse": text}).status_code == 404
    assert as_auditor.get("/case-lists/1/detach/?reverse=x").status_code == 403


def test_the_operations_page_says_why_there_is_no_way_back(
    sandbox: Sandbox, as_manager: Browser, as_auditor: Browser, cases: list[dict[str, Any]]
) -> None:
    told(as_manager)
    ids = outside(sandbox, cases, 2)
    change(as_manager, "attach", ids)
    first = f"/audit/{last_operation()}/"
    assert 'href="/case-lists/1/detach/?reverse=' in page_of(as_manager.get(first))
    change(as_manager, "attach", ids)
    text = page_of(as_manager.get(f"/audit/{last_operation()}/"))
    assert "Cannot be taken back exactly. Not all of the 2 cases changed (the number says 0)" in text
    for browser in (as_manager, as_auditor):
        text = page_of(browser.get(first))
        assert "Cannot be taken back exactly. Members were changed since, perhaps the same ones." in text
        assert "?reverse=" not in text


def test_a_list_that_is_gone_offers_no_way_back(
    sandbox: Sandbox, as_manager: Browser, cases: list[dict[str, Any]]
) -> None:
    told(as_manager)
    change(as_manager, "attach", outside(sandbox, cases, 2))
    page = f"/audit/{last_operation()}/"
    CaseList.objects.filter(pk=1).update(gone_at=timezone.now())
    assert "the list is not at Kayse any more" in page_of(as_manager.get(page))


def test_one_case_is_told_in_the_singular(
    sandbox: Sandbox, as_manager: Browser, cases: list[dict[str, Any]]
) -> None:
    told(as_manager)
    ids = outside(sandbox, cases, 1)
    change(as_manager, "attach", ids)
    assert "Exact: the number of cases rose by 1." in reversal(1).why
    change(as_manager, "attach", ids)
    assert (
        reversal(1).why
        == "The number of cases did not change by 1 but by 0: the case was on the list before."
    )
