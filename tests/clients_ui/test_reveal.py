"""A social security number is blotted out wherever a client is shown; /clients/<pk>/reveal/ shows it, on the record."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.accounts.roles import GRANTS, Capability
from kayse_admin.audit.masking import MASK
from kayse_admin.audit.models import Event
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

NUMBER = "078-05-1120"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def secretive(ana: Client) -> Client:
    """A client with such numbers in fields that nobody documented, and in one that is documented."""
    ana.extra = {
        "ssn": "078051120",
        "meta": {"note": f"her number: {NUMBER}"},
        "nickname": "Annie",
        "ssn_known": True,
    }
    ana.external_source_id = f"A-1 {NUMBER}"
    ana.save()
    return ana


def url(client: Client) -> str:
    return f"/clients/{client.pk}/reveal/"


@pytest.mark.parametrize("page", ["/clients/{}/", "/clients/{}/quick/", "/clients/"])
def test_it_is_blotted_out_everywhere(as_paralegal: Browser, secretive: Client, page: str) -> None:
    html = as_paralegal.get(page.format(secretive.pk)).text
    assert MASK in html
    assert "1120" not in html


def test_the_page_offers_to_reveal_exactly_what_is_blotted_out(
    as_paralegal: Browser, secretive: Client
) -> None:
    html = as_paralegal.get(f"/clients/{secretive.pk}/").text
    for name in ("ssn", "meta", "external_source_id"):
        assert html.count(f'name="field" value="{name}"') == 1
    assert html.count(f'action="{url(secretive)}"') == 3


@pytest.mark.parametrize(
    ("field", "shown"), [("ssn", "078051120"), ("meta", NUMBER), ("external_source_id", f"A-1 {NUMBER}")]
)
def test_it_is_shown_and_on_the_record_without_the_value(
    as_paralegal: Browser, sandbox: Sandbox, secretive: Client, field: str, shown: str
) -> None:
    fragment = as_paralegal.post(url(secretive), {"field": field}, headers=HTMX)
    assert shown in text_of(fragment)
    assert "<html" not in fragment.text
    event = Event.objects.get()
    assert (event.action, event.stage, event.target_id) == ("client_reveal", "fact", secretive.pk)
    assert (event.actor_name, event.payload) == ("Paula Legal", {"field": field})
    assert "1120" not in str(list(Event.objects.values()))
    assert sandbox.requests() == []


def test_without_javascript_it_is_a_page(as_paralegal: Browser, secretive: Client) -> None:
    page = as_paralegal.post(url(secretive), {"field": "ssn"})
    assert "<html" in page.text
    assert "078051120" in text_of(page)
    assert page.headers["Cache-Control"] == "no-store"
    assert "1120" not in as_paralegal.get(f"/clients/{secretive.pk}/").text


def test_the_record_says_who_revealed_what(as_admin: Browser, secretive: Client) -> None:
    as_admin.post(url(secretive), {"field": "ssn"})
    words = text_of(as_admin.get("/audit/"))
    assert "Ada Min revealed a masked value of" in words
    assert "1120" not in words


@pytest.mark.parametrize("field", ["nickname", "ssn_known", "city", "nothing", "", "pk", "__class__", "\0"])
def test_what_is_not_blotted_out_is_not_revealed(
    as_paralegal: Browser, secretive: Client, field: str
) -> None:
    assert as_paralegal.post(url(secretive), {"field": field}).status_code == 404
    assert not Event.objects.exists()


def test_an_export_is_for_those_who_may_reveal(
    as_paralegal: Browser, as_manager: Browser, secretive: Client
) -> None:
    def file(browser: Browser) -> str:
        return b"".join(browser.get("/clients/export.csv").streaming_content).decode()  # type: ignore[attr-defined]

    assert f"A-1 {NUMBER}" in file(as_paralegal)
    assert f"A-1 {MASK}" in file(as_manager)
    assert NUMBER not in file(as_manager)


def test_who_may_edit_or_load_may_reveal() -> None:
    """The form and the import hold whole values: both rest on this."""
    for granted in GRANTS.values():
        assert Capability.CLIENTS_EDIT not in granted or Capability.CLIENTS_REVEAL in granted


def test_access(client: Browser, as_manager: Browser, as_auditor: Browser, secretive: Client) -> None:
    given = {"field": "ssn"}
    assert client.post(url(secretive), given).headers["Location"].startswith("/sign-in/")
    assert as_manager.post(url(secretive), given).status_code == 403
    assert as_auditor.post(url(secretive), given).status_code == 403
    assert url(secretive) not in as_manager.get(f"/clients/{secretive.pk}/").text
    assert not Event.objects.exists()


def test_unknown_id_and_get(as_paralegal: Browser) -> None:
    assert as_paralegal.post("/clients/987654/reveal/", {"field": "ssn"}).status_code == 404
    assert as_paralegal.get("/clients/987654/reveal/").status_code == 405
