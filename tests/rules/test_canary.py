"""Canaries: the API key, personal values and what is typed into the wrong box are planted, used and looked for.

The key is found nowhere but in its header. Personal values are on pages and in the record, where they belong, and in no
log line. A password is nowhere at all, in whatever box it was typed.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import uuid
from collections.abc import Iterator

import httpx
import pytest
from django.apps import apps
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.logs import JsonFormatter, RequestIdFilter, RouteFilter
from kayse_admin.sandbox.config import Config
from kayse_admin.sandbox.server import Running, running
from tests.conftest import PASSWORD, signed_in

KEY = "kayse-canary-key-5f1d9c"
SECRET = "wrong-box-canary-77aa31"
PERSON = {
    "first_name": "Canaria",
    "last_name": "Planted-4411",
    "external_source": "manual",
    "external_source_id": "CANARY-4411",
    "mobile": "+15125550199",
    "email": "canary4411@example.com",
    "date_of_birth": "1961-03-07",
    "city": "Canaryville",
    "state": "TX",
    "address_line1": "4411 Canary Row",
}
#: What of it would name somebody in a log line, in the ways in which it might be written.
PERSONAL = (
    "Canaria",
    "Planted-4411",
    "CANARY-4411",
    "5550199",
    "canary4411",
    "Canaryville",
    "Canary Row",
    "1961-03",
    "1961-99",
    "7, 1961",
)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that the running dashboard would print, as it would print it, debug lines of ours included."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonFormatter())
    for each in (RequestIdFilter(), RouteFilter()):
        handler.addFilter(each)
    ours = logging.getLogger("kayse_admin")
    before = ours.level
    ours.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)
    ours.setLevel(before)


@pytest.fixture(scope="module")
def _vendor() -> Iterator[Running]:
    with running(Config(clients=20, api_key=KEY)) as server:
        yield server


@pytest.fixture
def vendor(_vendor: Running, settings: LazySettings) -> Running:
    """A vendor whose key is the canary."""
    settings.KAYSE_API_URL, settings.KAYSE_API_KEY = _vendor.url, KEY
    return _vendor


class Walk:
    """A browser that keeps every answer's headers and body."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.browser.raise_request_exception = False
        self.seen: list[str] = []
        self.statuses: list[int] = []

    def get(self, path: str, **headers: str) -> None:
        self._keep(self.browser.get(path, headers=headers))

    def post(self, path: str, data: dict[str, str] | None = None) -> None:
        self._keep(self.browser.post(path, data or {}))

    def _keep(self, answer: object) -> None:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        self.statuses.append(answer.status_code)  # type: ignore[attr-defined]
        self.seen.append(f"{answer.headers}\n{body.decode(errors='replace')}")  # type: ignore[attr-defined]


def new_client(**changes: str) -> dict[str, str]:
    """The form of a new client."""
    return {**PERSON, "operation": str(uuid.uuid4()), **changes}


def everything_stored() -> str:
    """Every row of every table, the cache's too, as text."""
    tables = [str(list(model._default_manager.values())) for model in apps.get_models()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM kayse_cache")
        cached = [(key, base64.b64decode(value)) for key, value in cursor.fetchall()]
    return "\n".join([*tables, str(cached)])


def go_everywhere(walk: Walk, vendor: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the dashboard in every way in which it answers: well, badly, and not at all."""
    control = httpx.Client(base_url=vendor.base, trust_env=False)
    walk.post("/clients/new/", new_client())
    walk.post("/clients/new/", new_client(email="no address", date_of_birth="1961-99-99"))
    walk.get("/clients/?q=Planted-4411")
    walk.get("/clients/?q=canary4411@example.com", **{"HX-Request": "true"})
    walk.get("/clients/no-such-page/Canaria-Planted-4411/?mobile=5125550199")
    for kind in ("reset_after", "html", "wrong_json", "empty"):
        control.post("/_sandbox/faults", json={"kind": kind, "method": "POST", "times": 1}).raise_for_status()
        walk.post("/clients/new/", new_client(external_source_id=f"CANARY-4411-{kind}"))
    for path in (
        "/",
        "/case-lists/",
        "/audit/",
        "/audit/export.csv",
        "/audit/export.ndjson",
        "/people/",
        "/account/",
    ):
        walk.get(path)
    for operation in Event.objects.values_list("operation", flat=True).distinct():
        walk.get(f"/audit/{operation}/")
    walk.get("/clients/", host="evil.example")
    walk.post("/clients/new/", {"first_name": "x" * 3_000_000, "last_name": "Planted-4411"})

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"Planted-4411 {KEY}")

    with monkeypatch.context() as patch:
        patch.setattr("kayse_admin.upstream.status.budget", broken)
        walk.get("/clients/?q=Planted-4411")
    walk.get("/readyz")


@pytest.mark.django_db(transaction=True)
def test_the_canaries(
    people: dict[str, User],
    vendor: Running,
    logged: io.StringIO,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = Walk(signed_in(people["administrator"]))
    go_everywhere(walk, vendor, monkeypatch)
    settings.KAYSE_API_KEY = f"{KEY}-revoked"
    walk.post("/clients/new/", new_client(external_source_id="CANARY-4411-late"))
    walk.get("/")
    lines, pages, stored = logged.getvalue(), "\n".join(walk.seen), everything_stored()

    assert {200, 400, 404, 422, 500} <= set(walk.statuses)
    assert all(json.loads(line) for line in lines.splitlines())
    assert "RuntimeError" in lines
    assert "Planted-4411" in pages
    assert "Planted-4411" in stored
    for place in (lines, pages, stored):
        assert KEY not in place
    assert [value for value in PERSONAL if value in lines] == []


@pytest.mark.django_db(transaction=True)
def test_what_is_typed_into_the_wrong_box(people: dict[str, User], logged: io.StringIO) -> None:
    walk = Walk(Browser())
    walk.post("/sign-in/", {"username": SECRET, "password": "x"})
    walk.post("/sign-in/", {"username": "paralegal", "password": SECRET})
    walk.post("/sign-in/", {"username": "paralegal", "password": PASSWORD, "next": f"/{SECRET}/"})
    walk.post("/account/confirm/", {"password": SECRET})
    walk.post("/account/password/", {"current": SECRET, "password": SECRET * 2, "again": SECRET * 2})
    walk.post("/account/password/", {"current": PASSWORD, "password": SECRET * 2, "again": SECRET * 2})
    assert walk.statuses == [422, 422, 302, 422, 422, 303]
    assert SECRET not in everything_stored()
    assert SECRET not in logged.getvalue()
    assert "account/password/" in logged.getvalue()
    # The user name comes back in its own box, and nowhere else.
    assert [page.count(SECRET) for page in walk.seen] == [1, 0, 1, 0, 0, 0]


@pytest.mark.django_db
def test_a_links_token_is_in_no_log_line(
    people: dict[str, User], logged: io.StringIO, as_admin: Browser
) -> None:
    page = as_admin.post(f"/people/{people['paralegal'].pk}/link/").text
    link = page.split("http://testserver")[1].split("<")[0]
    assert Browser().post(link, {"password": "short", "again": "short"}).status_code == 422
    assert Browser().get(link + "x/").status_code == 404
    assert "Unprocessable Entity: /account/invitation/<str:token>/" in logged.getvalue()
    assert "Not Found: no such address" in logged.getvalue()
    assert link.split("/")[-2] not in logged.getvalue()


def test_the_control_a_planted_line_is_found(logged: io.StringIO) -> None:
    logging.getLogger("kayse_admin.requests").warning("asked for %s", "Planted-4411")
    assert "Planted-4411" in logged.getvalue()
