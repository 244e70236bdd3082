"""Taking back an edit, and rebuilding a client that was deleted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.audit.models import Event
from tests.clients_ui.conftest import edit_fields, posted, save_though_untold, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def edited(browser: Browser, client: Client, **typed: str) -> uuid.UUID:
    assert browser.post(f"/clients/{client.pk}/edit/", edit_fields(client, **typed)).status_code == 303
    return last_edit()


def last_edit() -> uuid.UUID:
    found: uuid.UUID = Event.objects.filter(action="client_update").order_by("-id")[0].operation
    return found


def reverse(browser: Browser, pk: int, operation: object) -> Any:
    return browser.get(f"/clients/{pk}/edit/?reverse={operation}")


def test_an_edit_is_reversed_by_a_new_one(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    operation = edited(as_paralegal, ana, city="Dallas", case_ids="")
    assert str(operation) in as_paralegal.get(f"/clients/{ana.pk}/").content.decode()
    before = len(sandbox.requests())
    page = reverse(as_paralegal, ana.pk, operation)
    assert "Reversing the edit of Paula Legal" in text_of(page)
    assert len(sandbox.requests()) == before
    as_paralegal.post(f"/clients/{ana.pk}/edit/", posted(page))
    after = sandbox.client(ana.pk)
    assert (after["city"], after["case_ids"]) == (ana.city, ana.case_ids)
    assert Event.objects.filter(action="client_update", opens=True).count() == 2


def test_what_was_changed_again_is_said(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    operation = edited(as_paralegal, ana, city="Dallas")
    edited(as_paralegal, Client.objects.get(pk=ana.pk), city="Houston")
    assert "Changed again since: City" in text_of(reverse(as_paralegal, ana.pk, operation))


def test_what_nobody_knew_before_cannot_be_reversed(as_paralegal: Browser, sandbox: Sandbox) -> None:
    sandbox.switch(answers="sparse")
    as_paralegal.post("/clients/open/", {"pk": "2"})
    assert save_though_untold(as_paralegal, Client.objects.get(pk=2), postal_code="75001") == 303
    operation = last_edit()
    assert "Nobody knows what was before: ZIP code" in text_of(reverse(as_paralegal, 2, operation))


@pytest.mark.parametrize("operation", ["", "x", str(uuid.UUID(int=1))])
def test_what_is_no_edit_opens_the_plain_form(as_paralegal: Browser, ana: Client, operation: str) -> None:
    page = reverse(as_paralegal, ana.pk, operation)
    assert page.status_code == 200
    assert page.context["form"]["city"].value() == ana.city


def test_an_edit_of_somebody_else_is_not_mixed_in(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, known: Any
) -> None:
    other = known(3)
    operation = edited(as_paralegal, other, city="Dallas")
    assert "Reversing" not in text_of(reverse(as_paralegal, ana.pk, operation))


def test_a_deleted_client_is_rebuilt_under_a_new_id(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client
) -> None:
    as_paralegal.post(f"/clients/{ana.pk}/delete/", {"operation": str(uuid.uuid4())})
    assert "Rebuild it under a new id" in text_of(as_paralegal.get(f"/clients/{ana.pk}/"))
    form = posted(as_paralegal.get(f"/clients/new/?like={ana.pk}"))
    answer = as_paralegal.post("/clients/new/", form)
    new = sandbox.client(int(answer.headers["Location"].strip("/").rpartition("/")[2]))
    assert new["id"] != ana.pk
    assert (new["city"], new["case_ids"], new["mobile"]) == (ana.city, ana.case_ids, ana.mobile)


@pytest.mark.parametrize("like", ["2", "x", "999999", str(2**63)])
def test_only_what_is_deleted_is_rebuilt(as_paralegal: Browser, ana: Client, like: str) -> None:
    assert as_paralegal.get(f"/clients/new/?like={like}").context["form"]["city"].value() in (None, "")
