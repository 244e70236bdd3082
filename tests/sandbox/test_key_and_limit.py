"""The key, the hourly limit, and the three headers that every answer carries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from kayse_admin.sandbox.app import create_app
from kayse_admin.sandbox.config import Config, Switches
from kayse_admin.sandbox.limits import charge
from kayse_admin.sandbox.state import Sandbox
from kayse_admin.sandbox.store import Store

from .helpers import KEY, Api, refused


def rate(answer: httpx.Response) -> tuple[int, int, int]:
    names = ("Limit", "Remaining", "Reset")
    limit, remaining, reset = (int(answer.headers[f"X-RateLimit-{name}"]) for name in names)
    return limit, remaining, reset


@pytest.mark.parametrize("key", ["", "wrong", "Sandbox-key", "sandbox-key2", "schlüssel"])
def test_without_the_right_key_it_is_401_and_costs_nothing(live: Api, key: str) -> None:
    answer = live("GET", "/clients/1", headers=[("X-API-KEY", key.encode("latin-1"))])
    refused(answer, 401, "X-API-KEY")
    assert rate(answer)[:2] == (500, 500)
    assert [entry["key"] for entry in live.arrived()] == ["wrong" if key else "missing"]


def test_no_key_header_at_all_is_401(api: Api) -> None:
    del api.http.headers["X-API-KEY"]
    refused(api("GET", "/nothing"), 401)


def test_every_answer_tells_where_the_limit_stands(api: Api, inside: Sandbox) -> None:
    inside.clock = lambda: 1_000_000.5
    calls = [("GET", "/clients/1"), ("GET", "/clients/0"), ("GET", "/nothing"), ("PATCH", "/clients")]
    answers = [api(*call) for call in calls]
    assert [answer.status_code for answer in answers] == [200, 400, 404, 405]
    assert [rate(answer) for answer in answers] == [(500, left, 1_003_601) for left in (499, 498, 497, 496)]
    assert {answer.headers["Date"] for answer in answers} == {"Mon, 12 Jan 1970 13:46:40 GMT"}


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/x", "//v1/clients/1", "/_sandbox/requests", "/openapi.json"]
)
def test_so_does_an_answer_from_outside_of_the_api(path: str, live: Api) -> None:
    limit, remaining, _ = rate(live.http.get(f"{live.base}{path}"))
    assert (limit, remaining) in ((500, 500), (500, 499))


def test_429_until_the_window_is_over(api: Api, inside: Sandbox) -> None:
    now = 5_000.0
    inside.clock = lambda: now
    api.switch(rate_limit=2, rate_window=60)
    assert [api("GET", "/clients/1").status_code for _ in range(4)] == [200, 200, 429, 429]
    answer = api("DELETE", "/clients/1")
    refused(answer, 429, "2")
    assert rate(answer) == (2, 0, 5_060)
    now = 5_059.9
    assert api("GET", "/clients/1").status_code == 429
    now = 5_060.0
    assert rate(api("GET", "/clients/1")) == (2, 1, 5_120)  # and the client was not deleted


def test_the_sandboxs_own_addresses_cost_nothing_and_need_no_key(api: Api) -> None:
    api.switch(rate_limit=1)
    for path in ("/faults", "/requests", "/switches", "/cases", "/lists/1/members", "/clients/1"):
        api.control("GET", path)
    assert rate(api("GET", "/clients/1"))[1] == 0
    for path in ("/_sandbox/export.csv", "/_sandbox/labels.csv", "/openapi.json"):
        assert api.http.get(f"{api.base}{path}", headers={"X-API-KEY": ""}).status_code == 200


def test_the_count_is_exact_under_threads(tmp_path: Path) -> None:
    store, switches = Store(str(tmp_path / "store.sqlite3")), Switches(rate_limit=100)

    def many(_: int) -> int:
        return sum(charge(store, switches, now=1_000).allowed for _ in range(25))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(many, range(8))) == 100
    store.close()


def test_the_count_survives_a_restart(tmp_path: Path) -> None:
    config = Config(store=str(tmp_path / "store.sqlite3"), clients=1)
    for left in (499, 498):
        app = create_app(config)
        with Api(httpx.WSGITransport(app), "http://sandbox") as api:
            assert rate(api("GET", "/clients/1"))[1] == left
        app.extensions["sandbox"].store.close()


def test_the_key_can_be_chosen() -> None:
    app = create_app(Config(api_key="another", clients=1))
    with Api(httpx.WSGITransport(app), "http://sandbox") as api:
        refused(api("GET", "/clients/1", headers={"X-API-KEY": KEY}), 401)
        assert api("GET", "/clients/1", headers={"X-API-KEY": "another"}).status_code == 200
    app.extensions["sandbox"].store.close()
