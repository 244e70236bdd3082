"""Single sign-on: the whole round with a real provider, a process of its own on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from tests.accounts.support import code_of, facts, set_up_app
from tests.e2e.stack import answers, reserved_port
from tests.waiting import until

pytestmark = pytest.mark.django_db

LOGIN = "/account/oidc/sso/login/"


class Provider:
    """The running provider: whom it knows, and what a person does on its page."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.Client(base_url=base, trust_env=False)

    def knows(self, sub: str, **claims: Any) -> None:
        """Let it tell these claims about somebody."""
        self.http.put(f"/users/{sub}", json=claims).raise_for_status()

    def answer(self, authorize: str, **form: str) -> str:
        """Fill in its page; returns the path to which it sends the browser back."""
        back = self.http.post(authorize, data=form).headers["Location"]
        assert back.startswith(f"http://testserver{LOGIN}callback/")
        return back.removeprefix("http://testserver")


@pytest.fixture(scope="session")
def _provider() -> Iterator[Provider]:
    program = Path(sys.executable).parent / "oidc-provider-mock"
    with reserved_port() as port:
        base = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [program, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: answers(f"{base}/.well-known/openid-configuration"), "the provider")
            yield Provider(base)
        finally:
            process.kill()
            process.wait(timeout=60)


@pytest.fixture
def provider(_provider: Provider, settings: LazySettings) -> Provider:
    """The dashboard is set up for it, as `OIDC_ISSUER` and its companions would."""
    settings.OIDC_ISSUER = _provider.base
    settings.OIDC_GROUP_ROLES = {"Kayse Admins": "administrator", "Legal": "paralegal", "Wrong": "emperor"}
    settings.OUTBOUND_HOSTS = {"127.0.0.1"}
    [app] = [
        {"provider_id": "sso", "name": "Firm", "client_id": "dashboard", "secret": "s3cret",
         "settings": {"server_url": _provider.base}}
    ]  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return _provider


def authorize_url(browser: Browser, to: str = "") -> str:
    """Click "Sign in with …"; returns the provider's page."""
    page = browser.get(f"/sign-in/?next={to}" if to else "/sign-in/").text
    link = re.search(rf'href="({LOGIN}[^"]*)"', page)
    assert link
    answer = browser.get(link[1].replace("&amp;", "&"))
    assert answer.status_code == 302
    return str(answer["Location"])


def round_trip(
    provider: Provider, sub: str, to: str = "", browser: Browser | None = None
) -> tuple[Browser, Any]:
    """Sign in by the provider; returns the browser and the dashboard's answer to its way back."""
    browser = browser or Browser()
    back = provider.answer(authorize_url(browser, to), sub=sub)
    return browser, browser.get(back)


def person(**fields: Any) -> User:
    """Somebody with an account, invited and never signed in."""
    made = User(username="ida", first_name="Ida", last_name="Perez", **fields)
    made.set_unusable_password()
    made.save()
    made.groups.add(Group.objects.get(name="paralegal"))
    return made


def test_somebody_invited_signs_in(provider: Provider, settings: LazySettings) -> None:
    settings.OIDC_GROUP_ROLES = {}
    person(email="ida@firm.example")
    provider.knows("ida-1", email="IDA@firm.example", email_verified=True, name="Somebody Else")
    browser, answer = round_trip(provider, "ida-1", "/clients/?q=ana")
    assert (answer.status_code, answer["Location"]) == (302, "/clients/?q=ana")
    assert browser.get("/account/").status_code == 200
    assert facts() == [("sign_in", "Ida Perez", "by single sign-on")]
    provider.knows("ida-1", email="other@firm.example", email_verified=True)
    assert round_trip(provider, "ida-1")[1]["Location"] == "/"
    assert User.objects.count() == 1


def test_the_request_carries_state_and_pkce(provider: Provider) -> None:
    query = parse_qs(urlsplit(authorize_url(Browser())).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) >= 16
    assert query["redirect_uri"] == [f"http://testserver{LOGIN}callback/"]
    assert "openid" in query["scope"][0]


def test_a_stranger_has_no_account(provider: Provider) -> None:
    provider.knows("x", email="x@elsewhere.example", email_verified=True, groups=["Wrong", "Guests"])
    browser, answer = round_trip(provider, "x")
    assert "no account here yet" in answer.text
    assert browser.get("/").status_code in (302, 303)
    assert not User.objects.exists()
    assert facts() == [
        ("sign_in_failed", "unknown account", "by single sign-on: no account, and no group that gives one")
    ]


