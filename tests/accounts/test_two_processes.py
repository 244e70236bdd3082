"""A hundred tries a minute against two server processes: together they let through what one would."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings

from tests.e2e.stack import PASSWORD, Stack, running_stack
from tests.waiting import until


@pytest.fixture
def database(is_sqlite: bool) -> Iterator[dict[str, str]]:
    """The environment that names a database of its own, of the kind that this run is about."""
    if is_sqlite:
        yield {}
        return
    server, name = os.environ["DATABASE_URL"].rsplit("/", 1)[0], f"two_processes_{os.getpid()}"
    admin = f"{server}/{settings.DATABASES['default'].get('ADMIN', 'postgres')}".replace(
        "postgres://", "postgresql://"
    )
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield {"DATABASE_URL": f"{server}/{name}"}
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def two(tmp_path: Path, request: pytest.FixtureRequest, database: dict[str, str]) -> Iterator[Stack]:
    """A dashboard with two worker processes."""
    prepared = None if database else request.getfixturevalue("prepared")
    with running_stack(tmp_path, prepared, WEB_CONCURRENCY="2", WEB_THREADS="8", **database) as stack:
        yield stack


def workers(stack: Stack) -> int:
    """How many processes serve the dashboard."""
    children = Path(f"/proc/{stack.processes['web'].pid}/task/{stack.processes['web'].pid}/children")
    return len(children.read_text().split())


def tries(stack: Stack, form: dict[str, str], count: int) -> Counter[int]:
    """Send so many forms, each over a connection of its own and eight at a time."""

    def one(_: int) -> int:
        with httpx.Client(base_url=stack.base, trust_env=False, timeout=60) as http:
            token = http.get("/sign-in/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
            return http.post("/sign-in/", data={**form, "csrfmiddlewaretoken": token}).status_code

    with ThreadPoolExecutor(8) as pool:
        return Counter(pool.map(one, range(count)))


def test_a_hundred_tries(two: Stack) -> None:
    # The dashboard answers as soon as the first of them was forked.
    until(lambda: workers(two) == 2, "the second server process")
    wrong = tries(two, {"username": "paralegal", "password": "wrong"}, 100)
    assert wrong == {422: 10, 429: 90}
    assert tries(two, {"username": "paralegal", "password": PASSWORD}, 1) == {429: 1}
    assert tries(two, {"username": "manager", "password": PASSWORD}, 1) == {302: 1}
