"""Lists that a campaign uses: the mark, and what each change of such a list asks for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import in_use, ledger, services
from caselists_ui.definition import Definition, Selection
from caselists_ui.forms import GuardedForm
from caselists_ui.known import Step
from caselists_ui.ledger import MEMBERS
from caselists_ui.models import CaseList, Use
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import confirmed, form, no_operation, page_of, told
from tests.caselists_ui.test_edit import opened
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db
NAME = "Mass Tort Prospects"
URL = "/case-lists/1/in-use/"


def in_days(days: int) -> str:
    """A day as a date field sends it."""
    return (timezone.localdate() + timedelta(days=days)).isoformat()


@pytest.fixture
def used(sandbox: Sandbox, as_manager: Browser, actor: Actor) -> CaseList:
    """List 1, which a campaign uses until tomorrow."""
    told(as_manager)
    lists = CaseList.objects.get(pk=1)
    until = timezone.localdate() + timedelta(days=1)
    in_use.mark(actor, lists, campaign="Spring <b>calls</b>", until=until)
    return lists


def changes(sandbox: Sandbox) -> int:
    """How many changes have reached the vendor."""
    return len([one for one in sandbox.requests(path="/v1/") if one["method"] != "GET"])


# --- the mark --------------------------------------------------------------------------------------------------
def test_a_list_is_marked_changed_and_freed(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    before = len(sandbox.requests(path="/v1/"))
    assert "Mark as in use" in page_of(as_manager.get("/case-lists/1/"))
    assert as_manager.get(URL).status_code == 200
    for campaign, days in (("Spring", 0), ("Spring", 0), ("Summer", 30)):
        response = as_manager.post(URL, {"campaign": campaign, "until": in_days(days), "reason": "Calls"})
        assert (response.status_code, response["Location"]) == (303, "/case-lists/1/")
    use = Use.objects.get()
    assert (use.campaign, use.until.isoformat(), use.by_name) == ("Summer", in_days(30), "Max Manager")
    assert "In use by “Summer” until" in page_of(as_manager.get("/case-lists/1/"))
    assert as_manager.get(URL + "end/").status_code == 200
    assert as_manager.post(URL + "end/", {"reason": ""}).status_code == 422
    assert as_manager.post(URL + "end/", {"reason": "Over"}).status_code == 303
    assert not Use.objects.exists()
    assert as_manager.get(URL + "end/").status_code == 404
    told_now = Event.objects.order_by("id").values_list("stage", "action", "before", "after", "reason")
    spring, summer = (
        {"campaign": "Spring", "until": in_days(0)},
        {"campaign": "Summer", "until": in_days(30)},
    )
    assert list(told_now) == [
        ("fact", "case_list_in_use", None, spring, "Calls"),
        ("fact", "case_list_in_use", spring, summer, "Calls"),
        ("fact", "case_list_not_in_use", summer, {}, "Over"),
    ], "the same twice is one event"
    text = page_of(as_manager.get("/case-lists/1/"))
    assert "said that a campaign uses this list" in text
    assert "said that no campaign uses this list" in text
    assert len(sandbox.requests(path="/v1/")) == before


@pytest.mark.parametrize(
    "values",
    [
        {"campaign": "", "until": in_days(1)},
        {"campaign": "x" * 201, "until": in_days(1)},
        {"campaign": "x", "until": in_days(-1)},
        {"campaign": "x", "until": in_days(400)},
        {"campaign": "x", "until": "soon"},
        {"campaign": "x\0", "until": in_days(1)},
        {},
    ],
)
def test_a_mark_that_is_none(sandbox: Sandbox, as_manager: Browser, values: dict[str, str]) -> None:
    told(as_manager)
    assert as_manager.post(URL, values).status_code == 422
    assert not Use.objects.exists()
    no_operation()


def test_who_may_mark(sandbox: Sandbox, as_manager: Browser, people: dict[str, User], actor: Actor) -> None:
    told(as_manager)
    values = {"campaign": "x", "until": in_days(1), "reason": "y"}
    for url in (URL, URL + "end/"):
        assert Browser().post(url, values)["Location"].startswith("/sign-in/")
        assert signed_in(people["auditor"]).post(url, values).status_code == 403
        assert as_manager.put(url).status_code == 405
        assert as_manager.post(url.replace("/1/", "/999999/"), values).status_code == 404
    nobody = Actor(id=1, name="x")
    lists = CaseList.objects.get(pk=1)
    with pytest.raises(PermissionDenied):
        in_use.mark(nobody, lists, campaign="x", until=timezone.localdate())
    with pytest.raises(PermissionDenied):
        in_use.end(nobody, lists, reason="x")
    no_operation()


def test_it_is_shown_where_somebody_might_change_the_list(
    sandbox: Sandbox, as_manager: Browser, used: CaseList
) -> None:
    assert "In use until" in page_of(as_manager.get("/case-lists/"))
    for path in ("", "edit/", "attach/", "detach/", "clients/append/", "clients/remove/", "delete/"):
        text = page_of(as_manager.get(f"/case-lists/1/{path}"))
        assert "Spring &lt;b&gt;calls&lt;/b&gt;" in text, path
        assert "<b>calls" not in text, path


def test_it_ends_by_itself(sandbox: Sandbox, as_manager: Browser, used: CaseList) -> None:
    Use.objects.update(until=timezone.localdate())
    assert in_use.of(1)
    Use.objects.update(until=timezone.localdate() - timedelta(days=1))
    assert in_use.of(1) is None
    assert "In use" not in page_of(as_manager.get("/case-lists/"))
    assert "A campaign reaches everybody" not in page_of(as_manager.get("/case-lists/1/"))
    assert as_manager.post("/case-lists/1/delete/", form()).status_code == 303


# --- what a change asks for ---------------------------------------------------------------------------------------
CHANGES: dict[str, dict[str, str]] = {
    "attach/": {"include_ids": "5 6", "confirmed": "yes"},
    "detach/": {"include_ids": "5 6", "confirmed": "yes"},
    "clients/append/": {"client_ids": "3", "confirmed": "yes"},
    "clients/remove/": {"client_ids": "3", "confirmed": "yes"},
    "edit/": {"name": "Another name", "other_types": "25", "understood": "on", "base": "0.0"},
    "delete/": {},
}


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_needs_the_name_and_a_reason(
    sandbox: Sandbox, as_manager: Browser, used: CaseList, path: str
) -> None:
    url, values = f"/case-lists/1/{path}", CHANGES[path]
    for missing, words in (
        ({}, "required"),
        ({"reason": "Because"}, "required"),
        ({"typed_name": NAME}, "required"),
        ({"reason": "Because", "typed_name": "Mass tort prospects"}, "This is not the name of the list."),
    ):
        response = as_manager.post(url, form(**values, **missing))
        assert response.status_code == 422, missing
        assert words in page_of(response), missing
        assert 'name="typed_name"' in page_of(response), missing
    assert changes(sandbox) == 0
    full = form(**values, reason="Because", typed_name="  Mass Tort  Prospects ")
    first, second = as_manager.post(url, full), as_manager.post(url, full)
    assert first.status_code == 303, page_of(first)
    assert (second.status_code, second["Location"]) == (303, first["Location"])
    assert changes(sandbox) == 1
    assert Event.objects.filter(stage="intent").get().reason == "Because"


def test_the_question_asks_for_the_name_and_keeps_the_reason(
    sandbox: Sandbox, as_manager: Browser, used: CaseList
) -> None:
    url = "/case-lists/1/attach/"
    assert as_manager.post(url, form(include_ids="5")).status_code == 422, (
        "a reason is needed before the question"
    )
    text = page_of(as_manager.post(url, form(include_ids="5", reason="Because")))
    assert text.count('name="typed_name"') == text.count('name="reason"') == 1
    assert 'value="Because"' in text
    assert changes(sandbox) == 0


def test_a_list_that_nobody_uses_asks_for_no_name(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    for path in ("edit/", "delete/", "duplicate/"):
        assert "typed_name" not in page_of(as_manager.get(f"/case-lists/1/{path}"))
    assert "typed_name" not in page_of(as_manager.post("/case-lists/1/attach/", form(include_ids="5")))


Call = Callable[[Actor, CaseList, dict[str, Any]], Any]


def _member(action: Action) -> Call:
    payload = {"client_ids": [3]} if "clients" in action else {"include_ids": [5]}
    return lambda actor, lists, more: services.change_members(actor, lists, Step(action, payload), **more)


SERVICES: dict[str, Call] = {
    **{action.value: _member(action) for action in MEMBERS},
    "set": lambda actor, lists, more: services.edit(
        actor, lists, Definition("B", selection=Selection({"case_type_ids": [25]})), before=None, **more
    ),
    "delete": lambda actor, lists, more: services.delete(actor, lists, **more),
    "again": lambda actor, lists, more: services.do_again(
        actor, lists, [Step(Action.CASE_LIST_ATTACH, {"include_ids": [5]})], **more
    ),
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_refuses_without_them(sandbox: Sandbox, used: CaseList, actor: Actor, name: str) -> None:
    before = Event.objects.count()
    for missing in (
        {},
        {"reason": "r"},
        {"typed": NAME},
        {"reason": " ", "typed": NAME},
        {"reason": "r", "typed": "x"},
    ):
        with pytest.raises(in_use.NotConfirmed, match="In use by"):
            SERVICES[name](actor, used, {"operation": uuid.uuid4(), **missing})
    assert changes(sandbox) == 0
    assert Event.objects.count() == before, "nothing was begun"
    SERVICES[name](actor, used, {"operation": uuid.uuid4(), "reason": "r", "typed": NAME})
    assert changes(sandbox) == 1


def test_marked_while_the_question_was_open(
    sandbox: Sandbox, as_manager: Browser, used: CaseList, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form was checked a moment before the mark: the service still refuses, in words."""
    monkeypatch.setattr(GuardedForm, "guard", lambda self, *_, **__: self.fields.pop("typed_name"))
    response = as_manager.post("/case-lists/1/attach/", confirmed(include_ids="5"))
    assert response.status_code == 422
    assert "Open this page again" in page_of(response)
    assert changes(sandbox) == 0


def test_a_rename_with_replay_of_a_list_in_use(sandbox: Sandbox, as_manager: Browser, actor: Actor) -> None:
    """The old name is typed once, for the set and for what is done again after it under the new name."""
    made = services.create(
        actor, Definition("Old", selection=Selection({"case_type_ids": [25]})), operation=uuid.uuid4()
    )
    lists = CaseList.objects.get(pk=made.value.id)  # type: ignore[union-attr]
    step = Step(Action.CASE_LIST_APPEND_CLIENTS, {"client_ids": [3, 4]})
    services.change_members(actor, lists, step, operation=uuid.uuid4())
    members = sandbox.members(lists.pk)
    in_use.mark(actor, lists, campaign="c", until=timezone.localdate())
    values = opened(as_manager, lists.pk, name="New", again="on", reason="r", typed_name="Old")
    assert as_manager.post(f"/case-lists/{lists.pk}/edit/", values).status_code == 303
    assert sandbox.members(lists.pk) == members
    assert [step.client_ids for step in ledger.known(lists.pk).steps] == [(3, 4)]