def test_a_group_gives_an_account_and_roles_that_follow(provider: Provider) -> None:
    provider.knows(
        "bo", email="bo@firm.example", email_verified=True, name="Bo Li", groups=["Legal", "Guests"]
    )
    assert round_trip(provider, "bo")[1]["Location"] == "/"
    made = User.objects.get()
    assert (made.email, made.has_usable_password()) == ("bo@firm.example", False)
    assert list(made.groups.values_list("name", flat=True)) == ["paralegal"]
    event = Event.objects.get(action="roles_change")
    assert (event.actor_name, event.reason, event.before, event.after) == (
        "single sign-on",
        "groups told at sign-in",
        {"roles": []},
        {"roles": ["paralegal"]},
    )
    provider.knows("bo", email="bo@firm.example", email_verified=True, groups="Kayse Admins")
    round_trip(provider, "bo")
    assert list(made.groups.values_list("name", flat=True)) == ["administrator"]
    provider.knows("bo", email="bo@firm.example", email_verified=True, groups=[])
    round_trip(provider, "bo")
    assert list(made.groups.values_list("name", flat=True)) == ["administrator"]
    assert "nobody else administers" in Event.objects.filter(action="roles_change").latest("id").reason


@pytest.mark.parametrize("groups", [[], ["Legal"]])
def test_an_unverified_address_proves_nothing(groups: list[str], provider: Provider) -> None:
    person(email="ida@firm.example")
    provider.knows("mallory", email="ida@firm.example", email_verified=False, groups=groups)
    browser, answer = round_trip(provider, "mallory")
    assert "no account here yet" in answer.text
    assert browser.get("/").status_code in (302, 303)
    assert User.objects.count() == 1


def test_a_disabled_person_stays_out(provider: Provider) -> None:
    person(email="ida@firm.example", is_active=False)
    provider.knows("ida-2", email="ida@firm.example", email_verified=True, groups=["Legal"])
    browser, answer = round_trip(provider, "ida-2")
    assert answer["Location"] == "/account/inactive/"
    assert "disabled" in browser.get("/account/inactive/").text
    assert browser.get("/").status_code in (302, 303)
    assert facts()[-1] == ("sign_in_failed", "Ida Perez", "the account is disabled")


def test_an_answer_is_taken_once_and_only_by_its_browser(provider: Provider) -> None:
    person(email="ida@firm.example")
    provider.knows("ida-3", email="ida@firm.example", email_verified=True, groups=["Legal"])
    mine, other = Browser(), Browser()
    back = provider.answer(authorize_url(mine), sub="ida-3")
    assert "did not work" in other.get(back).text
    assert other.get("/").status_code in (302, 303)
    assert mine.get(back).status_code == 302
    assert "did not work" in Browser().get(back).text


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x&code=x", "?error=server_error", "?state=%00&code=%00"]
)
def test_an_odd_answer_is_a_page_in_words(query: str, provider: Provider) -> None:
    answer = Browser().get(f"{LOGIN}callback/{query}")
    assert answer.status_code < 500
    assert "did not work" in answer.text


def test_cancelling_at_the_provider(provider: Provider) -> None:
    browser = Browser()
    to = authorize_url(browser)
    # The program forgets the state in this one answer, which the standard asks for.
    back = f"{provider.answer(to, action='deny')}&state={parse_qs(urlsplit(to).query)['state'][0]}"
    answer = browser.get(back, follow=True)
    assert "You cancelled" in answer.text


def test_next_never_leads_off_site(provider: Provider) -> None:
    person(email="ida@firm.example")
    provider.knows("ida-4", email="ida@firm.example", email_verified=True, groups=["Legal"])
    browser = Browser()
    answer = browser.get(f"{LOGIN}?next=https://evil.example/")
    assert browser.get(provider.answer(answer["Location"], sub="ida-4"))["Location"] == "/"


def test_the_server_calls_only_hosts_that_are_listed(provider: Provider, settings: LazySettings) -> None:
    settings.OUTBOUND_HOSTS = {"login.example.com"}
    answer = Browser().get(LOGIN)
    assert answer.status_code == 502
    assert "did not work" in answer.text


def test_a_provider_that_is_away_is_told_in_words(provider: Provider, settings: LazySettings) -> None:
    app = {**settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]}
    app["settings"] = {"server_url": "http://127.0.0.1:9"}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    answer = Browser().get(LOGIN)
    assert answer.status_code == 502
    assert "did not work" in answer.text


