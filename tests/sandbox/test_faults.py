"""Faults on demand, over a real socket: what the caller sees, and whether the operation took effect."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from kayse_admin.sandbox.faults import Fault, Faults
from tests.waiting import until

from .helpers import CLIENTS, NEW_CLIENT, Api, refused

NEXT_ID = CLIENTS + 1


def created(live: Api) -> bool:
    """Whether the create of this test took effect."""
    return bool(live.http.get(f"{live.base}/_sandbox/clients/{NEXT_ID}").status_code == 200)


def create(live: Api) -> httpx.Response:
    return live("POST", "/clients", NEW_CLIENT)


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_status(live: Api, status: int, applies: bool) -> None:
    live.fault("status", status=status, apply=applies)
    answer = create(live)
    refused(answer, status)
    assert created(live) is applies
    assert (answer.headers["X-RateLimit-Remaining"] == "0") is (status == 429)
    [entry] = live.arrived()
    assert (entry["status"], entry["fault"], entry["applied"]) == (status, "status", applies)


def test_a_status_is_500_and_not_applied_unless_told_otherwise(live: Api) -> None:
    live.fault("status", message="Out of paper.")
    refused(create(live), 500, "Out of paper.")
    assert not created(live)


def test_a_delay_answers_late_and_properly(live: Api) -> None:
    live.fault("delay", seconds=0.3)
    begun = time.monotonic()
    assert create(live).status_code == 201
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("applies", [False, True])
def test_a_hang_sends_nothing_and_ends_when_the_caller_goes(live: Api, applies: bool) -> None:
    live.fault("hang", apply=applies)
    with pytest.raises(httpx.ReadTimeout):
        live("POST", "/clients", NEW_CLIENT, timeout=0.2)
    until(lambda: created(live) is applies and len(live.arrived()) == 1, "the request")
    [entry] = live.arrived()
    assert (entry["status"], entry["fault"]) == (None, "hang")


def test_a_hang_in_mid_body(live: Api) -> None:
    live.fault("hang", bytes=20)
    with live.http.stream("GET", "/clients/7", timeout=1.5) as answer:
        pieces = answer.iter_raw()
        assert len(next(pieces)) == 20
        with pytest.raises(httpx.ReadTimeout):
            next(pieces)


def test_a_drip_comes_byte_by_byte_past_any_read_timeout(live: Api) -> None:
    live.fault("drip", interval=0.005)
    begun = time.monotonic()
    with live.http.stream("GET", "/clients/7", timeout=1.5) as answer:
        pieces = [len(piece) for piece in answer.iter_raw()]
    assert time.monotonic() - begun > 1.5
    assert sum(pieces) == int(answer.headers["Content-Length"])
    assert len(pieces) > 100


@pytest.mark.parametrize(("kind", "applies"), [("reset_before", False), ("reset_after", True)])
@pytest.mark.parametrize(("close", "error"), [(False, httpx.ReadError), (True, httpx.RemoteProtocolError)])
def test_a_reset_before_or_after_applying(
    live: Api, kind: str, applies: bool, close: bool, error: type[Exception]
) -> None:
    live.fault(kind, close=close)
    with pytest.raises(error):
        create(live)
    assert created(live) is applies
    [entry] = live.arrived()
    assert (entry["status"], entry["fault"], entry["applied"]) == (None, kind, applies)


def test_a_cut_body_with_its_length_is_a_protocol_error(live: Api) -> None:
    live.fault("cut")
    with pytest.raises(httpx.RemoteProtocolError):
        create(live)
    assert created(live)


def test_a_cut_body_without_a_length_is_a_200_with_bad_json(live: Api) -> None:
    live.fault("cut", keep_length=False, bytes=10)
    answer = live("GET", "/clients/7")
    assert answer.status_code == 200
    assert "Content-Length" not in answer.headers
    assert len(answer.content) == 10


def test_a_kept_alive_connection_closed_unannounced(live: Api) -> None:
    live.fault("close_after")
    answer = live("GET", "/clients/7")
    assert (answer.status_code, answer.headers.get("Connection")) == (200, None)
    assert answer.json()["id"] == 7


@pytest.mark.parametrize(("given", "status"), [({}, 502), ({"status": 200}, 200)])
def test_an_html_page(live: Api, given: dict[str, int], status: int) -> None:
    live.fault("html", **given)
    answer = create(live)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert answer.text.startswith("<!doctype html>")
    assert created(live)


def test_a_wrong_content_type_and_charset(live: Api) -> None:
    live.fault("wrong_type")
    answer = live("GET", "/clients/7")
    assert (answer.headers["Content-Type"], answer.json()["id"]) == ("text/plain; charset=utf-8", 7)
    live.fault("wrong_type", content_type="application/json; charset=utf-8", encoding="utf-16")
    answer = live("GET", "/clients/7")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.content.decode("utf-16").startswith('{"id":7')


def test_an_empty_body(live: Api) -> None:
    live.fault("empty")
    answer = create(live)
    assert (answer.status_code, answer.content) == (201, b"")
    assert created(live)


def test_a_gzip_bomb_is_small_on_the_wire(live: Api) -> None:
    live.fault("gzip_bomb", megabytes=20)
    with live.http.stream("GET", "/clients/7") as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        packed = unpacked = 0
        for piece in answer.iter_bytes():
            unpacked += len(piece)
            packed = answer.num_bytes_downloaded
    assert unpacked == 20_000_002
    assert packed < 50_000


@pytest.mark.parametrize(
    ("given", "text"),
    [({}, "null"), ({"body": [1, "x"]}, '[1, "x"]'), ({"text": '{"id": 7, "na'}, '{"id": 7, "na')],
)
def test_wrong_json(live: Api, given: dict[str, Any], text: str) -> None:
    live.fault("wrong_json", **given)
    assert live("GET", "/clients/7").text == text


def test_an_answer_with_keys_added_changed_and_left_out(live: Api) -> None:
    live.fault("merge", body={"title": "Dr", "city": "Elsewhere"}, omit=["mobile", "state"])
    shown = live("GET", "/clients/7").json()
    known = live.client(7)
    assert set(shown) == {*known, "title"} - {"mobile", "state"}
    assert (shown["title"], shown["city"]) == ("Dr", "Elsewhere")


@pytest.mark.parametrize("value", ["nan", "-5", "3300", "99999999999", "soon"])
def test_headers_replaced(live: Api, value: str) -> None:
    live.fault("headers", headers={"X-RateLimit-Reset": value, "Date": "Thu, 01 Jan 2015 00:00:00 GMT"})
    answer = live("GET", "/clients/7")
    assert answer.headers.get_list("X-RateLimit-Reset") == [value]
    assert answer.headers.get_list("Date") == ["Thu, 01 Jan 2015 00:00:00 GMT"]


def test_headers_removed_from_any_kind(live: Api) -> None:
    live.fault("status", status=429, headers={"X-RateLimit-Reset": None, "Date": None})
    answer = live("GET", "/clients/7")
    assert answer.status_code == 429
    assert not {"x-ratelimit-reset", "date"} & set(answer.headers)


def test_only_matching_calls_meet_it_and_only_so_often(live: Api) -> None:
    live.fault("status", method="put", path="/v1/clients/7$", times=2)
    calls = [("GET", "/clients/7"), ("PUT", "/clients/70"), *[("PUT", "/clients/7")] * 3]
    assert [live(method, path, {"city": "Boston"}).status_code for method, path in calls] == [
        200,
        200,
        500,
        500,
        200,
    ]


def test_some_calls_can_pass_first(live: Api) -> None:
    live.fault("status", skip=2, status=503)
    assert [live("GET", "/clients/7").status_code for _ in range(4)] == [200, 200, 503, 200]


def test_faults_queue_and_can_be_seen_and_cleared(live: Api) -> None:
    live.fault("status", status=503, times=None)
    live.fault("html")
    assert [live("GET", "/clients/7").status_code for _ in range(3)] == [503, 503, 503]
    waiting = live.control("GET", "/faults")["faults"]
    assert [(fault["kind"], fault["times"]) for fault in waiting] == [("status", None), ("html", 1)]
    live.control("DELETE", "/faults")
    assert live("GET", "/clients/7").status_code == 200


def test_a_call_with_a_wrong_key_does_not_use_a_fault_up(live: Api) -> None:
    live.fault("status", status=503)
    refused(live("GET", "/clients/7", headers={"X-API-KEY": "wrong"}), 401)
    refused(live("GET", "/clients/7"), 503)


def test_two_faults_serve_two_callers() -> None:
    faults = Faults()
    faults.add(Fault(kind="html", method="GET"))
    faults.add(Fault(kind="empty"))
    taken = [
        faults.take("POST", "/v1/clients"),
        faults.take("GET", "/v1/clients/1"),
        faults.take("GET", "/v1/x"),
    ]
    assert [fault.kind if fault else None for fault in taken] == ["empty", "html", None]
