"""/sign-in/ and /sign-out/."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_signing_in_leads_to_the_page_that_was_asked_for(people: dict[str, User], client: Browser) -> None:
    answer = client.get("/clients/?q=ana")
    assert answer.status_code == 302 or answer.status_code == 303
    assert answer["Location"] == "/sign-in/?next=%2Fclients%2F%3Fq%3Dana"
    answer = client.post(answer["Location"], {"username": "paralegal", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/clients/?q=ana")
    event = Event.objects.get()
    assert (event.action, event.stage, event.result) == ("sign_in", "fact", "applied")
    assert (event.actor_name, event.actor_role, event.address) == ("Paula Legal", "Paralegal", "127.0.0.1")


@pytest.mark.parametrize(
    ("headers", "back"),
    [
        ({"referer": "http://testserver/clients/import/62/?show=twin"}, "/clients/import/62/?show=twin"),
        ({"referer": "http://testserver"}, "/"),
        ({}, "/"),
        ({"referer": "https://evil.example/clients/"}, "/"),
        ({"referer": "http://testserver@evil.example/"}, "/"),
        ({"referer": "http://testserver//evil.example/"}, "/%2Fevil.example/"),
        ({"referer": "http://[broken"}, "/"),
        ({"HX-Request": "true", "HX-Current-URL": "http://testserver/clients/?q=a"}, "/clients/?q=a"),
        ({"HX-Request": "true", "HX-Current-URL": "http://testserver//evil.example/"}, "/%2Fevil.example/"),
        ({"HX-Request": "true", "referer": "http://testserver/jobs/"}, "/jobs/"),
    ],
)
def test_after_a_form_it_leads_to_the_page_that_the_form_was_on(
    headers: dict[str, str], back: str, client: Browser
) -> None:
    """The address that a form is sent to is often no page."""
    answer = client.post("/clients/import/62/rows/1/fix/", {"cell_1": "typed"}, headers=headers)
    to = answer.get("HX-Redirect") or answer["Location"]
    assert to == f"/sign-in/?{urlencode({'next': back})}"


def test_an_address_over_https_is_not_left_for_one_without(client: Browser) -> None:
    headers = {"referer": "http://testserver/jobs/"}
    answer = client.post("/clients/import/62/start/", headers=headers, secure=True)
    assert answer["Location"] == "/sign-in/?next=%2F"


def test_a_wrong_password_is_recorded_without_what_was_typed(
    people: dict[str, User], client: Browser
) -> None:
    answer = client.post("/sign-in/", {"username": "paralegal", "password": "my-secret-guess"})
    assert answer.status_code == 422
    event = Event.objects.get()
    assert (event.action, event.result, event.target_label) == ("sign_in_failed", "rejected", "Paula Legal")
    assert "my-secret-guess" not in str(event.__dict__)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("typed", ["my-password-in-the-wrong-box", "nul\x00byte", "x" * 10_000, "\ud800", "‮"])
def test_an_unknown_name_is_not_kept(typed: str, people: dict[str, User], client: Browser) -> None:
    body = urlencode({"username": typed.encode("utf-8", "surrogatepass"), "password": "x"})
    answer = client.post("/sign-in/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert Event.objects.get().target_label == "unknown account"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "http:///evil.example",
        "\thttps://evil.example",
        "/%0d%0aLocation: https://evil.example",
    ],
)
def test_next_never_leads_off_site(elsewhere: str, people: dict[str, User], client: Browser) -> None:
    answer = client.post("/sign-in/", {"username": "paralegal", "password": PASSWORD, "next": elsewhere})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/")
    assert not answer["Location"].startswith(("//", "/\\"))
    assert "\n" not in answer["Location"]


def test_a_disabled_account_cannot_sign_in_and_is_out_at_once(
    people: dict[str, User], as_paralegal: Browser
) -> None:
    assert as_paralegal.get("/").status_code == 200
    people["paralegal"].is_active = False
    people["paralegal"].save()
    assert as_paralegal.get("/").status_code in (302, 303)
    answer = Browser().post("/sign-in/", {"username": "paralegal", "password": PASSWORD})
    assert answer.status_code == 422


def test_signing_out_needs_a_post(as_paralegal: Browser) -> None:
    assert as_paralegal.get("/sign-out/").status_code == 405
    assert as_paralegal.get("/").status_code == 200
    answer = as_paralegal.post("/sign-out/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert as_paralegal.get("/").status_code in (302, 303)
    assert Event.objects.get().action == "sign_out"


def test_somebody_signed_in_is_led_home(as_paralegal: Browser) -> None:
    answer = as_paralegal.get("/sign-in/")
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_forged_form_is_refused(people: dict[str, User]) -> None:
    browser = Browser(enforce_csrf_checks=True)
    answer = browser.post("/sign-in/", {"username": "paralegal", "password": PASSWORD})
    assert answer.status_code == 403
    assert not Event.objects.exists()
