"""Looking at the vendor to tell what became of a change whose outcome nobody knows (faults 3, 9, 11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import ledger, listing
from caselists_ui.models import CaseList, Version
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, recovery
from kayse_admin.audit.models import Event, OpenOperation, Stage
from kayse_admin.audit.records import Finding
from kayse_admin.kayse_api.outcomes import Applied
from tests.caselists_ui.helpers import confirmed, form, pk_of, told
from tests.caselists_ui.test_edit import opened
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def recover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the housekeeping look, as if the time for it had come."""
    monkeypatch.setattr(recovery, "SETTLING", timedelta(0))
    OpenOperation.objects.update(next_try_at=timezone.now())
    recovery.recover()


def results() -> list[tuple[str, str]]:
    """Stage and result of every event of the newest operation, oldest first."""
    newest = Event.objects.filter(stage=Stage.INTENT).latest("id")
    return list(
        Event.objects.filter(operation=newest.operation).order_by("id").values_list("stage", "result")
    )


def test_a_create_is_found_by_its_exact_name(sandbox: Sandbox, as_manager: Browser, monkeypatch: Any) -> None:
    told(as_manager)
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    as_manager.post("/case-lists/new/", form(name="Perhaps", case_types=["25"]))
    sandbox.call("POST", "/case_lists", {"name": "Perhaps not"})
    recover(monkeypatch)
    assert results() == [("intent", ""), ("outcome", "unknown"), ("reconciled", "applied")]
    version = Version.objects.get()
    assert version.case_list.name == "Perhaps"
    assert version.definition["filter"] == {"case_type_ids": [25]}
    assert not OpenOperation.objects.exists()
    assert len(sandbox.requests("POST", "/v1/case_lists")) == 2


def test_a_create_that_never_happened(sandbox: Sandbox, as_manager: Browser, monkeypatch: Any) -> None:
    told(as_manager)
    sandbox.fault("reset_before", method="POST", path="/v1/case_lists")
    as_manager.post("/case-lists/new/", form(name="Mass Tort Prospects"))
    recover(monkeypatch)
    assert results()[-1] == ("reconciled", "not_applied")
    assert not Version.objects.exists()


def test_two_new_lists_of_the_name_are_left_to_a_person(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any
) -> None:
    told(as_manager)
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    as_manager.post("/case-lists/new/", form(name="Twin"))
    sandbox.call("POST", "/case_lists", {"name": "Twin"})
    recover(monkeypatch)
    assert results() == [("intent", ""), ("outcome", "unknown"), ("reconciled", "unknown")]
    assert OpenOperation.objects.get().state == "unknown"


def looked_at_all(browser: Browser) -> None:
    told(browser)


def not_looked_at(browser: Browser) -> None:
    """Nobody has asked Kayse for its lists."""


def looked_long_ago(browser: Browser) -> None:
    told(browser)
    cache.delete(listing.WHOLE)  # as after ten minutes


def looked_and_made_another(browser: Browser) -> None:
    told(browser)
    pk_of(browser.post("/case-lists/new/", form(name="Newer", case_types=["25"])))


@pytest.mark.parametrize(
    ("before", "after", "outside"),
    [
        (not_looked_at, not_looked_at, {}),
        (looked_long_ago, not_looked_at, {}),
        (not_looked_at, looked_and_made_another, {}),
        (looked_at_all, not_looked_at, {"description": "Made in the app"}),
    ],
)
def test_a_list_that_somebody_else_made_is_not_taken_for_ours(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any, before: Any, after: Any, outside: dict[str, str]
) -> None:
    """Its name alone proves nothing: the dashboard knows only what it was told of."""
    before(as_manager)
    theirs = sandbox.call(
        "POST", "/case_lists", {"name": "Ghost", "filter": {"case_type_ids": [31]}, **outside}
    )
    after(as_manager)
    if after is looked_and_made_another:  # they made theirs after the look, and it was not told
        CaseList.objects.filter(pk=theirs["id"]).delete()
    sandbox.fault("reset_before", method="POST", path="/v1/case_lists")
    as_manager.post("/case-lists/new/", form(name="Ghost", case_types=["12"], statuses=["20"]))
    for _ in range(2):
        recover(monkeypatch)
    assert results() == [("intent", ""), ("outcome", "unknown"), ("reconciled", "unknown")]
    ghost = CaseList.objects.get(name="Ghost")
    assert not ghost.versions.exists()
    assert ledger.known(ghost.pk).definition is None
    newest = Event.objects.filter(stage=Stage.RECONCILED).latest("id")
    assert f"Kayse has a list of this name: {theirs['id']}." in newest.detail


