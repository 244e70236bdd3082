"""The second factor: asked for, limited, taken once, forced, and changed on the record."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from tests.accounts.support import code_of, facts, recovery_codes, set_up_app, sign_in, wrong_code
from tests.conftest import PASSWORD, signed_in

ENTER = "/account/second-factor/enter/"
SET_UP = "/account/second-factor/"
AWAY = (302, 303)


@pytest.fixture
def secret(people: dict[str, User]) -> str:
    """The paralegal has an authenticator app with this secret."""
    return set_up_app(people["paralegal"])


def half_way(name: str = "paralegal", to: str = "/clients/?q=ana") -> Browser:
    """A browser that has typed the password and is asked for the code."""
    browser = Browser()
    answer = browser.post("/sign-in/", {"username": name, "password": PASSWORD, "next": to})
    assert (answer.status_code, answer["Location"]) == (302, ENTER)
    return browser


@pytest.fixture
def _clock_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """No code grows old while a test types it."""
    now = time.time()
    monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: now))


@pytest.mark.django_db
def test_a_code_is_asked_for_and_leads_on(secret: str) -> None:
    browser = half_way()
    assert browser.get("/clients/").status_code in AWAY
    assert facts() == []
    assert browser.post(ENTER, {"code": wrong_code(secret)}).status_code == 422
    answer = browser.post(ENTER, {"code": code_of(secret)})
    assert (answer.status_code, answer["Location"]) == (302, "/clients/?q=ana")
    assert facts() == [
        ("sign_in_failed", "Paula Legal", "wrong second factor"),
        ("sign_in", "Paula Legal", "by password and authenticator app"),
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("_clock_stands")
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_a_code_is_taken_once(step: int, secret: str) -> None:
    code = code_of(secret, step)
    assert half_way().post(ENTER, {"code": code}).status_code == 302
    again = half_way().post(ENTER, {"code": code})
    assert again.status_code == 422
    spaced = half_way().post(ENTER, {"code": f"{code[:3]} {code[3:]}"})
    assert spaced.status_code == 422
    assert Event.objects.filter(action="sign_in").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_in(people: dict[str, User]) -> None:
    code = code_of(set_up_app(people["paralegal"]))
    browsers = [half_way() for _ in range(4)]

    def enter(browser: Browser) -> int:
        try:
            return browser.post(ENTER, {"code": code}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(enter, browsers))
    assert answers.count(302) == 1
    assert Event.objects.filter(action="sign_in").count() == 1


@pytest.mark.django_db
def test_guessing_codes_is_limited(secret: str) -> None:
    browser = half_way()
    answers = [browser.post(ENTER, {"code": wrong_code(secret)}).status_code for _ in range(7)]
    assert answers == [422] * 5 + [429] * 2
    assert half_way().post(ENTER, {"code": code_of(secret)}).status_code == 429


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", " ", "0", "x" * 5_000, "\x00", "١٢٣٤٥٦", "'; --", "-00001", "1e5"])
def test_odd_codes_are_refused(code: str, secret: str) -> None:
    assert half_way().post(ENTER, {"code": code}).status_code == 422


@pytest.mark.django_db
def test_a_recovery_code_works_once(people: dict[str, User], secret: str) -> None:
    code = recovery_codes(people["paralegal"])[0]
    assert half_way().post(ENTER, {"code": code}).status_code == 302
    assert half_way().post(ENTER, {"code": code}).status_code == 422
    assert facts()[0] == ("sign_in", "Paula Legal", "by password and recovery code")
    assert len(recovery_codes(people["paralegal"])) == 9


@pytest.mark.django_db
def test_cancelling_goes_back_to_the_beginning(secret: str) -> None:
    browser = half_way()
    answer = browser.post("/sign-out/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert browser.get(ENTER)["Location"] == "/sign-in/"
    assert facts() == []


@pytest.mark.django_db
def test_secrets_are_encrypted_in_the_database(
    people: dict[str, User], secret: str, settings: LazySettings
) -> None:
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 5, [old]
    assert half_way().post(ENTER, {"code": code_of(secret)}).status_code == 302


class TestForced:
    """Outside the sandbox, or when the setting says so, nobody gets anywhere without one."""

    @pytest.fixture(autouse=True)
    def _from_now(self, settings: LazySettings, db: None) -> None:
        settings.MFA_REQUIRED_FROM = "2000-01-01"

    def test_people_without_one_are_kept_at_its_set_up(self, people: dict[str, User]) -> None:
        browser = Browser()
        assert sign_in(browser, "administrator", next="/clients/") == 302
        for path in (
            "/",
            "/clients/",
            "/clients/7/",
            "/people/",
            "/account/",
            "/audit/export.csv",
            "/account/password/",
        ):
            assert browser.get(path)["Location"] == SET_UP, path
        for path in ("/clients/7/delete/", "/people/1/disable/", "/upstream/try-again/"):
            assert browser.post(path)["Location"] == SET_UP, path
        fragment = browser.get("/clients/", headers={"HX-Request": "true"})
        assert fragment["HX-Redirect"] == SET_UP
        page = browser.get(SET_UP)
        assert page.status_code == 200
        assert "Set up a second factor first" in page.text
        assert browser.post("/sign-out/").status_code == 302

    def test_setting_one_up_opens_the_pages(self, people: dict[str, User]) -> None:
        browser = Browser()
        sign_in(browser, "paralegal")
        page = browser.get("/account/second-factor/app/add/")
        assert page.status_code == 200
        assert "<svg" in page.text
        secret = page.context["form"].secret
        wrong = browser.post("/account/second-factor/app/add/", {"code": wrong_code(secret)})
        assert wrong.status_code == 422
        assert secret in wrong.text
        code = code_of(secret)
        answer = browser.post("/account/second-factor/app/add/", {"code": code})
        assert answer["Location"] == "/account/second-factor/codes/"
        codes = browser.get(answer["Location"])
        assert all(one in codes.text for one in recovery_codes(people["paralegal"]))
        assert recovery_codes(people["paralegal"])[0] not in browser.get(answer["Location"]).text
        assert browser.get("/account/").status_code == 200
        assert [detail for action, _, detail in facts() if action == "second_factor_change"] == [
            "added: TOTP Authenticator",
            "added: Recovery codes",
        ]
        assert half_way(to="/").post(ENTER, {"code": code}).status_code == 422

    def test_removing_the_last_one_leads_back_to_the_set_up(self, people: dict[str, User]) -> None:
        set_up_app(people["paralegal"])
        browser = signed_in(people["paralegal"])
        assert browser.get("/account/").status_code == 200
        assert browser.post("/account/second-factor/app/remove/").status_code == 302
        assert not Authenticator.objects.exists()
        assert browser.get("/account/")["Location"] == SET_UP

    def test_it_is_forced_from_its_day_on(self, people: dict[str, User], settings: LazySettings) -> None:
        browser = signed_in(people["paralegal"])
        settings.MFA_REQUIRED_FROM = "2999-01-01"
        assert browser.get("/account/").status_code == 200
        settings.MFA_REQUIRED_FROM = ""
        assert browser.get("/account/").status_code == 200
        settings.MFA_REQUIRED_FROM = "2026-01-01"
        assert browser.get("/account/")["Location"] == SET_UP
