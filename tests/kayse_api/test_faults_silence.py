"""Servers that never answer, or that answer for ever: faults 1 and 2. Each call ends by its deadline."""

from __future__ import annotations

import httpx
import pytest

from kayse_admin.kayse_api import Applied, KayseClient, KayseConfig, Rejected, Unknown, UnknownReason
from tests.kayse_api.conftest import MakeClient
from tests.kayse_api.scripted_server import Act, as_json, drip, http, never_answer, say_nothing, scripted
from tests.kayse_api.support import KEY, NEW_CLIENT, Notebook, lasting_at_most

DEADLINE = 0.6
# Head and body have some 75 bytes each: at 0.03 s a byte, either takes more than three times the deadline.
ANSWER = as_json({"id": 7, "first_name": "Ada", "city": "Llanfairpwllgwyngyllgogerychwyrndrobwll"})
HEAD = ANSWER.index(b"\r\n\r\n") + 4

SLOW: dict[str, Act] = {
    "never answers": never_answer,
    "drips the head": drip(ANSWER),
    "drips the body": drip(ANSWER, at_once=HEAD),
    "stops in mid-head": drip(ANSWER, every=60, at_once=20),
    "stops in mid-body": drip(ANSWER, every=60, at_once=HEAD + 5),
    "drips informational answers": drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20, every=0.02),
    "drips an endless chunk": drip(
        http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"}) + b"1\r\n \r\n" * 60
    ),
    "drips gzip": drip(
        http(b"\x1f\x8b\x08" + b"\0" * 90, headers={"Content-Encoding": "gzip"}), at_once=HEAD
    ),
}


@pytest.mark.parametrize("act", SLOW.values(), ids=SLOW.keys())
def test_a_write_is_cut_at_the_deadline_and_never_sent_again(act: Act, connect: MakeClient) -> None:
    gate = Notebook()
    with scripted(act) as server, lasting_at_most(DEADLINE + 1):
        outcome = connect(server.url, deadline=DEADLINE, gate=gate).clients.create(NEW_CLIENT)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.requests, outcome.write) == (UnknownReason.DEADLINE, 1, True)
    assert outcome.duration_ms >= DEADLINE * 1000
    assert server.count("POST") == 1
    assert [failure for _, _, failure in gate.notes] == ["deadline"]


@pytest.mark.parametrize("act", SLOW.values(), ids=SLOW.keys())
def test_a_read_is_cut_at_the_deadline(act: Act, connect: MakeClient) -> None:
    with scripted(act) as server, lasting_at_most(DEADLINE + 1):
        outcome = connect(server.url, deadline=DEADLINE).clients.get(7)
    assert isinstance(outcome, Unknown)
    assert not outcome.write
    assert server.count("GET") == 1


def test_a_silent_connection_does_not_cost_a_read_its_whole_deadline(connect: MakeClient) -> None:
    gate = Notebook()
    with scripted(never_answer, drip(ANSWER, every=0, at_once=HEAD)) as server, lasting_at_most(10):
        outcome = connect(server.url, deadline=20, read_silence=1, gate=gate).clients.get(7)
    assert isinstance(outcome, Applied)
    assert outcome.requests == server.count("GET") == 2
    assert [failure for _, _, failure in gate.notes] == ["timeout", None]


def test_the_status_of_a_dripped_body_is_told(connect: MakeClient) -> None:
    with scripted(drip(ANSWER, at_once=HEAD)) as server:
        outcome = connect(server.url, deadline=DEADLINE).clients.create(NEW_CLIENT)
    assert isinstance(outcome, Unknown)
    assert outcome.status == 200


def test_a_refusal_counts_although_its_words_never_end(connect: MakeClient) -> None:
    refusal = as_json({"error": "bad_request", "message": "no"}, 400)
    with (
        scripted(drip(refusal, at_once=refusal.index(b"\r\n\r\n") + 4)) as server,
        lasting_at_most(DEADLINE + 1),
    ):
        outcome = connect(server.url, deadline=DEADLINE).clients.create(NEW_CLIENT)
    assert isinstance(outcome, Rejected)
    assert (outcome.status, outcome.code, outcome.message) == (400, "", "")


def test_a_server_that_takes_the_request_too_slowly_is_cut_too(connect: MakeClient) -> None:
    """A body larger than the socket's buffers, and nobody who reads it."""
    with scripted(say_nothing) as server, lasting_at_most(DEADLINE + 1):
        outcome = connect(server.url, deadline=DEADLINE).clients.create({"first_name": "x" * 8_000_000})
    assert isinstance(outcome, Unknown)
    assert outcome.reason is UnknownReason.DEADLINE


def test_the_deadline_of_a_gated_client_replaces_the_configured_one(connect: MakeClient) -> None:
    with scripted(never_answer) as server, lasting_at_most(DEADLINE + 1):
        client = connect(server.url, deadline=30).with_gate(Notebook(), deadline=DEADLINE)
        outcome = client.clients.delete(7)
    assert isinstance(outcome, Unknown)
    assert server.count("DELETE") == 1


def test_bulk_calls_of_one_row_have_the_deadline_of_a_person(connect: MakeClient) -> None:
    with scripted(never_answer) as server:
        config = KayseConfig(server.url, KEY, person_deadline=0.3, bulk_deadline=1.5)
        with KayseClient(config) as client:
            one = client.case_lists.bulk_upsert([{"id": 1, "name": "A"}])
            two = client.case_lists.bulk_upsert([{"name": "A"}, {"name": "B"}])
    assert 300 <= one.duration_ms < 1500 <= two.duration_ms


@pytest.mark.parametrize("where", ["drips the head", "drips the body"])
def test_control_without_our_sockets_a_drip_outlives_the_deadline(where: str, connect: MakeClient) -> None:
    """httpx alone, with the same timeouts: each byte starts its clock again."""
    with scripted(SLOW[where]) as server:
        transport = httpx.HTTPTransport(trust_env=False)
        outcome = connect(server.url, deadline=DEADLINE, transport=transport).clients.create(NEW_CLIENT)
    assert outcome.duration_ms > (DEADLINE + 1) * 1000
