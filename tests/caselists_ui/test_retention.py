"""What is known of a list's members outlives a purge of the record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import ledger, local
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, retention, seals
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Target
from tests.caselists_ui.test_edit import save
from tests.caselists_ui.test_many import three
from tests.caselists_ui.test_waiting import attach
from tests.conftest import Sandbox

__all__ = ["three"]
pytestmark = pytest.mark.django_db


def test_changes_on_top_of_a_version_hold_their_month(
    sandbox: Sandbox, as_manager: Browser, three: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        before = timezone.now() - timedelta(days=100)
        then.setattr(timezone, "now", lambda: before)
        seals.seal_all()  # what made the lists was sealed long ago
    attach(as_manager, three[0], "5 6")
    known = ledger.known(three[0])
    recorder.fact(Actor.system("x"), Action.CASE_LISTS_LOOK, Target("case_list", None, "x"))
    seals.seal_all()
    later = timezone.now() + timedelta(days=100)
    monkeypatch.setattr(timezone, "now", lambda: later)
    recorder.fact(Actor.system("x"), Action.CASE_LISTS_LOOK, Target("case_list", None, "x"))
    seals.seal_all()
    held = Event.objects.get(action=Action.CASE_LIST_ATTACH, stage="intent")
    assert ledger.oldest_needed() == held.at
    for month in retention.due(1):
        retention.purge(Actor.system("Retention"), month)
    assert Event.objects.filter(pk=held.pk).exists()
    assert ledger.known(three[0]) == known
    carried = known.carried
    assert carried is not None
    assert {5, 6} <= set(carried.selection.include_ids)


def test_a_version_or_an_end_lets_the_record_go(
    sandbox: Sandbox, as_manager: Browser, three: list[int]
) -> None:
    assert ledger.oldest_needed() is None
    attach(as_manager, three[0], "5 6")
    attach(as_manager, three[1], "5 6")
    assert ledger.oldest_needed() is not None
    assert save(as_manager, three[0], name="Q1 A", include_ids="1 2 5 6", understood="on").status_code == 303
    local.forget(three[1])
    assert ledger.oldest_needed() is None
