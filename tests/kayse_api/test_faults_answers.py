"""Answers that come, and are wrong: faults 6 to 9."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from kayse_admin.kayse_api import (
    Applied,
    Client,
    KayseClient,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
    UnknownReason,
)
from tests.kayse_api.conftest import MakeClient
from tests.kayse_api.scripted_server import Act, answer, answer_and_close, as_json, http, says, scripted
from tests.kayse_api.support import KEY, NEW_CLIENT, Notebook, Pauses, value_of

ADA = {"id": 7, "first_name": "Ada"}
HTML = b"<!doctype html><html><body><h1>Bad gateway</h1><script>alert(1)</script></body></html>"
AS_HTML = {"Content-Type": "text/html"}
GZIPPED = {"Content-Encoding": "gzip"}


def bomb(megabytes: int) -> bytes:
    """A gzip of that many spaces, made piece by piece."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as file:
        for _ in range(megabytes):
            file.write(b" " * 1_000_000)
    return out.getvalue()


def empty_blocks(count: int) -> bytes:
    """A gzip stream that is long and holds nothing."""
    deflate = zlib.compressobj(wbits=31)
    return b"".join([deflate.flush(zlib.Z_SYNC_FLUSH) or b"\0\0\0\xff\xff" for _ in range(count)])


BAD_BODIES: dict[str, tuple[bytes, UnknownReason]] = {
    "a page": (http(HTML, headers=AS_HTML), UnknownReason.BAD_BODY),
    "nothing": (http(b""), UnknownReason.BAD_BODY),
    "cut JSON": (http(b'{"id": 7, "first_na'), UnknownReason.BAD_BODY),
    "an array": (http(b"[7]"), UnknownReason.BAD_BODY),
    "a number": (http(b"7"), UnknownReason.BAD_BODY),
    "null": (http(b"null"), UnknownReason.BAD_BODY),
    "no id": (as_json({"first_name": "Ada"}), UnknownReason.BAD_BODY),
    "an id that is none": (as_json({"id": "seven"}), UnknownReason.BAD_BODY),
    "an error with a good status": (as_json({"error": "x", "message": "y"}), UnknownReason.BAD_BODY),
    "latin-1": (
        http('{"id": 7, "first_name": "José"}'.encode("latin-1"), headers={"Content-Type": "text/plain"}),
        UnknownReason.BAD_BODY,
    ),
    "utf-16": (http('{"id": 7}'.encode("utf-16")), UnknownReason.BAD_BODY),
    "NaN": (http(b'{"id": 7, "city": NaN}'), UnknownReason.BAD_BODY),
    "too deep": (http(b'{"id": 7, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}"), UnknownReason.BAD_BODY),
    "gzip that is none": (http(b'{"id": 7}', headers=GZIPPED), UnknownReason.BAD_BODY),
    "gzip cut off": (http(gzip.compress(b'{"id": 7}')[:-9], headers=GZIPPED), UnknownReason.BAD_BODY),
    "gzip with a tail": (http(gzip.compress(b'{"id": 7}') + b"x", headers=GZIPPED), UnknownReason.BAD_BODY),
    "an encoding that was not asked for": (
        http(zlib.compress(b'{"id": 7}'), headers={"Content-Encoding": "deflate"}),
        UnknownReason.BAD_BODY,
    ),
    "a gzip bomb": (http(bomb(20), headers=GZIPPED), UnknownReason.TOO_LARGE),
    "a long gzip of nothing": (http(empty_blocks(300_000), headers=GZIPPED), UnknownReason.TOO_LARGE),
    "a large body": (http(b" " * 1_500_000), UnknownReason.TOO_LARGE),
    "a redirect": (
        http(b"", 302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
        UnknownReason.UNEXPECTED_STATUS,
    ),
    "not modified": (http(b"", 304), UnknownReason.UNEXPECTED_STATUS),
    "a status of its own": (http(b"", 799), UnknownReason.UNEXPECTED_STATUS),
    "no content": (http(b"", 204, headers={"Content-Length": ""}), UnknownReason.BAD_BODY),
}


@pytest.mark.parametrize(("data", "reason"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_an_unusable_answer_to_a_write_is_unknown(
    data: bytes, reason: UnknownReason, connect: MakeClient
) -> None:
    with scripted(answer_and_close(data)) as server:
        outcome = connect(server.url, max_body=1_000_000).clients.create(NEW_CLIENT)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.requests, outcome.write) == (reason, 1, True)
    assert outcome.status == int(data[9:12])
    assert server.connections == server.count("POST") == 1


@pytest.mark.parametrize(("data", "reason"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_an_unusable_answer_to_a_read_is_unknown_and_not_asked_for_again(
    data: bytes, reason: UnknownReason, connect: MakeClient
) -> None:
    gate = Notebook()
    with scripted(answer_and_close(data)) as server:
        outcome = connect(server.url, max_body=1_000_000, gate=gate).clients.get(7)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.requests, outcome.write) == (reason, 1, False)
    assert server.connections == server.count("GET") == 1
    assert [failure for _, _, failure in gate.notes] == [reason.value]
    assert [told.status for _, told, _ in gate.notes if told] == [outcome.status]


GOOD_BODIES = {
    "gzip": http(gzip.compress(json.dumps(ADA).encode()), headers=GZIPPED),
    "identity": http(json.dumps(ADA).encode(), headers={"Content-Encoding": "identity"}),
    "chunks": http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
    + b'4\r\n{"id\r\n19\r\n": 7,"first_name": "Ada"}\r\n0\r\n\r\n',
    "until the end": http(json.dumps(ADA).encode(), headers={"Content-Length": "", "Connection": "close"}),
    "any label": http(json.dumps(ADA).encode(), headers=AS_HTML),
    "no label": http(json.dumps(ADA).encode(), headers={"Content-Type": ""}),
    "a label that lies": http(
        json.dumps(ADA).encode(), headers={"Content-Type": "application/json; charset=utf-7"}
    ),
    "created": as_json(ADA, 201),
    "accepted": as_json(ADA, 202),
    "after early hints": b"HTTP/1.1 103 Early Hints\r\n\r\n" + as_json(ADA),
}


@pytest.mark.parametrize("data", GOOD_BODIES.values(), ids=GOOD_BODIES.keys())
def test_the_body_decides_and_not_its_label(data: bytes, connect: MakeClient) -> None:
    with scripted(answer_and_close(data)) as server:
        outcome = connect(server.url).clients.create(NEW_CLIENT)
    client = value_of(outcome)
    assert (client.id, client.first_name) == (7, "Ada")
    assert isinstance(outcome, Applied)
    assert outcome.raw == ADA


def test_a_surprising_value_does_not_make_a_create_unknown(connect: MakeClient) -> None:
    """Who is told "unknown" creates the client again."""
    odd = {"id": "7", "date_of_birth": {"d": 1}, "case_ids": "101", "created": 1e400, "big": 10**400}
    data = json.dumps(odd).encode().replace(b"Infinity", b"1e400")
    with scripted(answer(http(data))) as server:
        client = value_of(connect(server.url).clients.create(NEW_CLIENT))
    assert client.id == 7
    assert client.odd == {"date_of_birth": {"d": 1}, "case_ids": "101"}
    assert client.extra == {"created": "1e400", "big": str(10**400)}


def test_another_client_than_the_one_asked_for_is_no_answer(connect: MakeClient) -> None:
    with scripted(says(ADA)) as server:
        client = connect(server.url)
        outcomes = [client.clients.get(8), client.clients.update(8, {"city": "Rome"})]
    assert [getattr(outcome, "reason", None) for outcome in outcomes] == [UnknownReason.BAD_BODY] * 2


def test_a_delete_may_be_answered_without_content(connect: MakeClient) -> None:
    with scripted(answer_and_close(http(b"", 204, headers={"Content-Length": ""}))) as server:
        outcome = connect(server.url).clients.delete(7)
    assert isinstance(outcome, Applied)
    assert (outcome.value, outcome.status, outcome.raw) == ("", 204, {})


def memory_for(client: KayseClient) -> tuple[Outcome[Client], int]:
    """What a read came to, and the most bytes that were held meanwhile."""
    tracemalloc.start()
    try:
        return client.clients.get(7), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_stopped_before_it_fills_the_memory(connect: MakeClient) -> None:
    """60 MB in 60 kB: a single piece from the socket holds all of it."""
    with scripted(answer_and_close(http(bomb(60), headers=GZIPPED))) as server:
        outcome, held = memory_for(connect(server.url, max_body=1_000_000))
    assert isinstance(outcome, Unknown)
    assert outcome.reason is UnknownReason.TOO_LARGE
    assert held < 10_000_000


def test_control_without_the_cap_a_gzip_bomb_fills_the_memory(connect: MakeClient) -> None:
    with scripted(answer_and_close(http(bomb(60), headers=GZIPPED))) as server:
        _, held = memory_for(connect(server.url, max_body=100_000_000))
    assert held > 60_000_000


def test_a_redirect_is_not_followed(connect: MakeClient) -> None:
    with scripted(says(ADA)) as elsewhere:
        location = {"Location": elsewhere.url + "/clients/7"}
        with scripted(answer_and_close(http(b"", 307, headers=location))) as server:
            client = connect(server.url)
            outcomes = [client.clients.get(7), client.clients.create(NEW_CLIENT)]
        assert {outcome.result for outcome in outcomes} == {"unknown"}
        assert elsewhere.connections == 0


def test_cookies_are_not_kept(connect: MakeClient) -> None:
    with scripted(says(ADA, headers={"Set-Cookie": "a=b; Path=/"})) as server:
        client = connect(server.url)
        for _ in range(2):
            value_of(client.clients.get(7))
    assert not any("cookie" in request.headers for request in server.requests)


class TestRefused:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 409, 413, 415, 418, 422, 431, 499])
    def test_a_4xx_is_the_vendors_no(self, status: int, connect: MakeClient) -> None:
        body = {"error": "some_code", "message": "The city\nis too long."}
        with scripted(says(body, status)) as server:
            outcome = connect(server.url).clients.create(NEW_CLIENT)
        assert isinstance(outcome, Rejected)
        assert (outcome.status, outcome.code, outcome.message) == (
            status,
            "some_code",
            "The city is too long.",
        )
        assert outcome.requests == server.count("POST") == 1

    @pytest.mark.parametrize(
        "data",
        [
            http(HTML, 400, headers=AS_HTML),
            http(b"", 400),
            http(b'{"error": "cut', 400),
            http(b"[]", 400),
            http("é".encode("latin-1"), 400),
            http(b"x" * 200_000, 400),
            http(bomb(20), 400, headers=GZIPPED),
            http(b"{", 400, length=50),
        ],
    )
    def test_whatever_its_body(self, data: bytes, connect: MakeClient) -> None:
        with scripted(answer_and_close(data)) as server:
            outcome = connect(server.url).clients.create(NEW_CLIENT)
        assert isinstance(outcome, Rejected)
        assert (outcome.status, outcome.code, outcome.message) == (400, "", "")
        assert "<" not in outcome.sentence

    def test_a_refusal_before_the_body_was_read(self, connect: MakeClient) -> None:
        def act(talk: Any) -> None:
            talk.socket.recv(1000)
            talk.send(as_json({"error": "too_large", "message": "too large"}, 413))
            talk.socket.shutdown(1)
            while talk.socket.recv(65536):
                pass

        with scripted(act) as server:
            outcome = connect(server.url).clients.create({"first_name": "x" * 5_000_000})
        assert isinstance(outcome, Rejected)
        assert (outcome.status, outcome.message) == (413, "too large")

    def test_a_refused_key_that_is_quoted_is_masked(self, connect: MakeClient) -> None:
        with scripted(
            says({"error": f"key {KEY}", "message": f"The key {KEY} is not valid."}, 401)
        ) as server:
            outcome = connect(server.url).clients.get(7)
        assert isinstance(outcome, Rejected)
        assert outcome.is_key_refused
        assert (outcome.code, outcome.message) == ("key •••", "The key ••• is not valid.")

    def test_the_gate_is_told_the_status_and_no_failure(self, connect: MakeClient) -> None:
        gate = Notebook()
        with scripted(says({}, 401)) as server:
            connect(server.url, gate=gate).clients.get(7)
        assert [(told.status, failure) for _, told, failure in gate.notes if told] == [(401, None)]


class TestServerErrors:
    @pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
    @pytest.mark.parametrize(
        "body", [b'{"error": "x", "message": "y"}', HTML, b""], ids=["json", "page", "nothing"]
    )
    def test_a_write_is_unknown_and_is_never_sent_again(
        self, status: int, body: bytes, connect: MakeClient
    ) -> None:
        gate = Notebook()
        with scripted(answer(http(body, status, headers={"Retry-After": "0"}))) as server:
            outcome = connect(server.url, gate=gate).clients.create(NEW_CLIENT)
        assert isinstance(outcome, Unknown)
        assert (outcome.reason, outcome.status) == (UnknownReason.SERVER_ERROR, status)
        assert outcome.requests == server.count("POST") == len(gate.asked) == 1
        assert [(told.status, failure) for _, told, failure in gate.notes if told] == [
            (status, "server_error")
        ]

    def test_a_read_is_tried_three_times_and_then_unknown(self, connect: MakeClient) -> None:
        gate, pauses = Notebook(), Pauses()
        with scripted(says({}, 503)) as server:
            outcome = connect(server.url, gate=gate, pauses=pauses).clients.get(7)
        assert isinstance(outcome, Unknown)
        assert (outcome.reason, outcome.status, outcome.write) == (UnknownReason.SERVER_ERROR, 503, False)
        assert outcome.requests == server.count("GET") == len(gate.asked) == len(gate.notes) == 3
        assert pauses.taken == [0.25, 0.5]

    @pytest.mark.parametrize("times", [1, 2])
    def test_a_read_takes_the_first_good_answer(self, times: int, connect: MakeClient) -> None:
        with scripted(*[says({}, 500)] * times, says(ADA)) as server:
            outcome = connect(server.url).clients.get(7)
        assert isinstance(outcome, Applied)
        assert outcome.requests == server.count("GET") == times + 1


def limited(reset: str, *, date: datetime | None = None, **headers: str) -> Act:
    told = {"X-RateLimit-Reset": reset, "Date": format_datetime(date or datetime.now(UTC), usegmt=True)}
    return says({"error": "rate_limited", "message": "slow down"}, 429, told | headers)


class TestRateLimited:
    @pytest.mark.parametrize("read", [True, False])
    def test_a_429_is_told_at_once_and_never_tried_again(self, read: bool, connect: MakeClient) -> None:
        now = datetime.now(UTC)
        gate, pauses = Notebook(), Pauses()
        with scripted(limited(str(int(now.timestamp()) + 3300))) as server:
            client = connect(server.url, gate=gate, pauses=pauses)
            outcome = client.clients.get(7) if read else client.clients.create(NEW_CLIENT)
        assert isinstance(outcome, RateLimited)
        assert outcome.sent
        assert abs(outcome.until - now - timedelta(minutes=55)) < timedelta(seconds=5)
        assert outcome.requests == len(server.requests) == 1
        assert pauses.taken == []
        _, told, failure = gate.notes[0]
        assert failure is None
        assert told is not None
        assert told.rate is not None
        assert (told.status, told.rate.remaining, told.rate.reset_at) == (429, 0, outcome.until)

    def test_our_clock_is_15_minutes_off(self, connect: MakeClient) -> None:
        now = datetime.now(UTC)
        theirs = now - timedelta(minutes=15)
        with scripted(limited(str(int(theirs.timestamp()) + 600), date=theirs)) as server:
            outcome = connect(server.url).clients.get(7)
        assert isinstance(outcome, RateLimited)
        assert abs(outcome.until - now - timedelta(minutes=10)) < timedelta(seconds=5)

    @pytest.mark.parametrize("reset", ["nan", "-1", "", "100000000000", "0", "soon", "9" * 400])
    def test_an_odd_reset_never_blocks_for_more_than_the_hour(self, reset: str, connect: MakeClient) -> None:
        now = datetime.now(UTC)
        with scripted(limited(reset)) as server:
            outcome = connect(server.url).clients.get(7)
        assert isinstance(outcome, RateLimited)
        assert timedelta(seconds=1) <= outcome.until - now <= timedelta(seconds=3605)

    def test_a_body_that_never_ends_does_not_hold_it_up(self, connect: MakeClient) -> None:
        with scripted(answer(http(b"", 429, length=10_000_000))) as server:
            outcome = connect(server.url).clients.get(7)
        assert isinstance(outcome, RateLimited)

    def test_the_budgets_own_no(self, connect: MakeClient) -> None:
        until = datetime(2026, 3, 1, 15, tzinfo=UTC)
        with scripted(says(ADA)) as server:
            gate = Notebook(denials=[RateLimited(until, sent=False)])
            outcome = connect(server.url, gate=gate).clients.create(NEW_CLIENT)
        assert isinstance(outcome, RateLimited)
        assert (outcome.until, outcome.sent, outcome.requests) == (until, False, 0)
        assert server.connections == 0

    def test_every_answer_tells_the_gate_what_is_left(self, connect: MakeClient) -> None:
        date = datetime(2026, 3, 1, 14, tzinfo=UTC)
        gate = Notebook()
        headers = {"X-RateLimit-Limit": "500", "X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "60"}
        with scripted(says(ADA, headers=headers | {"Date": format_datetime(date, usegmt=True)})) as server:
            value_of(connect(server.url, gate=gate).clients.get(7))
        _, told, failure = gate.notes[0]
        assert failure is None
        assert told is not None
        assert told.rate is not None
        assert (told.status, told.date, told.rate.limit, told.rate.remaining) == (200, date, 500, 12)


def test_trouble_in_the_gates_bookkeeping_does_not_lose_the_answer(connect: MakeClient) -> None:
    class Broken(Notebook):
        def told(self, *args: Any) -> None:
            raise RuntimeError("database is locked")

    with scripted(says(ADA)) as server:
        outcome = connect(server.url, gate=Broken()).clients.create(NEW_CLIENT)
    assert isinstance(outcome, Applied)
    assert server.count("POST") == 1
