"""Deleting one client: /clients/<pk>/delete/."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.audit.models import Event, OpenOperation
from tests.clients_ui.conftest import events, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def url(pk: int) -> str:
    return f"/clients/{pk}/delete/"


def sent(**more: str) -> dict[str, str]:
    return {"operation": str(uuid.uuid4()), **more}


def test_asks_first_as_a_page_and_as_a_dialog(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    page = as_paralegal.get(url(ana.pk))
    assert f"Delete {ana.name}?" in text_of(page)
    assert "<html" in page.content.decode()
    fragment = as_paralegal.get(url(ana.pk), headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert sandbox.requests() == []


def test_deletes_there_and_keeps_it_findable_here(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client
) -> None:
    answer = as_paralegal.post(url(ana.pk), sent(reason="Double"))
    assert answer.headers["Location"] == f"/clients/{ana.pk}/"
    assert [one["method"] for one in sandbox.requests()] == ["DELETE"]
    client = Client.objects.get(pk=ana.pk)
    assert client.gone_at is not None
    assert client.city == ana.city
    assert "Kayse does not have this client any more" in text_of(as_paralegal.get(f"/clients/{ana.pk}/"))
    assert "Deleted" in text_of(as_paralegal.get(f"/clients/?q=%23{ana.pk}"))
    assert events("client_delete") == [("intent", ""), ("outcome", "applied")]
    assert Event.objects.filter(action="client_delete").first().before["city"] == ana.city  # type: ignore[union-attr]


def test_twice_is_once(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    data = sent()
    as_paralegal.post(url(ana.pk), data)
    assert as_paralegal.post(url(ana.pk), data).status_code == 303
    assert len(sandbox.requests("DELETE")) == 1


def test_deleted_already(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    sandbox.call("DELETE", f"/clients/{ana.pk}")
    assert as_paralegal.post(url(ana.pk), sent()).status_code == 303
    assert Client.objects.get(pk=ana.pk).gone_at is not None
    assert events("client_delete") == [("intent", ""), ("outcome", "rejected")]


def test_unknown_stays_on_the_page(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    sandbox.fault("reset_before", method="DELETE")
    page = as_paralegal.post(url(ana.pk), sent(), follow=True)
    assert "Delete client: nobody knows whether it happened" in text_of(page)
    assert OpenOperation.objects.get().state == "unknown"
    assert Client.objects.get(pk=ana.pk).gone_at is None
    assert len(sandbox.requests("DELETE")) == 1


@pytest.mark.parametrize(("headers", "status"), [({}, 429), ({"HX-Request": "true"}, 422)])
def test_no_requests_left(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, headers: dict[str, str], status: int
) -> None:
    sandbox.switch(rate_limit=0)
    page = as_paralegal.post(url(ana.pk), sent(reason="Double"), headers=headers)
    assert page.status_code == status
    assert "available again at" in text_of(page)
    assert page.context["form"]["reason"].value() == "Double"


def test_the_vendor_is_down(as_paralegal: Browser, ana: Client, settings: object) -> None:
    settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"  # type: ignore[attr-defined]
    assert as_paralegal.post(url(ana.pk), sent()).status_code == 503
    assert events("client_delete") == [("intent", ""), ("outcome", "not_sent")]


@pytest.mark.parametrize(
    "data", [{}, {"operation": "x"}, {"operation": str(uuid.UUID(int=1)), "reason": "r" * 201}]
)
def test_invalid(as_paralegal: Browser, sandbox: Sandbox, ana: Client, data: dict[str, str]) -> None:
    assert as_paralegal.post(url(ana.pk), data).status_code == 422
    assert sandbox.requests() == []


def test_needs_sign_in(client: Browser, sandbox: Sandbox, ana: Client) -> None:
    assert client.post(url(ana.pk), sent()).headers["Location"].startswith("/sign-in/")
    assert sandbox.requests() == []


@pytest.mark.parametrize("who", ["as_manager", "as_auditor", "as_nobody"])
def test_needs_the_role(request: pytest.FixtureRequest, sandbox: Sandbox, ana: Client, who: str) -> None:
    browser: Browser = request.getfixturevalue(who)
    assert browser.post(url(ana.pk), sent()).status_code == 403
    assert sandbox.requests() == []


def test_unknown_id(as_paralegal: Browser, sandbox: Sandbox) -> None:
    assert as_paralegal.post(url(999_999), sent()).status_code == 404
    assert sandbox.requests() == []
