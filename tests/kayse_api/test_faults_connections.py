"""Connections that break: faults 3, 4 and 5. Each test counts what arrived."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from kayse_admin.kayse_api import (
    Applied,
    KayseClient,
    KayseConfig,
    NotSent,
    NotSentReason,
    Outcome,
    Unknown,
    UnknownReason,
)
from kayse_admin.kayse_api.errors import NoUsableAnswer
from kayse_admin.kayse_api.exchange import Pacing
from kayse_admin.kayse_api.transport import Wire
from tests.kayse_api.conftest import MakeClient
from tests.kayse_api.scripted_server import (
    Act,
    answer,
    answer_and_close,
    answer_then_close_on_next,
    as_json,
    close_after_reading,
    close_before_reading,
    http,
    never_answer,
    reset_after_reading,
    say_nothing,
    says,
    scripted,
)
from tests.kayse_api.support import KEY, NEW_CLIENT, Notebook, Pauses, lasting_at_most, value_of

ADA = {"id": 7, "first_name": "Ada"}

BREAKS: dict[str, Act] = {
    "closed before reading": close_before_reading,
    "closed after reading": close_after_reading,
    "reset after reading": reset_after_reading,
    "closed in mid-head": answer_and_close(as_json(ADA)[:30]),
    "closed in mid-body": answer_and_close(as_json(ADA)[:-3]),
    "chunks cut off": answer_and_close(
        http(b"", headers={"Content-Length": "", "Transfer-Encoding": "chunked"}) + b'8\r\n{"id": 7'
    ),
    "a length that is a lie": answer_and_close(http(b'{"id": 7}', length=400)),
    "a length that is no number": answer_and_close(http(b'{"id": 7}', headers={"Content-Length": "many"})),
    "not HTTP": answer_and_close(b"220 mail.example.com ESMTP\r\n"),
    "an endless header": answer_and_close(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000),
}


class TestBrokenOff:
    @pytest.mark.parametrize("act", BREAKS.values(), ids=BREAKS.keys())
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_a_write_is_unknown_and_is_never_sent_again(
        self, act: Act, method: str, connect: MakeClient
    ) -> None:
        with scripted(act) as server:
            client = connect(server.url)
            calls: dict[str, Callable[[], Outcome[Any]]] = {
                "POST": lambda: client.clients.create(NEW_CLIENT),
                "PUT": lambda: client.clients.update(7, {"city": "Rome"}),
                "DELETE": lambda: client.clients.delete(7),
                "PATCH": lambda: client.case_lists.attach(7, include_ids=[1]),
            }
            outcome = calls[method]()
        assert isinstance(outcome, Unknown)
        assert (outcome.reason, outcome.requests) == (UnknownReason.RESET, 1)
        assert server.connections == 1

    @pytest.mark.parametrize("act", BREAKS.values(), ids=BREAKS.keys())
    def test_a_read_is_tried_three_times(self, act: Act, connect: MakeClient) -> None:
        gate, pauses = Notebook(), Pauses()
        with scripted(act) as server:
            outcome = connect(server.url, gate=gate, pauses=pauses).clients.get(7)
        assert isinstance(outcome, Unknown)
        assert (outcome.reason, outcome.requests, outcome.write) == (UnknownReason.RESET, 3, False)
        assert server.connections == len(gate.asked) == len(gate.notes) == 3
        assert [info.attempt for info in gate.asked] == [1, 2, 3]
        assert pauses.taken == [0.25, 0.5]

    @pytest.mark.parametrize("act", BREAKS.values(), ids=BREAKS.keys())
    def test_a_read_takes_the_first_good_answer(self, act: Act, connect: MakeClient) -> None:
        with scripted(act, says(ADA)) as server:
            outcome = connect(server.url).clients.get(7)
        assert isinstance(outcome, Applied)
        assert outcome.requests == server.connections == 2

    def test_a_gate_that_denies_the_second_try_ends_it(self, connect: MakeClient) -> None:
        gate = Notebook(denials=[None, NotSent(NotSentReason.BUDGET)])
        with scripted(close_after_reading) as server:
            outcome = connect(server.url, gate=gate).clients.get(7)
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (NotSentReason.BUDGET, 1)
        assert server.count("GET") == 1

    def test_no_try_starts_after_the_deadline(self, connect: MakeClient) -> None:
        """The pause before the second try would end too late, so it is not even begun."""
        with scripted(close_after_reading) as server, lasting_at_most(1):
            outcome = connect(server.url, deadline=0.2, pauses=Pauses()).clients.get(7)
        assert outcome.requests == server.count("GET") == 1


class TestKeptConnections:
    def test_reads_share_a_connection_and_writes_do_not(self, connect: MakeClient) -> None:
        with scripted(says(ADA)) as server:
            client = connect(server.url)
            for _ in range(2):
                value_of(client.clients.get(7))
                value_of(client.clients.update(7, {"first_name": "Ada"}))
                value_of(client.with_gate(Notebook()).clients.get(7))
        used = {
            method: [r.connection for r in server.requests if r.method == method] for method in ("GET", "PUT")
        }
        assert used["GET"] == [1, 1, 1, 1]
        assert used["PUT"] == [2, 3]

    def test_a_write_is_not_lost_to_a_kept_connection_that_closes(self, connect: MakeClient) -> None:
        """20 times: read, and write in the moment in which the kept connection goes away."""
        applied = 0
        for _ in range(20):
            with scripted(answer_then_close_on_next(as_json(ADA)), says(ADA)) as server:
                client = connect(server.url)
                value_of(client.clients.get(7))
                applied += isinstance(client.clients.create(NEW_CLIENT), Applied)
                assert server.count("POST") == 1
        assert applied == 20

    def test_control_a_write_on_the_kept_connection_is_lost(self) -> None:
        """The same, but with the write on a kept connection: nobody read it, and nobody can know that."""
        with scripted(answer_then_close_on_next(as_json(ADA)), says(ADA)) as server:
            wire = Wire(KayseConfig(server.url, KEY))

            def send(method: str) -> Any:
                return wire.send(
                    method, "/clients", params={}, content=b"{}", fresh=False, deadline=time.monotonic() + 5
                )

            assert send("GET").status == 200
            with pytest.raises(NoUsableAnswer) as failure:
                send("POST")
            wire.close()
        assert failure.value.reason is UnknownReason.RESET
        assert server.count("POST") == 0

    def test_a_read_survives_it_on_a_new_connection(self, connect: MakeClient) -> None:
        with scripted(answer_then_close_on_next(as_json(ADA)), says(ADA)) as server:
            client = connect(server.url)
            value_of(client.clients.get(7))
            outcome = client.clients.get(7)
        assert isinstance(outcome, Applied)
        assert (outcome.requests, server.connections) == (2, 2)

    def test_unread_answers_do_not_fill_the_pool(self, connect: MakeClient) -> None:
        with scripted(answer(http(b"x" * 100_000, 500))) as server:
            client = connect(server.url, max_connections=1, pool_timeout=0.2)
            outcomes = [client.clients.create(NEW_CLIENT) for _ in range(3)] + [client.clients.get(7)]
        assert {outcome.result for outcome in outcomes} == {"unknown"}
        assert server.count("POST") == 3


@contextmanager
def nobody_picks_up() -> Iterator[str]:
    """An address whose queue of connections is full, so that a connect waits."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            assert caller.connect_ex(listener.getsockname()) == errno.EINPROGRESS
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


