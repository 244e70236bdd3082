"""Requests that somebody else wrote: other hosts, no token or a foreign one, headers that lie.

Row 24 of the faults that the product has to survive; the spellings of `next=` are in tests/accounts/, and GET on
addresses that write is in the table of permissions.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.test import Client as Browser
from django.urls import get_resolver

from kayse_admin.accounts.models import Session, Tries, User
from kayse_admin.upstream.models import Budget, Circuit, Usage
from tests.conftest import PASSWORD
from tests.rules.permissions import TABLE
from tests.rules.test_permissions import address, patterns

pytestmark = pytest.mark.django_db

ADDRESSES = {name: address(name, pattern) for name, pattern in patterns(get_resolver())}
WRITES = sorted({ADDRESSES[name] for name, line in TABLE.items() if "POST" in line})
READS = sorted({ADDRESSES[name] for name, line in TABLE.items() if "GET" in line})
EVIL = "https://evil.example/steal"


def rows() -> dict[str, int]:
    """How much is in each table; sessions, counts of tries and the bookkeeping of calls to the vendor left out."""
    kept = [model for model in apps.get_models() if model not in (Session, Tries, Budget, Circuit, Usage)]
    return {model._meta.label: model._default_manager.count() for model in kept}


def administrator(people: dict[str, User]) -> tuple[Browser, str]:
    """A browser that checks tokens as in earnest, signed in; and its token."""
    browser = Browser(enforce_csrf_checks=True)
    page = browser.get("/sign-in/").text
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": "administrator", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post("/sign-in/", form).status_code == 302
    page = browser.get("/account/").text
    return browser, page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]


def test_the_lists_are_whole() -> None:
    assert len(WRITES) > 40
    assert len(READS) > 50


@pytest.mark.parametrize(
    "forged",
    [
        lambda token: {},
        lambda token: {"csrfmiddlewaretoken": ""},
        lambda token: {"csrfmiddlewaretoken": "a" * 64},
        lambda token: {"csrfmiddlewaretoken": token[:-1] + ("a" if token[-1] != "a" else "b")},
    ],
)
def test_without_its_token_nothing_is_written(
    forged: Callable[[str], dict[str, str]], people: dict[str, User]
) -> None:
    browser, token = administrator(people)
    before = rows()
    answers = {path: browser.post(path, forged(token)).status_code for path in WRITES}
    assert {path: status for path, status in answers.items() if status != 403} == {}
    assert rows() == before
    assert browser.get("/account/").status_code == 200


def test_a_right_token_from_a_foreign_page_is_refused(people: dict[str, User]) -> None:
    browser, token = administrator(people)
    before = rows()
    for path in WRITES:
        answer = browser.post(
            path, {"csrfmiddlewaretoken": token}, headers={"origin": "https://evil.example"}
        )
        assert answer.status_code == 403, path
    assert rows() == before


def test_the_control_with_its_token_it_is_let_in(people: dict[str, User]) -> None:
    browser, token = administrator(people)
    assert browser.post("/account/sessions/end/", {"csrfmiddlewaretoken": token}).status_code == 303
    headers = {"X-CSRFToken": token, "HX-Request": "true"}
    assert browser.post("/account/sessions/end/", headers=headers).status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
def test_a_forged_host_leads_nowhere(header: str, as_admin: Browser) -> None:
    for path in READS:
        answer = as_admin.get(path, headers={header: "evil.example"})
        assert header != "host" or answer.status_code == 400, path
        told = getattr(answer, "text", "") if not answer.streaming else ""
        assert "evil.example" not in told + str(answer.headers), path


def test_a_forged_host_is_in_no_password_link(people: dict[str, User], as_admin: Browser) -> None:
    url = f"/people/{people['paralegal'].pk}/link/"
    answer = as_admin.post(url, headers={"x-forwarded-host": "evil.example"})
    assert "http://testserver/account/invitation/" in answer.text
    assert as_admin.post(url, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.once
@pytest.mark.parametrize(
    "lie",
    [
        {"HX-Current-URL": EVIL},
        {"HX-Current-URL": "//evil.example/steal"},
        {"HX-Current-URL": "javascript:alert('evil.example')"},
        {"HX-Current-URL": "http://testserver@evil.example/"},
        {"HX-Boosted": "true", "HX-Current-URL": EVIL},
        {"HX-History-Restore-Request": "true", "HX-Current-URL": EVIL},
        {"HX-Target": "<script>evil.example", "HX-Trigger": "evil.example", "HX-Prompt": "evil.example"},
    ],
)
def test_forged_htmx_headers_lead_nowhere(
    lie: dict[str, str], client: Browser, people: dict[str, User]
) -> None:
    before = rows()
    for path in {*READS, *WRITES} - {"/sign-in/"}:
        for call in (client.get, client.post):
            answer = call(path, headers={"HX-Request": "true", **lie})
            assert answer.status_code < 500, path
            told = getattr(answer, "text", "") if not answer.streaming else ""
            assert "evil.example" not in told + str(answer.headers), path
    assert rows() == before


@pytest.mark.once
@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_other_methods_write_nothing(method: str, people: dict[str, User], as_admin: Browser) -> None:
    before = rows()
    for path in WRITES:
        assert getattr(as_admin, method)(path).status_code < 500, path
    assert rows() == before
