"""Who has the edit form of a client open: /clients/<pk>/here/ for its page, /clients/<pk>/edit/here/ for the form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients_ui import attention
from clients_ui.models import Client, Presence
from kayse_admin.accounts.models import Session
from tests.clients_ui.conftest import edit_fields, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def page(client: Client) -> str:
    return f"/clients/{client.pk}/"


def test_a_colleague_is_named_on_the_page_and_on_the_form(
    as_paralegal: Browser, as_admin: Browser, sandbox: Sandbox, ana: Client
) -> None:
    as_paralegal.get(page(ana) + "edit/")
    assert "Paula Legal has this client open for editing" in text_of(as_admin.get(page(ana)))
    assert "Paula Legal has this client open for editing" in text_of(as_admin.get(page(ana) + "edit/"))
    assert "Ada Min has this client open for editing" in text_of(as_paralegal.get(page(ana)))
    assert sandbox.requests() == []


def test_oneself_is_no_colleague_and_who_only_looks_is_none(
    as_paralegal: Browser, as_manager: Browser, ana: Client
) -> None:
    as_manager.get(page(ana))
    as_paralegal.get(page(ana) + "edit/")
    assert "open for editing" not in text_of(as_paralegal.get(page(ana)))


def test_another_client_is_another_matter(as_paralegal: Browser, as_admin: Browser, ana: Client) -> None:
    as_paralegal.get(page(ana) + "edit/")
    Presence.objects.update(client_id=ana.pk + 1)
    assert "open for editing" not in text_of(as_admin.get(page(ana)))


def test_it_is_over_45_seconds_after_the_last_sign_of_life(
    as_paralegal: Browser, as_manager: Browser, ana: Client
) -> None:
    as_paralegal.get(page(ana) + "edit/")
    Presence.objects.update(seen_at=timezone.now() - timedelta(seconds=44))
    assert "open for editing" in text_of(as_manager.get(page(ana)))
    Presence.objects.update(seen_at=timezone.now() - timedelta(seconds=45))
    assert "open for editing" not in text_of(as_manager.get(page(ana)))
    as_paralegal.post(page(ana) + "edit/here/", headers=HTMX)
    assert "open for editing" in text_of(as_manager.get(page(ana)))
    assert Presence.objects.count() == 1


@pytest.mark.parametrize("changes", [{"city": "Boston"}, {}])
def test_it_is_over_when_it_is_saved(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, changes: dict[str, str]
) -> None:
    as_paralegal.get(page(ana) + "edit/")
    assert as_paralegal.post(page(ana) + "edit/", edit_fields(ana, **changes)).status_code == 303
    assert not Presence.objects.exists()


def test_a_form_that_comes_back_is_still_open(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    as_paralegal.get(page(ana) + "edit/")
    assert as_paralegal.post(page(ana) + "edit/", edit_fields(ana, email="nope")).status_code == 422
    assert Presence.objects.exists()


def test_the_page_hears_only_what_is_new(as_paralegal: Browser, as_manager: Browser, ana: Client) -> None:
    url = page(ana) + "here/"
    assert as_manager.get(url, {"shown": ""}, headers=HTMX).status_code == 204
    as_paralegal.get(page(ana) + "edit/")
    told = as_manager.get(url, {"shown": ""}, headers=HTMX)
    assert "Paula Legal" in text_of(told)
    assert as_manager.get(url, {"shown": "Paula Legal"}, headers=HTMX).status_code == 204
    attention.Presence.objects.all().delete()
    gone = as_manager.get(url, {"shown": "Paula Legal"}, headers=HTMX)
    assert gone.status_code == 200
    assert "open for editing" not in text_of(gone)


def test_being_here_is_no_click(as_paralegal: Browser, ana: Client) -> None:
    ago = timezone.now() - timedelta(minutes=20)
    Session.objects.update(last_seen_at=ago)
    as_paralegal.post(page(ana) + "edit/here/", headers=HTMX)
    as_paralegal.get(page(ana) + "here/", headers=HTMX)
    assert Session.objects.get().last_seen_at == ago
    as_paralegal.get(page(ana) + "edit/")
    assert Session.objects.get().last_seen_at > ago


def test_old_rows_go(as_paralegal: Browser, ana: Client) -> None:
    as_paralegal.get(page(ana) + "edit/")
    Presence.objects.update(seen_at=timezone.now() - timedelta(hours=25))
    attention.forget_old()
    assert not Presence.objects.exists()


def test_access(
    client: Browser, as_nobody: Browser, as_manager: Browser, as_paralegal: Browser, ana: Client
) -> None:
    for url in (page(ana) + "here/", page(ana) + "edit/here/"):
        call = "get" if url.endswith(f"{ana.pk}/here/") else "post"
        assert getattr(client, call)(url).headers["Location"].startswith("/sign-in/")
        assert getattr(as_nobody, call)(url).status_code == 403
        assert getattr(as_paralegal, "post" if call == "get" else "get")(url).status_code == 405
        assert getattr(as_paralegal, call)(url).status_code == 303
        assert (
            getattr(as_paralegal, call)(url.replace(str(ana.pk), "987654"), headers=HTMX).status_code == 404
        )
    assert as_manager.post(page(ana) + "edit/here/", headers=HTMX).status_code == 403
    assert not Presence.objects.exclude(person_name="Paula Legal").exists()