class TestNeverSent:
    def test_refused(self, connect: MakeClient) -> None:
        gate = Notebook()
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            outcome = connect(f"http://127.0.0.1:{closed.getsockname()[1]}/v1", gate=gate).clients.create(
                NEW_CLIENT
            )
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (NotSentReason.REFUSED, 3)
        assert [(answer, failure) for _, answer, failure in gate.notes] == [(None, "refused")] * 3

    def test_refused_at_first_and_one_create_in_the_end(self) -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        with ExitStack() as stack:
            begun = []

            def open_up(_: float) -> None:
                listener.listen()
                begun.append(stack.enter_context(scripted(says(ADA), listener=listener)))

            config = KayseConfig(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", KEY)
            with KayseClient(config, pacing=Pacing(sleep=open_up, fraction=lambda: 0.0)) as client:
                outcome = client.clients.create(NEW_CLIENT)
            assert isinstance(outcome, Applied)
            assert outcome.requests == 2
            assert begun[0].count("POST") == 1

    def test_a_name_that_nobody_knows(self, connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*args: Any, **options: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        outcome = connect("http://kayse.invalid/v1").clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (NotSentReason.DNS, 3)

    def test_a_name_look_up_that_hangs(self, connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        over = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: over.wait() and [])
        with lasting_at_most(1.4):
            outcome = connect("http://kayse.invalid/v1", deadline=0.4).clients.create(NEW_CLIENT)
        over.set()
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.DNS

    def test_a_name_with_two_addresses_of_which_one_works(
        self, connect: MakeClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with scripted(says(ADA)) as server, socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", at)
                for at in (closed.getsockname(), server.address)
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
            outcome = connect("http://kayse.invalid/v1").clients.create(NEW_CLIENT)
        assert isinstance(outcome, Applied)
        assert outcome.requests == server.count("POST") == 1

    def test_a_name_that_is_none(self, connect: MakeClient) -> None:
        outcome = connect(f"http://{'a' * 70}.invalid/v1").clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.DNS

    def test_connecting_takes_too_long(self, connect: MakeClient) -> None:
        with nobody_picks_up() as url, lasting_at_most(2):
            outcome = connect(url, connect_timeout=0.2).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (NotSentReason.CONNECT_TIMEOUT, 3)

    def test_connecting_ends_with_the_deadline(self, connect: MakeClient) -> None:
        with nobody_picks_up() as url, lasting_at_most(1.3):
            outcome = connect(url, deadline=0.3).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.CONNECT_TIMEOUT

    def test_all_connections_are_taken(self, connect: MakeClient) -> None:
        arrived = threading.Event()

        def hold(talk: Any) -> None:
            talk.read()
            arrived.set()
            talk.wait()

        with scripted(hold) as server:
            client = connect(server.url, deadline=1, max_connections=1, pool_timeout=0.1)
            other = threading.Thread(target=client.clients.create, args=(NEW_CLIENT,), daemon=True)
            other.start()
            assert arrived.wait(5)
            outcome = client.clients.create(NEW_CLIENT)
            assert server.count("POST") == 1
            other.join(5)
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (NotSentReason.POOL_FULL, 3)

    def test_no_time_is_left_when_the_gate_lets_it_pass(self, connect: MakeClient) -> None:
        class SlowGate(Notebook):
            def admit(self, request: Any) -> None:
                time.sleep(0.15)  # the gate's own slowness is what is tested

        gate = SlowGate()
        with scripted(says(ADA)) as server:
            outcome = connect(server.url, deadline=0.1, gate=gate).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.DEADLINE
        assert [failure for _, _, failure in gate.notes] == ["no_time"]
        assert server.connections == 0

    @pytest.mark.parametrize(
        "denial", [NotSent(NotSentReason.CIRCUIT_OPEN), NotSent(NotSentReason.KEY_REFUSED)]
    )
    def test_the_gate_denies(self, denial: NotSent, connect: MakeClient) -> None:
        gate = Notebook(denials=[denial])
        with scripted(says(ADA)) as server:
            outcome = connect(server.url, gate=gate).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (denial.reason, 0)
        assert server.connections == 0
        assert gate.notes == []


class TestTls:
    """The handshake belongs to connecting: whatever happens in it, no request has left."""

    def test_a_handshake_that_never_happens(self, connect: MakeClient) -> None:
        with scripted(say_nothing) as server, lasting_at_most(2):
            url = server.url.replace("http", "https")
            outcome = connect(url, connect_timeout=0.2).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.CONNECT_TIMEOUT

    def test_a_handshake_a_byte_at_a_time(self, connect: MakeClient) -> None:
        def act(talk: Any) -> None:
            talk.socket.recv(65536)
            talk.drip(b"\x16\x03\x03\x3f\xff" + b"\x02" * 100, 0.05)

        with scripted(act) as server, lasting_at_most(2.5):
            url = server.url.replace("http", "https")
            outcome = connect(url, connect_timeout=0.3).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.CONNECT_TIMEOUT

    @pytest.mark.parametrize("act", [close_before_reading, answer_and_close(b"")])
    def test_the_other_side_speaks_no_tls(self, act: Act, connect: MakeClient) -> None:
        with scripted(close_before_reading) as server:
            outcome = connect(server.url.replace("http", "https")).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert (outcome.reason, outcome.requests) == (NotSentReason.REFUSED, 3)

    def test_a_server_without_a_certificate_is_refused(self, connect: MakeClient) -> None:
        with scripted(over_tls(says(ADA))) as server:
            outcome = connect(server.url.replace("http", "https")).clients.create(NEW_CLIENT)
        assert isinstance(outcome, NotSent)
        assert outcome.reason is NotSentReason.REFUSED
        assert server.requests == []

    def test_answers_and_silence_over_tls(self, connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(httpx, "create_ssl_context", lambda **options: anonymous(ssl.PROTOCOL_TLS_CLIENT))
        keep = says(ADA)
        with scripted(over_tls(keep, keep, never_answer), over_tls(says(ADA))) as server, lasting_at_most(3):
            client = connect(server.url.replace("http", "https"), deadline=0.5)
            first, second, third = (client.clients.get(7) for _ in range(3))
            write = client.clients.create(NEW_CLIENT)
        assert [one.result for one in (first, second, third, write)] == [
            "applied",
            "applied",
            "unknown",
            "applied",
        ]
        assert [request.connection for request in server.requests] == [1, 1, 1, 2]


def anonymous(protocol: int) -> ssl.SSLContext:
    """TLS without certificates, so that the tests need none."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL@SECLEVEL=0")
    return context


def over_tls(*acts: Act) -> Act:
    """Plays acts, one after the other, inside TLS."""

    def act(talk: Any) -> None:
        talk.socket = anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(talk.socket, server_side=True)
        with talk.socket:
            for one in acts:
                one(talk)

    return act
