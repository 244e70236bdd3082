"""Headers and small pages that every address shares."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.test import Client as Browser
from django.test import RequestFactory

from kayse_admin.accounts.models import User
from kayse_admin.actors import address_of
from kayse_admin.audit.triggers import put_back
from kayse_admin.logs import RequestIdFilter, current_request_id
from tests.conftest import lift

pytestmark = pytest.mark.django_db

ADDRESSES = ["/", "/clients/", "/sign-in/", "/no-such-page/", "/healthz"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_them(address: str, as_admin: Browser) -> None:
    answer = as_admin.get(address)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "HX-Request" in answer["Vary"]
    assert "no-store" in answer["Cache-Control"]
    assert len(answer["X-Request-ID"]) == 32


def test_a_forged_host_is_refused(client: Browser) -> None:
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


def test_an_address_that_only_takes_forms_says_so(
    as_paralegal: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """As the address bar leads there after a form was sent back; the way out is the page above it."""
    answer = as_paralegal.get("/clients/import/62/rows/1/fix/")
    assert [one.name for one in caplog.records].count("django.request") == 1, "it is logged once"
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address only takes what a form sends" in answer.text
    assert 'href="/clients/import/62/"' in answer.text
    assert len(answer.content) <= 8_000
    assert answer["Content-Security-Policy"]


def test_an_address_that_takes_no_forms_says_so(client: Browser) -> None:
    answer = client.post("/audit/")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert "This address takes no form" in answer.text
    assert "Nothing was changed by this" in answer.text
    assert client.head("/clients/import/62/start/").content == b""


def test_too_much_in_a_form_is_told_as_that(as_paralegal: Browser, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_024
    answer = as_paralegal.post("/clients/new/", {"first_name": "x" * 2_000})
    assert answer.status_code == 400
    assert "Go back, and send less of it at a time" in answer.text
    assert "CSV" not in answer.text
    lied = as_paralegal.post("/clients/import/", {"pasted": "x" * 2_000}, headers={"host": "evil.example"})
    assert (lied.status_code, "cannot be understood" in lied.text) == (400, True)


def test_a_form_that_is_too_old_promises_nothing(people: dict[str, User]) -> None:
    """The page behind it is loaded anew, as no page is stored: what was typed is not in it."""
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(people["paralegal"])
    answer = browser.post("/clients/new/", {"first_name": "typed"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert "may come back without what you typed" in answer.text


def test_healthz_asks_nothing(client: Browser, django_assert_num_queries: object) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert client.post("/healthz").status_code == 405


def test_readyz_looks_at_the_record(client: Browser) -> None:
    assert client.get("/readyz").status_code == 200
    lift()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the audit record is not protected")
    put_back()
    assert client.get("/readyz").status_code == 200


def test_a_locked_database_is_told_in_words(as_admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked: SELECT 'Ana García'")

    monkeypatch.setattr("kayse_admin.upstream.status.budget", locked)
    answer = as_admin.get("/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "García" not in answer.text


@pytest.mark.parametrize(
    ("count", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_the_address_behind_proxies(
    count: int, forwarded: str, expected: str, settings: LazySettings
) -> None:
    settings.TRUSTED_PROXY_COUNT = count
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded}, REMOTE_ADDR="10.0.0.1")
    assert address_of(request) == expected


def test_a_form_that_is_too_large_is_refused_in_words(as_paralegal: Browser) -> None:
    answer = as_paralegal.post("/clients/new/", {"first_name": "x" * 10_000_000})
    assert answer.status_code == 400
    assert "Nothing was sent to Kayse" in answer.text


def test_the_line_about_a_refused_request_names_it(client: Browser, caplog: pytest.LogCaptureFixture) -> None:
    """Django writes it after our middleware has let go of the request."""
    answer = client.get("/no-such-page/")
    (record,) = [one for one in caplog.records if one.name == "django.request"]
    left = current_request_id.set("what another request left behind in this thread")
    RequestIdFilter().filter(record)
    current_request_id.reset(left)
    assert record.request_id == answer["X-Request-ID"]
