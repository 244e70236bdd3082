"""A socket server that misbehaves on purpose, and remembers what arrived.

A script is a list of acts. Each connection, and each further request on a kept one, takes the next act;
the last act is repeated. An act gets a `Talk` and does what it likes with the socket; it returns KEEP to
let the connection wait for another request.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

KEEP = True


@dataclass(frozen=True)
class Arrived:
    """A request that was read whole."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Gone(Exception):
    """The other side has closed."""


@dataclass
class Talk:
    """One connection, as an act sees it."""

    socket: socket.socket
    number: int
    server: ScriptedServer
    buffer: bytes = b""

    def read(self) -> Arrived:
        """One whole request, remembered."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        arrived = Arrived(method, target, headers, body, self.number)
        self.server.requests.append(arrived)
        return arrived

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise Gone
        self.buffer += data

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, every: float) -> None:
        """One byte after the other until the other side goes or the server stops."""
        for index in range(len(data)):
            self.send(data[index : index + 1])
            if self.wait(every):
                return

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the other side goes or the server stops (True), at most `seconds`."""
        readable, _, _ = select.select([self.socket, self.server.stopping], [], [], seconds)
        return bool(readable)

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Act = Callable[[Talk], bool | None]


@dataclass
class ScriptedServer:
    """Where it listens, what is left of its script, and what arrived."""

    listener: socket.socket
    stopping: socket.socket
    script: list[Act]
    requests: list[Arrived] = field(default_factory=list)
    connections: int = 0
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.listener.getsockname()
        return host, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.address[1]}/v1"

    def count(self, method: str) -> int:
        return sum(1 for request in self.requests if request.method == method)

    def next_act(self) -> Act:
        with self.lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def accept(self, number: int, sock: socket.socket) -> None:
        talk = Talk(sock, number, self)
        try:
            with sock:
                while self.next_act()(talk) is KEEP and not talk.buffer:
                    # The next act starts only when something arrives, or it would run before its request.
                    if talk.wait() and not _has_data(sock):
                        return
        except (Gone, OSError):
            return
        except Exception as error:
            self.failures.append(repr(error))
            raise

    def serve(self) -> None:
        threads = []
        while True:
            readable, _, _ = select.select([self.listener, self.stopping], [], [])
            if self.stopping in readable:
                break
            sock, _ = self.listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threads.append(threading.Thread(target=self.accept, args=(self.connections, sock), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(5)


def _has_data(sock: socket.socket) -> bool:
    readable, _, _ = select.select([sock], [], [], 0)
    return bool(readable) and bool(sock.recv(1, socket.MSG_PEEK))


@contextmanager
def scripted(*script: Act, listener: socket.socket | None = None) -> Iterator[ScriptedServer]:
    """A server that plays `script`; every thread of it ends with the block."""
    with listener or socket.create_server(("127.0.0.1", 0)) as listener:
        stopped, stop = socket.socketpair()
        server = ScriptedServer(listener, stopped, list(script))
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            stop.close()
            thread.join(10)
            stopped.close()
        assert not server.failures


# --- answers -----------------------------------------------------------------------------------------


def http(
    body: bytes = b"{}",
    status: int = 200,
    *,
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> bytes:
    """The bytes of an answer; `length` lies about the body's."""
    lines = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body) if length is None else length),
    }
    lines |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + body


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    return http(json.dumps(value).encode(), status, headers=headers)


# --- acts --------------------------------------------------------------------------------------------


def answer(data: bytes) -> Act:
    """Read the request, answer with these bytes, keep the connection."""

    def act(talk: Talk) -> bool:
        talk.read()
        talk.send(data)
        return KEEP

    return act


def answer_and_close(data: bytes) -> Act:
    """Read the request, answer with these bytes, close."""

    def act(talk: Talk) -> None:
        talk.read()
        talk.send(data)

    return act


def says(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Act:
    return answer(as_json(value, status, headers))


def never_answer(talk: Talk) -> None:
    """Read the request and fall silent."""
    talk.read()
    talk.wait()


def say_nothing(talk: Talk) -> None:
    """Accept and do nothing at all until the server stops."""
    select.select([talk.server.stopping], [], [])


def close_before_reading(talk: Talk) -> None:
    """Close as soon as something arrives, without having read it."""
    talk.wait()


def close_after_reading(talk: Talk) -> None:
    talk.read()


def reset_after_reading(talk: Talk) -> None:
    talk.read()
    talk.reset()


def drip(data: bytes, every: float = 0.03, at_once: int = 0) -> Act:
    """Read the request, send the first `at_once` bytes together and the rest a byte at a time."""

    def act(talk: Talk) -> None:
        talk.read()
        talk.send(data[:at_once])
        talk.drip(data[at_once:], every)

    return act


def answer_then_close_on_next(data: bytes) -> Act:
    """Answer, keep the connection, and close it unread in the moment in which the next request arrives."""

    def act(talk: Talk) -> None:
        talk.read()
        talk.send(data)
        talk.wait()

    return act
