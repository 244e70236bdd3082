"""The sandbox over a real socket: HTTP/1.1 with kept-alive connections, one thread a connection.

Werkzeug's own request handler closes every connection after one answer; this one reads each request whole
before it is answered and so can keep the connection, like the service that it stands in for.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .app import create_app
from .config import Config
from .schema import MAX_BODY
from .state import Sandbox
from .store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Started = tuple[str, list[tuple[str, str]]]  # what an app says when it starts to answer

IDLE_SECONDS = 120
DRAIN_BYTES = 256_000_000


class Handler(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer goes out in two writes; the second must not wait for an ACK
    timeout = IDLE_SECONDS

    def run_wsgi(self) -> None:
        """Read one request, call the app, send the answer."""
        environ = self.make_environ()
        try:
            unread = self._read_body(environ)
            self._answer(environ)
            if unread:
                self._drain(unread)
        except (OSError, ConnectionError):
            self.close_connection = True

    def _read_body(self, environ: WSGIEnvironment) -> int:
        """Put the body into memory so that the connection stands at the next request; returns what was left
        unread because it is larger than the app takes."""
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isascii() or not length.isdigit():
            self.close_connection = True
            environ.update({"CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO()})
            return 0
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read(MAX_BODY + 1)
            self.close_connection = self.close_connection or len(body) > MAX_BODY
            environ["CONTENT_LENGTH"] = str(len(body))
        elif int(length) > MAX_BODY:
            self.close_connection = True
            return int(length)
        else:
            body = self.rfile.read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
        return 0

    def _answer(self, environ: WSGIEnvironment) -> None:
        started: list[Started] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]
            return self.wfile.write

        body = self.server.app(environ, start_response)
        try:
            self._send(environ, started, iter(body))
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _send(self, environ: WSGIEnvironment, started: list[Started], body: Iterator[bytes]) -> None:
        first = next(body, b"")  # nothing leaves before the body's first piece: a fault may prevent it
        status, headers = started[0]
        code, _, reason = status.partition(" ")
        names = {name.lower(): value.lower() for name, value in headers}
        bodiless = environ["REQUEST_METHOD"] == "HEAD" or code in ("204", "304")
        until_close = names.get("connection") == "close"
        chunked = not (bodiless or until_close or "content-length" in names)
        self.send_response_only(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection and not until_close:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless:
            self._send_body(first, body, chunked=chunked)

    def _send_body(self, first: bytes, rest: Iterable[bytes], *, chunked: bool) -> None:
        self._piece(first, chunked=chunked)
        for piece in rest:
            self._piece(piece, chunked=chunked)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _piece(self, piece: bytes, *, chunked: bool) -> None:
        if piece:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    def _drain(self, unread: int) -> None:
        """Swallow an oversize body, within reason, so that its sender gets to read the refusal."""
        left = min(unread, DRAIN_BYTES)
        while left > 0 and (piece := self.rfile.read(min(left, 1_000_000))):
            left -= len(piece)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The journal tells what arrived; a line for each request would drown what matters."""


class Server(ThreadedWSGIServer):
    """A threaded server that can let go of its callers at once."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(host, port, app, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection: in the orderly way, or with RST when a fault asked for it."""
        with self._lock:
            self._open.discard(request)
        try:
            lingers = any(request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
        except OSError:
            lingers = False
        if lingers:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def drop_connections(self) -> None:
        """Hang up on everybody, as a process that ends does."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone already


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that serves: ``base`` is its root, ``url`` the API's base URL (…/v1)."""

    base: str
    app: Flask
    sandbox: Sandbox

    @property
    def url(self) -> str:
        """The API's base URL."""
        return f"{self.base}/v1"

    @property
    def store(self) -> Store:
        """The sandbox's store."""
        return self.sandbox.store


@contextmanager
def running(config: Config | None = None, port: int = 0) -> Iterator[Running]:
    """Serve a sandbox on 127.0.0.1 from a thread while the block runs; port 0 takes a free one."""
    app = create_app(config)
    server = Server("127.0.0.1", port, app)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    sandbox: Sandbox = app.extensions["sandbox"]
    try:
        yield Running(f"http://127.0.0.1:{server.port}", app, sandbox)
    finally:
        server.shutdown()
        server.drop_connections()
        thread.join()
        sandbox.store.close()
