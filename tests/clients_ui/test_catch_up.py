"""Reading an old client again in the background: its page asks for it, /clients/<pk>/refresh/background/ does it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client
from kayse_admin.upstream import budget, circuit
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def old(ana: Client, sandbox: Sandbox) -> Client:
    """A client that was last told an hour ago, in full."""
    told = sandbox.client(ana.pk)
    ana.origin, ana.update_origin = told["origin"], told["update_origin"]
    ana.told_at, ana.told = timezone.now().replace(microsecond=0) - timedelta(hours=1), {}
    ana.save()
    return ana


def url(client: Client) -> str:
    return f"/clients/{client.pk}/refresh/background/"


def spend(used: int) -> None:
    row = budget.current()
    type(row).objects.filter(pk=row.pk).update(used=used)


class TestThePage:
    """What opening a client says, and that it never makes the request itself."""

    def test_an_old_client_is_asked_for_by_the_page_and_not_by_the_answer(
        self, as_paralegal: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        page = as_paralegal.get(f"/clients/{old.pk}/")
        assert f'hx-post="{url(old)}"' in page.text
        assert "asking Kayse… (1 request)" in text_of(page)
        assert sandbox.requests() == []

    def test_a_fresh_one_is_not(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        assert url(ana) not in as_paralegal.get(f"/clients/{ana.pk}/").text
        as_paralegal.post(url(ana), headers=HTMX)
        assert sandbox.requests() == []

    @pytest.mark.parametrize(("minutes", "asked"), [(0, False), (59, True), (61, False)])
    def test_the_firm_says_what_is_old(
        self, as_paralegal: Browser, old: Client, settings: LazySettings, minutes: int, asked: bool
    ) -> None:
        settings.CLIENT_REFRESH_MINUTES = minutes
        assert (url(old) in as_paralegal.get(f"/clients/{old.pk}/").text) is asked

    def test_one_that_is_gone_is_not(self, as_paralegal: Browser, sandbox: Sandbox, old: Client) -> None:
        Client.objects.update(gone_at=timezone.now())
        assert url(old) not in as_paralegal.get(f"/clients/{old.pk}/").text
        as_paralegal.post(url(old), headers=HTMX)
        assert sandbox.requests() == []

    def test_the_reserve_is_left_alone_and_the_page_says_so(
        self, as_paralegal: Browser, sandbox: Sandbox, old: Client, settings: LazySettings
    ) -> None:
        spend(settings.KAYSE_HOURLY_LIMIT - settings.KAYSE_RESERVE)
        page = as_paralegal.get(f"/clients/{old.pk}/")
        assert url(old) not in page.text
        assert "kept for people" in text_of(page)
        told = as_paralegal.post(url(old), headers=HTMX)
        assert "Kayse was asked and could not tell" in text_of(told)
        assert sandbox.requests() == []

    def test_nothing_is_asked_while_kayse_cannot_be_reached(self, as_paralegal: Browser, old: Client) -> None:
        circuit.refused()
        assert url(old) not in as_paralegal.get(f"/clients/{old.pk}/").text


class TestTheRequest:
    """What comes of it."""

    def test_what_changed_is_swapped_in_and_marked(
        self, as_manager: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        sandbox.call("PUT", f"/clients/{old.pk}", {"city": "Boston"})
        told = as_manager.post(url(old), headers=HTMX)
        words = text_of(told)
        assert "has changes: City, Last changed by" in words
        assert "Boston Changed just now" in words
        assert words.count("Changed just now") == 2
        assert re.findall(r'id="(\w+)" hx-swap-oob="true"', told.text) == ["gauge", "record", "head"]
        assert len(sandbox.requests("GET")) == 1
        assert Client.objects.get(pk=old.pk).city == "Boston"

    def test_nothing_new_leaves_the_record_as_it_stands(
        self, as_manager: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        told = as_manager.post(url(old), headers=HTMX)
        assert "nothing has changed" in text_of(told)
        assert 'id="record"' not in told.text
        assert 'id="head"' in told.text

    def test_two_people_cost_one_request(
        self, as_manager: Browser, as_paralegal: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        sandbox.fault("status", method="GET", status=500, times=3)
        as_manager.post(url(old), headers=HTMX)  # asked, without an answer: the claim stands
        asked = len(sandbox.requests("GET"))
        told = as_paralegal.post(url(old), headers=HTMX)
        assert "a colleague’s page is asking" in text_of(told)
        assert 'hx-trigger="load delay:2s"' in told.text
        assert len(sandbox.requests("GET")) == asked

    def test_the_second_page_shows_what_the_first_brought(
        self, as_manager: Browser, as_paralegal: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        sandbox.call("PUT", f"/clients/{old.pk}", {"city": "Boston"})
        as_manager.post(url(old), headers=HTMX)
        told = as_paralegal.post(url(old), {"waits": "1"}, headers=HTMX)
        assert "Boston" in text_of(told)
        assert "hx-trigger" not in told.text
        assert len(sandbox.requests("GET")) == 1

    def test_waiting_ends(self, as_manager: Browser, sandbox: Sandbox, old: Client) -> None:
        sandbox.fault("status", method="GET", status=500, times=3)
        as_manager.post(url(old), headers=HTMX)
        told = as_manager.post(url(old), {"waits": "20"}, headers=HTMX)
        assert "hx-trigger" not in told.text
        assert "no answer came" in text_of(told)

    def test_gone_there_is_marked(self, as_manager: Browser, sandbox: Sandbox, old: Client) -> None:
        sandbox.call("DELETE", f"/clients/{old.pk}")
        told = as_manager.post(url(old), headers=HTMX)
        assert "does not have this client any more" in text_of(told)
        assert Client.objects.get(pk=old.pk).gone_at is not None
        assert len(sandbox.requests("GET")) == 1

    def test_the_vendor_is_down(self, as_manager: Browser, sandbox: Sandbox, old: Client) -> None:
        sandbox.fault("status", method="GET", status=500, times=3)
        told = as_manager.post(url(old), headers=HTMX)
        assert told.status_code == 200
        assert "could not tell: Kayse had an error of its own." in text_of(told)
        assert Client.objects.get(pk=old.pk).told_at == old.told_at

    def test_without_htmx_it_leads_back_to_the_page(
        self, as_manager: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        assert as_manager.post(url(old)).headers["Location"] == f"/clients/{old.pk}/"
        assert Client.objects.get(pk=old.pk).told_at > old.told_at

    def test_access(
        self, client: Browser, as_nobody: Browser, as_manager: Browser, sandbox: Sandbox, old: Client
    ) -> None:
        assert client.post(url(old)).headers["Location"].startswith("/sign-in/")
        assert as_nobody.post(url(old)).status_code == 403
        assert as_manager.get(url(old)).status_code == 405
        assert as_manager.post("/clients/987654/refresh/background/").status_code == 404
        assert as_manager.post(url(old), {"waits": "x" * 99}, headers={"HX-Boosted": "1"}).status_code == 303
        assert len(sandbox.requests()) == 1
