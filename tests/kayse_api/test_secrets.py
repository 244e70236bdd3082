"""The key is sent in one header and is found nowhere else."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import httpx
import pytest

from kayse_admin.kayse_api import KayseConfig
from tests.kayse_api.conftest import MakeClient
from tests.kayse_api.scripted_server import close_after_reading, says, scripted
from tests.kayse_api.support import KEY, NEW_CLIENT, client_of


def test_it_is_sent_with_every_request_and_nothing_else_names_us(connect: MakeClient) -> None:
    with scripted(says({"id": 7})) as server:
        client = connect(server.url)
        client.clients.get(7)
        client.clients.create(NEW_CLIENT)
    assert [request.headers["x-api-key"] for request in server.requests] == [KEY, KEY]
    for request in server.requests:
        assert request.headers["user-agent"] == "kayse-dashboard/1"
        assert KEY not in request.target
        assert KEY.encode() not in request.body


def test_the_environment_adds_nothing(connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(says({"id": 7})) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert connect(server.url).clients.get(7).result == "applied"
    assert "authorization" not in server.requests[0].headers


def test_no_log_line_holds_it(connect: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "httpx", "httpcore", "kayse_admin"):
        caplog.set_level(logging.DEBUG, logger=name)
    with scripted(says({"id": 7}), says({"error": KEY, "message": KEY}, 401), close_after_reading) as server:
        client = connect(server.url)
        outcomes = [client.clients.get(7) for _ in range(3)] + [client.clients.create(NEW_CLIENT)]
    outcomes.append(client.clients.create(NEW_CLIENT))
    assert {record.name.partition(".")[0] for record in caplog.records} >= {"kayse_admin", "httpcore"}
    assert [outcome.result for outcome in outcomes] == [
        "applied",
        "rejected",
        "unknown",
        "unknown",
        "not_sent",
    ]
    assert KEY not in caplog.text
    assert KEY not in repr(outcomes)


def test_no_repr_holds_it() -> None:
    config = KayseConfig("http://127.0.0.1:1/v1", KEY)
    client = client_of("http://127.0.0.1:1/v1")
    for shown in (config, client, client.clients, client.case_lists, client._exchange, client._wire):
        assert KEY not in repr(shown)
        assert KEY not in f"{shown}"


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.LocalProtocolError, RuntimeError])
def test_no_exception_brings_it_out(error: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong below becomes a result: no traceback with its local variables gets out."""

    def break_down(request: httpx.Request) -> httpx.Response:
        raise error(f"Illegal header value {request.headers['x-api-key']}")

    client = client_of("http://vendor.test/v1", transport=httpx.MockTransport(break_down))
    outcome = client.clients.create(NEW_CLIENT)
    assert outcome.result == "unknown"
    assert KEY not in caplog.text + repr(outcome)


@pytest.mark.parametrize("use", [lambda k: k.clients.get(0), lambda k: k.clients.create({"a": float("nan")})])
def test_no_traceback_holds_it(use: Any) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        use(client_of("http://vendor.test/v1"))
    shown = traceback.TracebackException.from_exception(refusal.value, capture_locals=True)
    assert KEY not in "".join(line for line in shown.format() if "support" not in line)
