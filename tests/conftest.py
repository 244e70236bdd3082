"""What all tests share: a fixed cast of people, a running sandbox, and a record that can be emptied between tests."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import LazySettings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client as Browser
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, granted, make_groups
from kayse_admin.actors import Actor
from kayse_admin.audit import triggers
from kayse_admin.sandbox.config import Config
from kayse_admin.sandbox.server import Running, running
from tests.e2e.stack import prepare_once

TESTS = Path(__file__).parent
#: Tables that migrations fill, and no test.
WRITTEN_ONCE = {"django_migrations", "django_content_type", "auth_permission"}
PASSWORD = "a-long-enough-password"

# What an example takes says more about the machine, and who else is busy on it, than about the code.
hypothesis.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches no database: one run on one database is enough for it."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if not fixtures & {"db", "transactional_db", "django_db_setup"} and not item.get_closest_marker(
            "django_db"
        ):
            item.add_marker("pure")
        elif item.path.is_relative_to(TESTS / "sandbox") or item.path.is_relative_to(TESTS / "kayse_api"):
            raise pytest.UsageError(f"{item.nodeid} would never be run on PostgreSQL: see everything.py")


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays to the end: thousands of collected tests, and the libraries."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _record_can_be_emptied() -> Iterator[None]:
    """Let the flush after a transactional test empty the record: the application itself has no way to do so."""
    original: Callable[[Any], None] = TransactionTestCase._fixture_teardown

    def teardown(case: Any) -> None:
        lift()
        empty()
        triggers.put_back()

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]


def empty() -> None:
    """Delete every row that a test has committed.

    Django's own way truncates every table and asks for each permission again: 0.3 s on PostgreSQL, each time.
    """
    tables = set(connection.introspection.django_table_names(include_views=False)) - WRITTEN_ONCE
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(filled)
        for (name,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{name}"')
        make_groups()


def lift() -> None:
    """Drop the triggers of the record. Only tests do this."""
    with connection.cursor() as cursor:
        for trigger in triggers.wanted(connection.vendor):
            cursor.execute(trigger.dropping(connection.vendor))


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """Nothing that one test cached is seen by the next."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("db")
        cache.clear()


class Sandbox:
    """The running sandbox as tests see it: addresses, what arrived, faults, switches."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.url: str = server.url
        self.base: str = server.base
        self.http = httpx.Client(base_url=server.base, trust_env=False)

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """What has arrived since the test began, oldest first; of this method and with this in its path if named."""
        found: list[dict[str, Any]] = (
            self.http.get("/_sandbox/requests").raise_for_status().json()["requests"]
        )
        return [one for one in found if (not method or one["method"] == method) and path in one["path"]]

    def fault(self, kind: str, *, method: str = "", path: str = "", times: int = 1, **params: Any) -> None:
        """Let the next `times` matching calls go wrong."""
        body = {"kind": kind, "method": method, "path": path, "times": times, **params}
        self.http.post("/_sandbox/faults", json={k: v for k, v in body.items() if v != ""}).raise_for_status()

    def switch(self, **switches: Any) -> None:
        """Turn switches: put, bulk, total, answers, rate_limit, rate_window."""
        self.http.post("/_sandbox/switches", json=switches).raise_for_status()

    def call(self, method: str, path: str, json: Any = None) -> Any:
        """Call the vendor's API directly, as somebody outside the dashboard would. Returns the JSON answer."""
        answer = self.http.request(method, f"/v1{path}", json=json, headers={"X-API-KEY": "sandbox-key"})
        return answer.raise_for_status().json()

    def client(self, pk: int) -> dict[str, Any]:
        """Every documented field of a client as the sandbox has it now, whatever its switches say."""
        found: dict[str, Any] = self.http.get(f"/_sandbox/clients/{pk}").raise_for_status().json()
        return found

    def members(self, pk: int) -> list[int]:
        """The case ids on a list, ascending."""
        answer = self.http.get(f"/_sandbox/lists/{pk}/members").raise_for_status().json()
        return sorted(answer["case_ids"])

    def reset(self, **body: Any) -> None:
        """Begin anew: seed data, switches, faults, hourly limit."""
        self.http.post("/_sandbox/reset", json=body).raise_for_status()


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[Sandbox]:
    with running(Config(clients=60)) as server:
        yield Sandbox(server)


@pytest.fixture
def sandbox(_sandbox_server: Sandbox, settings: LazySettings) -> Sandbox:
    """A sandbox over real HTTP, begun anew for each test; the dashboard's settings point at it."""
    _sandbox_server.reset()
    settings.KAYSE_API_URL = _sandbox_server.url
    settings.KAYSE_API_KEY = "sandbox-key"
    return _sandbox_server


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared dashboard to copy, made once for all test processes."""
    own = tmp_path_factory.getbasetemp()
    return prepare_once(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """The cast: one person for each role, under the role's name, and "nobody" without a role."""
    password = make_password(PASSWORD)
    cast = User.objects.bulk_create(
        User(username=name, password=password, first_name=first, last_name=last)
        for name, first, last in (
            ("paralegal", "Paula", "Legal"),
            ("manager", "Max", "Manager"),
            ("auditor", "Audrey", "Tor"),
            ("administrator", "Ada", "Min"),
            ("nobody", "Nora", "Body"),
        )
    )
    roles = Group.objects.in_bulk(field_name="name")
    User.groups.through.objects.bulk_create(
        User.groups.through(user=person, group=roles[person.username])
        for person in cast
        if person.username != "nobody"
    )
    return {person.username: person for person in cast}


def signed_in(person: User) -> Browser:
    """A Django test client with this person's session."""
    browser = Browser()
    browser.force_login(person)
    return browser


@pytest.fixture
def as_paralegal(people: dict[str, User]) -> Browser:
    """Signed in as the paralegal."""
    return signed_in(people["paralegal"])


@pytest.fixture
def as_manager(people: dict[str, User]) -> Browser:
    """Signed in as the campaign manager."""
    return signed_in(people["manager"])


@pytest.fixture
def as_auditor(people: dict[str, User]) -> Browser:
    """Signed in as the auditor."""
    return signed_in(people["auditor"])


@pytest.fixture
def as_admin(people: dict[str, User]) -> Browser:
    """Signed in as the administrator."""
    return signed_in(people["administrator"])


@pytest.fixture
def as_nobody(people: dict[str, User]) -> Browser:
    """Signed in without any role."""
    return signed_in(people["nobody"])


@pytest.fixture
def actor() -> Actor:
    """An administrator who acts, for calling services without a request."""
    return Actor(
        id=1,
        name="Ada Min",
        address="127.0.0.1",
        request_id=uuid.uuid4().hex,
        role="Administrator",
        capabilities=granted([Role.ADMINISTRATOR]),
    )


@pytest.fixture
def is_sqlite(db: None) -> bool:
    """Whether this run is on SQLite."""
    return connection.vendor == "sqlite"
