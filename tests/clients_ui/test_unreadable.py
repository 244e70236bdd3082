"""Documented fields told in a form that nobody can read: not guessed, not forgotten, sent back as they came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui import knowledge
from clients_ui.models import Client
from tests.clients_ui.conftest import edit_fields, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def odd(sandbox: Sandbox, pk: int, times: int | None = 1, method: str = "GET", **fields: Any) -> None:
    """Let the vendor tell these fields so."""
    sandbox.fault("merge", method=method, path=f"/v1/clients/{pk}", body=fields, times=times)


def refreshed(browser: Browser, pk: int) -> Client:
    assert browser.post(f"/clients/{pk}/refresh/").status_code == 303
    return Client.objects.get(pk=pk)


@pytest.mark.parametrize("told", ["true", "yes", 1, {"opted_out": True}])
def test_an_opt_out_that_cannot_be_read_is_not_known(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, told: Any
) -> None:
    assert ana.voice_calls_opted_out is False
    odd(sandbox, ana.pk, voice_calls_opted_out=told)
    client = refreshed(as_paralegal, ana.pk)
    assert client.voice_calls_opted_out is None
    assert client.age("voice_calls_opted_out") is None
    page = text_of(as_paralegal.get(f"/clients/{ana.pk}/"))
    assert "Do not call before this is settled" in page
    assert "Kayse tells something here that cannot be read" in page
    assert "May be called" not in page
    client = refreshed(as_paralegal, ana.pk)
    assert (client.voice_calls_opted_out, client.extra) == (False, ana.extra)
    assert "cannot be read" not in text_of(as_paralegal.get(f"/clients/{ana.pk}/"))


def test_an_older_telling_changes_nothing(sandbox: Sandbox, ana: Client) -> None:
    assert knowledge.unreadable(ana, {"email": 7}, ana.told_at - timedelta(hours=1)) == set()
    assert ana.email


def test_it_goes_back_as_it_came(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, reading: tuple[str, str]
) -> None:
    told = {"email": {"home": ana.email}, "date_of_birth": 12}
    odd(sandbox, ana.pk, **told)
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas"))
    sent = sandbox.requests("PUT")[-1]["body"]
    assert {name: sent[name] for name in told} == told
    assert sent["city"] == "Dallas"


def test_what_a_person_types_instead_wins(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    odd(sandbox, ana.pk, times=1, email=["x"])
    refreshed(as_paralegal, ana.pk)
    odd(sandbox, ana.pk, times=1, email=["x"])
    client = Client.objects.get(pk=ana.pk)
    answer = as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(client, email="new@example.com"))
    assert answer.status_code == 303
    assert sandbox.client(ana.pk)["email"] == "new@example.com"
    client = Client.objects.get(pk=ana.pk)
    assert (client.email, client.extra) == ("new@example.com", ana.extra)
