"""What needs a person on the home page: with what was tried, and the next step for this reader."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit import inbox, queries, recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import OpenOperation
from kayse_admin.audit.records import Target
from tests.audit.factory import ROUNDUP, acting, performed
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db

REVIEWER = Actor(99, "Audrey Tor", capabilities=frozenset({"audit_view", "clients_view", "lists_view"}))
ADMIN = Actor(98, "Ada Min", capabilities=frozenset({"settings_edit", "clients_view"}))


def waiting(actor: Actor) -> list[inbox.Waiting]:
    return inbox.of(actor, queries.unfinished(stuck=timedelta(seconds=-1)))


def test_what_was_tried_and_what_comes_next(people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), result="unknown", detail="Kayse fell silent.")
    (one,) = waiting(ADMIN)
    at = OpenOperation.objects.get().next_try_at
    assert one.tried == f"Kayse fell silent. Not looked at yet; next at {timezone.localtime(at):%H:%M}."
    assert (one.step, one.url) == (
        "Look it up in Kayse and record what you found", f"/audit/{begun.operation}/",
    )  # fmt: skip
    OpenOperation.objects.update(tries=2)
    assert "Looked at 2 times; next at" in waiting(ADMIN)[0].tried
    OpenOperation.objects.update(tries=5)
    assert waiting(ADMIN)[0].tried.endswith("Looked at 5 times; nothing more is tried.")


def test_who_may_not_say_is_told_who_may(people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), result="unknown")
    (one,) = waiting(REVIEWER)
    assert (one.step, one.url) == ("An administrator can look it up and record what happened.", "")
    assert waiting(acting(people["paralegal"]))[0].url


def test_what_no_look_can_tell_is_said(people: dict[str, User]) -> None:
    performed(acting(people["manager"]), Action.CASE_LIST_DUPLICATE, ROUNDUP, result="unknown")
    assert waiting(ADMIN)[0].tried == "Kayse offers no way to look."


def test_a_job_is_decided_by_its_rows_and_what_is_under_way_waits(people: dict[str, User]) -> None:
    target = Target("job", 4, "Import of May")
    performed(acting(people["manager"]), Action.CLIENTS_BULK_UPSERT, target, result="unknown", job=4)
    performed(acting(people["manager"]), result="")
    flying, job = waiting(ADMIN)
    assert (job.step, job.url) == ("Decide about its rows", "/jobs/4/")
    assert flying.step.startswith("Nothing to do yet")
    assert flying.url == ""


def test_it_stands_on_the_home_page_and_its_queries_do_not_grow(
    as_admin: Browser, people: dict[str, User]
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            page = text_of(as_admin.get("/"))
        assert "Kayse fell silent. Looked at 5 times; nothing more is tried." in page
        assert "Look it up in Kayse and record what you found" in page
        return len(caught)

    def unknown(number: int) -> None:
        for _ in range(number):
            performed(acting(people["paralegal"]), result="unknown", detail="Kayse fell silent.")
        OpenOperation.objects.update(tries=recovery.MOST_LOOKS)

    unknown(1)
    few = asked()
    unknown(5)
    assert asked() == few