class TestSecondFactor:
    """Who asks for it: we, unless the provider does."""

    @pytest.fixture
    def ida(self, provider: Provider, settings: LazySettings) -> User:
        settings.MFA_REQUIRED_FROM = "2000-01-01"
        provider.knows("ida-5", email="ida@firm.example", email_verified=True, groups=["Legal"])
        return person(email="ida@firm.example")

    def test_it_is_asked_for_here(self, provider: Provider, ida: User) -> None:
        browser, answer = round_trip(provider, "ida-5")
        assert answer["Location"] == "/"
        assert browser.get("/")["Location"] == "/account/second-factor/"
        secret = set_up_app(ida)
        browser, answer = round_trip(provider, "ida-5")
        assert answer["Location"] == "/account/second-factor/enter/"
        assert browser.post(answer["Location"], {"code": code_of(secret)})["Location"] == "/"
        assert browser.get("/").status_code == 200
        assert facts()[-1] == ("sign_in", "Ida Perez", "by single sign-on and authenticator app")

    def test_or_by_the_provider(self, provider: Provider, ida: User, settings: LazySettings) -> None:
        settings.OIDC_PROVIDES_MFA = True
        set_up_app(ida)
        browser, answer = round_trip(provider, "ida-5")
        assert answer["Location"] == "/"
        assert browser.get("/").status_code == 200


def test_without_a_provider_there_is_no_such_page(client: Browser) -> None:
    assert client.get(LOGIN).status_code == 404
    assert client.get(f"{LOGIN}callback/").status_code == 404
    assert "single sign-on" not in client.get("/sign-in/").text


# --- How fresh the proof is -----------------------------------------------------------------------------------


@pytest.fixture
def administrator(provider: Provider, settings: LazySettings) -> User:
    settings.OIDC_GROUP_ROLES = {}
    made = person(email="ida@firm.example")
    made.groups.add(Group.objects.get(name="administrator"))
    return made


def is_asked_again(browser: Browser, somebody: User) -> bool:
    """Whether what opens doors asks for a proof."""
    answer = browser.get(f"/people/{somebody.pk}/roles/")
    assert answer.status_code in (200, 302, 303)
    return answer.status_code != 200


def ida(provider: Provider, minutes: int | None = None) -> None:
    """She signed in at the provider so many minutes ago; None: it does not tell."""
    told = None if minutes is None else int(time.time()) - minutes * 60
    provider.knows("ida-1", email="ida@firm.example", email_verified=True, auth_time=told)


@pytest.mark.parametrize(
    ("minutes", "asked"),
    [(0, False), (60, True), (-60, False), (None, True)],
    ids=["now", "old", "ahead", "untold"],
)
def test_a_session_at_the_provider_is_no_fresh_proof(
    minutes: int | None, asked: bool, provider: Provider, administrator: User
) -> None:
    ida(provider, minutes)
    browser, _ = round_trip(provider, "ida-1")
    assert browser.get("/account/").status_code == 200
    assert is_asked_again(browser, administrator) == asked


def confirm(provider: Provider, browser: Browser) -> None:
    """From "Confirm that it is you" to the provider and back."""
    page = browser.get("/account/confirm/provider/?next=/people/").text
    link = re.search(rf'href="({LOGIN}[^"]*)"', page)
    assert link
    sent = browser.get(link[1].replace("&amp;", "&"))["Location"]
    query = parse_qs(urlsplit(sent).query)
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    assert browser.get(provider.answer(sent, sub="ida-1"))["Location"] == "/people/"


@pytest.mark.parametrize(
    ("minutes", "asked"), [(0, False), (60, True), (None, False)], ids=["now", "ignored", "untold"]
)
def test_signing_in_again_there_is_a_proof_unless_the_provider_tells_otherwise(
    minutes: int | None, asked: bool, provider: Provider, administrator: User
) -> None:
    ida(provider)
    browser, _ = round_trip(provider, "ida-1")
    assert is_asked_again(browser, administrator)
    ida(provider, minutes)
    confirm(provider, browser)
    assert is_asked_again(browser, administrator) == asked


def test_the_answer_to_another_request_is_no_proof(provider: Provider, administrator: User) -> None:
    """Ask twice, plainly and with a new sign-in, and answer the plain one."""
    ida(provider)
    browser = Browser()
    plain = authorize_url(browser)
    browser.get(f"{LOGIN}?process=login&auth_params=prompt%3Dlogin")
    browser.get(provider.answer(plain, sub="ida-1"))
    assert browser.get("/account/").status_code == 200
    assert is_asked_again(browser, administrator)
