"""The server itself: kept-alive connections, bodies of every framing, and callers that go away."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from kayse_admin.sandbox.config import Config, Switches
from kayse_admin.sandbox.server import running

from .helpers import CLIENTS, KEY, NEW_CLIENT, Api

HEAD = f"Host: sandbox\r\nX-API-KEY: {KEY}\r\n"


@contextmanager
def connected(base: str) -> Iterator[socket.socket]:
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        yield connection


def converse(connection: socket.socket, request: str | bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes and read one answer that has a Content-Length."""
    connection.sendall(request if isinstance(request, bytes) else request.encode())
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, file.read(int(headers.get("content-length", 0)))


def test_a_connection_is_kept_for_the_next_call(live: Api) -> None:
    with connected(live.base) as connection:
        for _ in range(3):
            request = f"GET /v1/clients/7 HTTP/1.1\r\n{HEAD}\r\n"
            status, headers, body = converse(connection, request)
            assert (status, json.loads(body)["id"], headers.get("connection")) == (200, 7, None)


def test_a_refused_body_does_not_become_the_next_request(live: Api) -> None:
    body = "GET /v1/clients/7 HTTP/1.1\r\n\r\n"
    request = f"POST /v1/clients HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with connected(live.base) as connection:
        assert converse(connection, request)[0] == 401
        assert converse(connection, f"GET /v1/clients/7 HTTP/1.1\r\n{HEAD}\r\n")[0] == 200
    assert len(live.arrived()) == 2


def test_a_chunked_body_is_read(live: Api) -> None:
    body = json.dumps(NEW_CLIENT).encode()
    halves = (body[:20], body[20:], b"")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves)
    head = f"POST /v1/clients HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    with connected(live.base) as connection:
        assert converse(connection, head + chunks)[0] == 201
        assert converse(connection, f"GET /v1/clients/7 HTTP/1.1\r\n{HEAD}\r\n")[0] == 200


@pytest.mark.parametrize("length", ["-1", "seven", "1e3", "+5"])
def test_an_odd_content_length_is_no_body(live: Api, length: str) -> None:
    with connected(live.base) as connection:
        request = f"POST /v1/clients HTTP/1.1\r\n{HEAD}Content-Length: {length}\r\n\r\n"
        status, headers, _ = converse(connection, request)
    assert (status, headers["connection"]) == (400, "close")


def test_http_1_0_is_answered_and_closed(live: Api) -> None:
    with connected(live.base) as connection:
        status, _, body = converse(connection, f"GET /v1/clients/7 HTTP/1.0\r\n{HEAD}\r\n")
        assert (status, json.loads(body)["id"]) == (200, 7)
        assert connection.recv(1) == b""


def test_head_has_no_body(live: Api) -> None:
    answer = live("HEAD", "/clients/7")
    assert (answer.status_code, answer.content) == (200, b"")
    assert live("GET", "/clients/7").status_code == 200


def test_a_caller_that_leaves_in_mid_request_harms_nobody(live: Api) -> None:
    with connected(live.base) as connection:
        connection.sendall(f"POST /v1/clients HTTP/1.1\r\n{HEAD}Content-Length: 500\r\n\r\n{{".encode())
    assert live("GET", "/clients/7").status_code == 200


def test_the_export_is_streamed(live: Api) -> None:
    with live.http.stream("GET", f"{live.base}/_sandbox/export.csv") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert sum(1 for _ in answer.iter_lines()) == CLIENTS + 1


def test_threads_share_one_store_in_memory() -> None:
    with running(Config(clients=20, switches=Switches(rate_limit=10**6))) as server:

        def work(number: int) -> int:
            with Api(httpx.HTTPTransport(), server.base) as api:
                made = [api.new_client(external_source_id=f"{number}-{turn}") for turn in range(10)]
                return sum(api("GET", f"/clients/{one}").status_code == 200 for one in made)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(work, range(8))) == 80
        assert (
            server.store.value("SELECT count(DISTINCT external_source_id) FROM clients WHERE id > 20") == 80
        )


def test_a_sandbox_that_ends_hangs_up_and_refuses() -> None:
    with running(Config(clients=1)) as server:
        caller = Api(httpx.HTTPTransport(), server.base)
        assert caller("GET", "/clients/1").status_code == 200
    with pytest.raises(httpx.ConnectError):
        caller("GET", "/clients/1")
    caller.http.close()
