"""/clients/filters/: searches and filters of the list that people keep, for themselves or for all."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.accounts.models import SavedFilter, User
from kayse_admin.audit.models import Event
from tests.clients_ui.conftest import text_of
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

URL = "/clients/filters/new/?q=gar&state=TX&sort=-told"


def test_a_filter_is_kept_and_offered_for_one_click(as_paralegal: Browser, ana: Client) -> None:
    assert "gar; State: Texas" in text_of(as_paralegal.get(URL))
    answer = as_paralegal.post(URL + "&after=x&size=50", {"name": "Texans"})
    assert answer.headers["Location"] == "/clients/?q=gar&state=TX&sort=-told"
    assert 'href="/clients/?q=gar&amp;state=TX&amp;sort=-told">Texans' in as_paralegal.get("/clients/").text
    assert not Event.objects.exists()


def test_a_private_one_is_ones_own(as_paralegal: Browser, as_manager: Browser, ana: Client) -> None:
    as_paralegal.post(URL, {"name": "Mine alone"})
    one = SavedFilter.objects.get()
    assert "Mine alone" not in as_manager.get("/clients/").text
    assert as_manager.post(f"/clients/filters/{one.pk}/forget/").status_code == 404
    assert as_paralegal.post(f"/clients/filters/{one.pk}/forget/").status_code == 303
    assert not SavedFilter.objects.exists()


def test_a_shared_one_is_offered_to_all_and_stays_its_owners(
    as_paralegal: Browser, as_manager: Browser, ana: Client
) -> None:
    as_paralegal.post(URL, {"name": "For all", "shared": "on"})
    one = SavedFilter.objects.get()
    assert "For all of Paula Legal" in text_of(as_manager.get("/clients/"))
    assert f"/filters/{one.pk}/forget/" not in as_manager.get("/clients/").text
    assert as_manager.post(f"/clients/filters/{one.pk}/forget/").status_code == 404
    assert "For all shared" in text_of(as_paralegal.get("/clients/"))


def test_lists_do_not_mix(as_admin: Browser, people: dict[str, User], ana: Client) -> None:
    SavedFilter.objects.create(person=people["administrator"], room="audit", name="Of the log", query="q=x")
    assert "Of the log" not in as_admin.get("/clients/").text
    assert as_admin.post(f"/clients/filters/{SavedFilter.objects.get().pk}/forget/").status_code == 404
    as_admin.post(URL, {"name": "Of the log"})
    assert SavedFilter.objects.count() == 2


@pytest.mark.parametrize("query", ["", "?sort=-told", "?after=x", "?state=", "?since=never"])
def test_there_must_be_something_to_keep(as_paralegal: Browser, query: str) -> None:
    assert as_paralegal.get(f"/clients/filters/new/{query}").status_code == 404


@pytest.mark.parametrize("name", ["", "x" * 61, "a\0b"])
def test_a_bad_name(as_paralegal: Browser, name: str) -> None:
    assert as_paralegal.post(URL, {"name": name}).status_code == 422
    assert not SavedFilter.objects.exists()


def test_access(client: Browser, as_nobody: Browser, people: dict[str, User]) -> None:
    assert client.post(URL, {"name": "x"}).headers["Location"].startswith("/sign-in/")
    assert as_nobody.post(URL, {"name": "x"}).status_code == 403
    assert signed_in(people["auditor"]).get("/clients/filters/1/forget/").status_code == 405
