"""Nobody who opted out of calls is called again by a slip: the guard around taking an opt-out back."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser

from clients_ui import services
from clients_ui.models import Client
from kayse_admin.accounts.roles import Role, granted
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from tests.clients_ui.conftest import edit_fields, events, save_though_untold
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

BACK = {
    "voice_calls_opted_out": "false",
    "may_be_called": "on",
    "reason": "Called us on Monday and asked for it",
}


@pytest.fixture
def silent(sandbox: Sandbox, known: Callable[[int], Client]) -> Client:
    """A client who opted out of calls."""
    sandbox.call("PUT", "/clients/3", {"voice_calls_opted_out": True})
    return known(3)


def save(browser: Browser, client: Client, **typed: str) -> int:
    return browser.post(f"/clients/{client.pk}/edit/", edit_fields(client, **typed)).status_code


def test_anybody_who_edits_may_opt_somebody_out(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    assert save(as_paralegal, ana, voice_calls_opted_out="true") == 303
    assert sandbox.client(ana.pk)["voice_calls_opted_out"] is True


def test_an_administrator_may_take_it_back(as_admin: Browser, sandbox: Sandbox, silent: Client) -> None:
    assert save(as_admin, silent, **BACK) == 303
    assert sandbox.client(3)["voice_calls_opted_out"] is False
    assert Event.objects.filter(action="client_update").first().reason == BACK["reason"]  # type: ignore[union-attr]


@pytest.mark.parametrize("missing", ["may_be_called", "reason"])
def test_not_without_confirmation_and_reason(
    as_admin: Browser, sandbox: Sandbox, silent: Client, missing: str
) -> None:
    assert save(as_admin, silent, **{**BACK, missing: ""}) == 422
    assert len(sandbox.requests()) == 1
    assert events("client_update") == []


def test_not_without_the_permission(as_paralegal: Browser, sandbox: Sandbox, silent: Client) -> None:
    assert save(as_paralegal, silent, **BACK) == 422
    assert sandbox.client(3)["voice_calls_opted_out"] is True
    assert save(as_paralegal, silent, city="Dallas") == 303
    assert sandbox.client(3)["voice_calls_opted_out"] is True


def test_not_told_is_guarded_like_opted_out(
    as_admin: Browser, as_paralegal: Browser, sandbox: Sandbox
) -> None:
    sandbox.switch(answers="sparse")
    as_paralegal.post("/clients/open/", {"pk": "5"})
    client = Client.objects.get(pk=5)
    assert save(as_paralegal, client, voice_calls_opted_out="false") == 422
    assert save(as_admin, client, voice_calls_opted_out="false") == 422
    assert save_though_untold(as_admin, client, **BACK) == 303


def test_the_service_refuses_as_well(sandbox: Sandbox, silent: Client, actor: Actor) -> None:
    paralegal = Actor(id=2, name="Paula", capabilities=granted([Role.PARALEGAL]))
    wish = {"base": silent.known(), "changes": {"voice_calls_opted_out": False}}
    with pytest.raises(PermissionDenied):
        services.edit(paralegal, 3, **wish, operation=uuid.uuid4(), reason="x")
    with pytest.raises(ValueError, match="reason"):
        services.edit(actor, 3, **wish, operation=uuid.uuid4())
    assert len(sandbox.requests()) == 1