def test_a_create_is_believed_after_a_look_at_every_list(
    sandbox: Sandbox, as_manager: Browser, actor: Actor, monkeypatch: Any
) -> None:
    assert isinstance(listing.look(), Applied)
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    values = form(name="Ours", case_types=["12"])
    as_manager.post("/case-lists/new/", values)
    told(as_manager)  # somebody sees it before recovery does
    as_manager.post("/case-lists/new/", values)
    recover(monkeypatch)
    assert results()[-1] == ("reconciled", "applied")
    assert Version.objects.get().case_list.name == "Ours"


@pytest.mark.parametrize(("kind", "result"), [("reset_after", "applied"), ("reset_before", "not_applied")])
def test_an_edit_is_told_by_its_name(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any, kind: str, result: str
) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    sandbox.fault(kind, method="POST", path="/v1/case_lists/bulk")
    as_manager.post(f"/case-lists/{pk}/edit/", opened(as_manager, pk, name="B", include_ids="1"))
    assert ledger.known(pk).unsure
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="2"))
    recover(monkeypatch)
    events = Event.objects.filter(action="case_list_update").order_by("id")
    assert [event.result for event in events] == ["", "unknown", result]
    known = ledger.known(pk)
    assert known.definition is not None
    assert not known.unsure
    applied = result == "applied"
    assert (known.definition.name, known.version) == (("B", 2) if applied else ("A", 1))
    assert [step.selection.include_ids for step in known.steps] == [(2,)]


def test_an_edit_of_the_filter_alone_cannot_be_told(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any
) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists/bulk")
    as_manager.post(f"/case-lists/{pk}/edit/", opened(as_manager, pk, include_ids="1"))
    before = len(sandbox.requests(path="/v1/"))
    recover(monkeypatch)
    recover(monkeypatch)
    assert results() == [("intent", ""), ("outcome", "unknown")]
    assert len(sandbox.requests(path="/v1/")) == before
    assert ledger.known(pk).unsure


@pytest.mark.parametrize(("kind", "result"), [("reset_after", "applied"), ("reset_before", "not_applied")])
def test_a_delete_is_told_by_the_lists_pages(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any, kind: str, result: str
) -> None:
    told(as_manager)
    sandbox.fault(kind, method="POST", path="/v1/case_lists/bulk_delete")
    as_manager.post("/case-lists/1/delete/", form())
    recover(monkeypatch)
    assert results()[-1] == ("reconciled", result)
    assert (CaseList.objects.get(pk=1).gone_at is not None) == (result == "applied")


def test_nothing_is_said_while_the_vendor_is_away(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any
) -> None:
    told(as_manager)
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists/bulk_delete")
    as_manager.post("/case-lists/1/delete/", form())
    sandbox.fault("status", method="GET", path="/v1/case_lists", status=400, times=None)
    recover(monkeypatch)
    assert results() == [("intent", ""), ("outcome", "unknown")]
    assert CaseList.objects.get(pk=1).gone_at is None


def test_what_a_person_found_out_about_members_is_believed(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    sandbox.fault("reset_after", method="PATCH", path=f"/v1/case_lists/{pk}/attach")
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="2"))
    assert [step.unsure for step in ledger.known(pk).steps] == [True]
    begun = Event.objects.get(action="case_list_attach", stage=Stage.INTENT)
    for result, steps in (("not_applied", []), ("applied", [False])):
        recovery_says(begun, result)
        assert [step.unsure for step in ledger.known(pk).steps] == steps


def recovery_says(begun: Event, result: Any) -> None:
    recorder.reconciled(begun, Finding(result, "Looked in Kayse."), Actor.system("Ada Min"))


def test_a_process_that_died_before_the_outcome(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: Any
) -> None:
    """The intent is there, the vendor has the list, and nobody wrote the outcome."""
    told(as_manager)
    monkeypatch.setattr("kayse_admin.upstream.operations.recorder.outcome", _dies)
    with pytest.raises(SystemExit):
        as_manager.post("/case-lists/new/", form(name="Orphan", include_ids="1 2"))
    monkeypatch.undo()
    OpenOperation.objects.update(owner="another-host:1", opened_at=timezone.now() - timedelta(hours=1))
    recover(monkeypatch)
    assert results() == [("intent", ""), ("outcome", "applied")]
    assert Version.objects.get().case_list.name == "Orphan"
    assert len(sandbox.requests("POST", "/v1/")) == 1


def _dies(*_: Any, **__: Any) -> None:
    raise SystemExit


def test_members_cannot_be_looked_up() -> None:
    for action in ("case_list_create", "case_list_update", "case_list_delete"):
        assert recovery.verifiable(action)
    assert not recovery.verifiable("case_list_attach")
