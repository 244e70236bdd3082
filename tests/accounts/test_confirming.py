"""Proving again who one is, before what cannot be taken back or opens doors."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client as Browser
from django.test import override_settings
from django.urls import path

from kayse_admin.accounts.decorators import reauthenticated, requires
from kayse_admin.accounts.models import User
from kayse_admin.urls import urlpatterns as ours
from tests.accounts.support import aged, code_of, facts, set_up_app, wrong_code
from tests.conftest import PASSWORD, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@requires()
@reauthenticated
def _guarded(request: object) -> HttpResponse:
    return HttpResponse("done")


urlpatterns = [*ours, path("guarded/", _guarded, name="guarded")]

FIVE, FIFTEEN = 5 * 60, 15 * 60
ASK = "/account/confirm/?next=%2Fguarded%2F"


def test_a_fresh_sign_in_is_enough(as_admin: Browser) -> None:
    assert as_admin.get("/guarded/").status_code == 200
    aged(as_admin, FIVE - 5)
    assert as_admin.get("/guarded/").status_code == 200


def test_later_the_password_is_asked_for(as_admin: Browser) -> None:
    aged(as_admin, FIVE)
    answer = as_admin.get("/guarded/")
    assert (answer.status_code, answer["Location"]) == (303, ASK)
    assert as_admin.get(ASK).status_code == 200
    assert as_admin.post(ASK, {"password": "wrong"}).status_code == 422
    assert as_admin.get("/guarded/").status_code == 303
    answer = as_admin.post(ASK, {"password": PASSWORD, "next": "/guarded/"})
    assert (answer.status_code, answer["Location"]) == (302, "/guarded/")
    assert as_admin.get("/guarded/").status_code == 200
    assert facts() == [("sign_in_failed", "Ada Min", "when asked to confirm")]


def test_what_was_begun_in_time_may_be_sent(as_admin: Browser) -> None:
    aged(as_admin, FIVE + 60)
    assert as_admin.get("/guarded/").status_code == 303
    assert as_admin.post("/guarded/").status_code == 200
    aged(as_admin, FIFTEEN)
    assert as_admin.post("/guarded/")["Location"] == ASK


def test_under_htmx_the_way_back_is_the_page(as_admin: Browser) -> None:
    aged(as_admin, FIFTEEN)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/?x=1"}
    answer = as_admin.post("/guarded/", headers=headers)
    assert answer["HX-Redirect"] == "/account/confirm/?next=%2Fpeople%2F%3Fx%3D1"


def test_the_way_back_from_a_form_is_its_page(as_admin: Browser) -> None:
    aged(as_admin, FIFTEEN)
    answer = as_admin.post("/guarded/", headers={"referer": "http://testserver/people/?x=1"})
    assert answer["Location"] == "/account/confirm/?next=%2Fpeople%2F%3Fx%3D1"
    answer = as_admin.post("/guarded/", headers={"referer": "https://evil.example/people/"})
    assert answer["Location"] == ASK


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_confirming_never_leads_off_site(to: str, as_admin: Browser) -> None:
    answer = as_admin.post("/account/confirm/", {"password": PASSWORD, "next": to})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_code_confirms_too_and_only_once(people: dict[str, User]) -> None:
    secret = set_up_app(people["administrator"])
    browser = signed_in(people["administrator"])
    aged(browser, FIVE)
    code = code_of(secret)
    url = "/account/confirm/code/?next=/guarded/"
    assert browser.get(url).status_code == 200
    browser.post(url, {"code": wrong_code(secret)})
    assert browser.get("/guarded/").status_code == 303
    assert browser.post(url, {"code": code})["Location"] == "/guarded/"
    assert browser.get("/guarded/").status_code == 200
    other = signed_in(people["administrator"])
    aged(other, FIVE)
    other.post(url, {"code": code})
    assert other.get("/guarded/").status_code == 303


def test_guessing_the_password_is_limited(as_admin: Browser) -> None:
    answers = [as_admin.post(ASK, {"password": "wrong"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_who_has_neither_password_nor_code_is_sent_to_the_provider(
    people: dict[str, User], settings: LazySettings
) -> None:
    settings.OIDC_ISSUER = "https://login.example.com"
    person = people["administrator"]
    person.set_unusable_password()
    person.save()
    browser = signed_in(person)
    aged(browser, FIVE)
    answer = browser.get("/guarded/")
    assert answer["Location"] == "/account/confirm/provider/?next=%2Fguarded%2F"
    page = browser.get(answer["Location"])
    assert "prompt%3Dlogin" in page.text
    with override_settings(OIDC_ISSUER=""):
        assert browser.get(answer["Location"]).status_code == 404
