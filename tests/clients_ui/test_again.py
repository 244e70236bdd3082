"""Forms that are sent again, with other values or while nobody knows what became of the first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui import unanswered
from clients_ui.models import Client
from kayse_admin.audit.models import Event, OpenOperation
from tests.clients_ui.conftest import edit_fields, events, new_fields, posted, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
NEW = "/clients/new/"


def test_an_edit_that_is_sent_again_with_other_values_is_not_taken_for_saved(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client
) -> None:
    url, data = f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas")
    assert as_paralegal.post(url, data).status_code == 303
    again = as_paralegal.post(url, {**data, "city": "Houston"})
    assert again.status_code == 409
    assert "What is typed here now has not been sent" in text_of(again)
    assert posted(again)["city"] == "Houston"
    assert sandbox.client(ana.pk)["city"] == "Dallas"
    assert as_paralegal.post(url, posted(again)).status_code == 303
    assert sandbox.client(ana.pk)["city"] == "Houston"


def test_what_was_typed_back_is_another_value_too(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client
) -> None:
    url, data = f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas")
    as_paralegal.post(url, data)
    assert as_paralegal.post(url, {**data, "city": ana.city, "state": "OK"}).status_code == 409


def test_a_create_that_is_sent_again_with_other_values_is_not_taken_for_created(
    as_paralegal: Browser, sandbox: Sandbox
) -> None:
    data = new_fields(external_source_id="z1")
    as_paralegal.post(NEW, data)
    again = as_paralegal.post(NEW, {**data, "first_name": "Second", "external_source_id": "z2"})
    assert again.status_code == 409
    assert posted(again)["first_name"] == "Second"
    assert len(sandbox.requests("POST")) == 1
    assert as_paralegal.post(NEW, {**posted(again), "create_anyway": "1"}).status_code == 303
    assert len(sandbox.requests("POST")) == 2


def unanswered_create(sandbox: Sandbox, browser: Browser, **typed: str) -> Event:
    """A create that was done and never answered."""
    sandbox.fault("reset_after", method="POST", path="/v1/clients")
    browser.post(NEW, new_fields(**typed))
    return Event.objects.get(stage="intent")


def newest_at_kayse(sandbox: Sandbox) -> int:
    """The client that was made last there: one less than the next."""
    somebody = {"first_name": "A", "last_name": "B", "external_source": "x", "external_source_id": "y"}
    return int(sandbox.call("POST", "/clients", somebody)["id"]) - 1


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"email": "other@example.com", "mobile": ""}, "same external id"),
        ({"external_source_id": "else", "mobile": ""}, "same e-mail address"),
        ({"external_source_id": "else", "email": ""}, "same phone number"),
    ],
)
def test_who_tries_again_while_nobody_knows_is_asked(
    as_paralegal: Browser, sandbox: Sandbox, typed: dict[str, str], why: str
) -> None:
    begun = unanswered_create(sandbox, as_paralegal)
    page = as_paralegal.post(NEW, new_fields(**typed))
    assert page.status_code == 422
    words = text_of(page)
    assert "nobody knows whether it happened" in words
    assert why in words
    assert f"/clients/new/{begun.operation}/" in page.text
    assert len(sandbox.requests("POST")) == 1
    assert as_paralegal.post(NEW, {**posted(page), "create_anyway": "1"}).status_code == 303
    assert len(sandbox.requests("POST")) == 2


def test_somebody_else_is_not_asked_about(as_paralegal: Browser, sandbox: Sandbox) -> None:
    unanswered_create(sandbox, as_paralegal)
    other = new_fields(external_source_id="else", email="e@example.com", mobile="(512) 555-0171")
    assert as_paralegal.post(NEW, other).status_code == 303


def test_the_client_is_named_and_known_from_then_on(as_paralegal: Browser, sandbox: Sandbox) -> None:
    begun = unanswered_create(sandbox, as_paralegal)
    page = as_paralegal.get(f"/clients/new/{begun.operation}/")
    assert "It is there, and this is its id" in text_of(page)
    pk = newest_at_kayse(sandbox)
    found = as_paralegal.post(f"/clients/new/{begun.operation}/found/", {"pk": str(pk)})
    assert (found.status_code, found.headers["Location"]) == (303, f"/clients/{pk}/")
    assert events("client_create")[-1] == ("reconciled", "applied")
    assert Event.objects.get(stage="reconciled").target_id == pk
    assert Client.objects.get().external_source_id == begun.payload["external_source_id"]
    assert not OpenOperation.objects.exists()
    assert as_paralegal.get(f"/clients/new/{begun.operation}/").headers["Location"] == f"/clients/{pk}/"
    assert unanswered.like(begun.payload) == []
    again = as_paralegal.post(f"/clients/new/{begun.operation}/found/", {"pk": str(pk)})
    assert again.status_code in (303, 422), "settled, or known here by now"
    assert len(events("client_create")) == 3, "intent, outcome, and one finding"


@pytest.mark.parametrize(
    ("pk", "why"),
    [
        ("", "Type the id of the client"),
        ("x", "not the id of a client"),
        ("5", "is not as it was sent"),
        ("999999", "does not know"),
    ],
)
def test_another_client_is_refused(as_paralegal: Browser, sandbox: Sandbox, pk: str, why: str) -> None:
    begun = unanswered_create(sandbox, as_paralegal)
    page = as_paralegal.post(f"/clients/new/{begun.operation}/found/", {"pk": pk})
    assert page.status_code == 422
    assert why in text_of(page)
    assert OpenOperation.objects.get().state == "unknown"


def test_who_was_known_before_is_refused_unread(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    begun = unanswered_create(sandbox, as_paralegal)
    before = len(sandbox.requests("GET"))
    page = as_paralegal.post(f"/clients/new/{begun.operation}/found/", {"pk": str(ana.pk)})
    assert "it is another one" in text_of(page)
    assert len(sandbox.requests("GET")) == before


def test_it_happened_is_said_by_naming_the_client(as_paralegal: Browser, sandbox: Sandbox) -> None:
    begun = unanswered_create(sandbox, as_paralegal)
    url = f"/audit/{begun.operation}/"
    assert "It is there: name the client" in text_of(as_paralegal.get(url))
    page = as_paralegal.post(f"{url}resolve/", {"finding": "applied", "because": "saw it"})
    assert page.status_code == 422
    assert "Name what was made" in text_of(page)
    assert as_paralegal.post(f"{url}resolve/", {"finding": "not_applied", "because": "no"}).status_code == 303
    assert re.search(
        "The client was not created", text_of(as_paralegal.get(f"/clients/new/{begun.operation}/"))
    )


def test_nobody_else_may_name_it(
    as_paralegal: Browser, as_manager: Browser, sandbox: Sandbox, people: Any
) -> None:
    begun = unanswered_create(sandbox, as_paralegal)
    assert as_manager.post(f"/clients/new/{begun.operation}/found/", {"pk": "1"}).status_code == 403
