"""What recovery finds out about edits and deletes that nobody finished."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client
from kayse_admin.audit import recovery
from kayse_admin.audit.models import Event, OpenOperation
from tests.clients_ui.conftest import edit_fields, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Recovery, at a moment when looks are due and the vendor has had time to finish."""

    def run() -> tuple[str, str]:
        OpenOperation.objects.update(next_try_at=timezone.now())
        monkeypatch.setattr(recovery, "SETTLING", timezone.timedelta(0))
        recovery.recover()
        last = Event.objects.filter(opens=False).order_by("-id")[0]
        return last.result, last.detail

    return look_result(run)


def look_result(run: Any) -> Any:
    return run


def test_an_edit_that_happened(as_paralegal: Browser, sandbox: Sandbox, ana: Client, look: Any) -> None:
    sandbox.fault("reset_after", method="PUT")
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas"))
    assert look() == ("applied", "Kayse has the values that were sent.")
    client = Client.objects.get(pk=ana.pk)
    assert (client.city, client.city_key) == ("Dallas", "dallas")
    assert client.changed_by is not None
    assert not OpenOperation.objects.exists()
    assert "nobody knows" not in text_of(as_paralegal.get(f"/clients/{ana.pk}/"))
    assert len(sandbox.requests("PUT")) == 1


def test_an_edit_that_did_not(as_paralegal: Browser, sandbox: Sandbox, ana: Client, look: Any) -> None:
    sandbox.fault("reset_before", method="PUT")
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas"))
    assert look()[0] == "not_applied"
    assert Client.objects.get(pk=ana.pk).city == ana.city


def test_an_edit_that_kayse_does_not_show(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, look: Any
) -> None:
    sandbox.switch(answers="sparse")
    sandbox.fault("reset_after", method="PUT")
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, postal_code="11111"))
    assert look()[0] == "unknown"
    assert OpenOperation.objects.get().state == "unknown"


def test_an_edit_of_a_client_that_is_gone(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, look: Any
) -> None:
    sandbox.fault("reset_before", method="PUT")
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas"))
    sandbox.call("DELETE", f"/clients/{ana.pk}")
    assert look()[0] == "not_applied"
    assert Client.objects.get(pk=ana.pk).gone_at is not None


@pytest.mark.parametrize(("fault", "result"), [("reset_after", "applied"), ("reset_before", "not_applied")])
def test_a_delete(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, look: Any, fault: str, result: str
) -> None:
    import uuid

    sandbox.fault(fault, method="DELETE")
    as_paralegal.post(f"/clients/{ana.pk}/delete/", {"operation": str(uuid.uuid4())})
    assert look()[0] == result
    assert (Client.objects.get(pk=ana.pk).gone_at is not None) == (result == "applied")


def test_a_vendor_that_is_away_is_asked_later(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, look: Any, settings: Any
) -> None:
    sandbox.fault("reset_after", method="PUT")
    as_paralegal.post(f"/clients/{ana.pk}/edit/", edit_fields(ana, city="Dallas"))
    url, settings.KAYSE_API_URL = settings.KAYSE_API_URL, "http://127.0.0.1:9/v1"
    assert look()[0] == "unknown"
    settings.KAYSE_API_URL = url
    assert look()[0] == "applied"
