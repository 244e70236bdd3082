"""Sockets that know when the whole exchange has to be over.

httpx's timeouts are per socket operation: a server that sends a byte now and then, in the head of an
answer or in its body, keeps such a timeout from ever running out. Here each operation gets what is
left of the exchange's deadline, so that the exchange ends when it has to, wherever it is. The name
look-up, which has no timeout of its own, is waited for no longer than that either.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore


class NameNotResolved(httpcore.ConnectError):
    """No address for the name. A class of its own, because the pool drops the cause of an error."""


_deadline: ContextVar[float | None] = ContextVar("kayse_api_deadline", default=None)

# What getaddrinfo returns, cut to what a connect needs.
_Address = tuple[socket.AddressFamily, Any]


@contextmanager
def ends_by(deadline: float) -> Iterator[None]:
    """Everything that this thread does on a `DeadlineBackend` ends by `deadline` (time.monotonic)."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(timeout: float | None) -> float:
    """Seconds that an operation may take: its own timeout, but no more than is left of the whole.

    Raises:
        TimeoutError: nothing is left.
    """
    deadline = _deadline.get()
    limits = [timeout, None if deadline is None else deadline - time.monotonic()]
    seconds = min((limit for limit in limits if limit is not None), default=None)
    if seconds is None:
        raise RuntimeError("a network operation without any time limit")
    if seconds <= 0:
        raise TimeoutError
    return seconds


@contextmanager
def _raising(on_timeout: type[Exception], on_error: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise on_timeout(str(error)) from error
    except socket.gaierror as error:
        raise NameNotResolved(str(error)) from error
    except OSError as error:
        raise on_error(str(error)) from error


class DeadlineStream(httpcore.NetworkStream):
    """A connected socket, plain or TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _raising(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(_left(timeout))
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        with _raising(httpcore.WriteTimeout, httpcore.WriteError):
            while rest:
                self._socket.settimeout(_left(timeout))
                rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                # The timeout holds for the handshake as a whole.
                self._socket.settimeout(_left(timeout))
                return DeadlineStream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
            except BaseException:
                self.close()
                raise

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket):
            return self._socket
        if info == "is_readable":
            return _readable(self._socket)
        return None


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens `DeadlineStream`s for an httpcore pool."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
            started = time.monotonic()
            patience = _left(timeout)
            failure: OSError | None = None
            for family, address in _resolve(host, port, patience):
                try:
                    return DeadlineStream(_connect(family, address, started + patience - time.monotonic()))
                except OSError as error:
                    failure = error
            raise failure or OSError("the name has no address")


def _connect(family: socket.AddressFamily, address: Any, seconds: float) -> socket.socket:
    if seconds <= 0:
        raise TimeoutError
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _resolve(host: str, port: int, seconds: float) -> list[_Address]:
    """The addresses of `host`, looked up beside this thread: getaddrinfo can take half a minute."""
    answer: queue.SimpleQueue[list[_Address] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else socket.gaierror(str(error)))
        else:
            answer.put([(family, address) for family, _, _, _, address in found])

    threading.Thread(target=look_up, daemon=True, name="kayse-dns").start()
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        raise socket.gaierror(socket.EAI_AGAIN, "the name look-up took too long") from None
    if isinstance(found, OSError):
        raise found
    return found


def _readable(sock: socket.socket) -> bool:
    """Whether a read would return at once: on an idle connection, that the other side has closed it."""
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
