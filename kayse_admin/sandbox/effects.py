"""What each kind of fault does to an answer.

An effect takes the answer that would have been sent and gives the one that is. Network effects are answers
whose body misbehaves while the server sends it: nothing, not even the status line, leaves before the body's
first byte, and a ``ConnectionError`` raised from the body ends the connection.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator

from flask import Response

from .errors import error_body
from .faults import Fault

Effect = Callable[[Fault, Response, socket.socket | None], Response]

HTML = "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"
SENTENCES = {
    401: "The API key is missing or wrong.",
    404: "There is no such record.",
    429: "The hourly limit is used up.",
    500: "Something went wrong on our side.",
    503: "The service is not available at the moment.",
}
MEGABYTE = 1_000_000


def spoil(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Apply a fault to an answer; ``connection`` is None when the app is called without a server."""
    response = EFFECTS[fault.kind](fault, response, connection)
    if fault.status is not None:
        response.status_code = fault.status
    for name, value in fault.headers.items():
        response.headers.pop(name, None)
        if value is not None:
            response.headers[name] = value
    return response


def _status(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    status = fault.status or 500
    message = fault.message or SENTENCES.get(status, "The request could not be answered.")
    if status == 429:
        response.headers["X-RateLimit-Remaining"] = "0"
    return _json(response, error_body(status, message), status)


def _delay(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Answer properly after ``seconds``."""

    def body(whole: bytes) -> Iterator[bytes]:
        _wait_or_gone(connection, fault.seconds)
        yield whole

    return _body(response, body(response.get_data()), keep_length=True)


def _hang(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Send the first ``bytes`` (default none), then nothing until the caller goes or ``seconds`` are over."""

    def body(whole: bytes) -> Iterator[bytes]:
        if fault.bytes:
            yield whole[: fault.bytes]
        _wait_or_gone(connection, fault.seconds)
        raise ConnectionAbortedError

    return _body(response, body(response.get_data()), keep_length=True)


def _drip(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Send one byte every ``interval`` seconds."""

    def body(whole: bytes) -> Iterator[bytes]:
        for at in range(len(whole)):
            yield whole[at : at + 1]
            _wait_or_gone(connection, fault.interval)

    return _body(response, body(response.get_data()), keep_length=True)


def _reset(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Reset the connection without an answer; with ``close`` end it in the orderly way."""

    def body() -> Iterator[bytes]:
        if connection is not None and not fault.close:
            # Lingering for zero seconds makes the kernel send RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        yield from _gone()

    return _body(response, body(), keep_length=False)


def _cut(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Send the first ``bytes`` (default half) and close; without ``keep_length`` the end looks regular."""

    def body(whole: bytes) -> Iterator[bytes]:
        yield whole[: len(whole) // 2 if fault.bytes is None else fault.bytes]
        raise ConnectionAbortedError

    whole = response.get_data()
    response = _body(response, body(whole), keep_length=fault.keep_length)
    if not fault.keep_length:
        response.headers["Connection"] = "close"
    return response


def _close_after(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """Answer properly, then close the kept-alive connection unannounced."""

    def body(whole: bytes) -> Iterator[bytes]:
        yield whole
        raise ConnectionAbortedError

    return _body(response, body(response.get_data()), keep_length=True)


def _html(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """A proxy's error page, 502 unless ``status`` says otherwise."""
    response.set_data(fault.text or HTML)
    response.content_type = "text/html; charset=utf-8"
    response.status_code = 502
    return response


def _wrong_type(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """The right body under ``content_type``, written in ``encoding``."""
    response.set_data(response.get_data(as_text=True).encode(fault.encoding))
    response.content_type = fault.content_type
    return response


def _empty(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    response.set_data(b"")
    return response


def _gzip_bomb(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """A small gzip body that unpacks to ``megabytes`` of JSON."""

    def body() -> Iterator[bytes]:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        yield packer.compress(b'"')
        block = b"0" * MEGABYTE
        for _ in range(fault.megabytes):
            yield packer.compress(block)
        yield packer.compress(b'"') + packer.flush()

    response = _body(response, body(), keep_length=False)
    response.headers["Content-Encoding"] = "gzip"
    return response


def _wrong_json(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """``body`` as JSON, or ``text`` as it stands, in place of the answer."""
    response.set_data(json.dumps(fault.body) if fault.text is None else fault.text)
    return response


def _merge(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """The right answer with the keys of ``body`` added or changed and those in ``omit`` left out."""
    answer = response.get_json(silent=True)
    if isinstance(answer, dict):
        changed = answer | (fault.body if isinstance(fault.body, dict) else {})
        kept = {key: value for key, value in changed.items() if key not in fault.omit}
        response.set_data(json.dumps(kept))
    return response


def _headers(fault: Fault, response: Response, connection: socket.socket | None) -> Response:
    """The right answer; ``headers`` (for any kind) replaces headers, or with null removes them."""
    return response


EFFECTS: dict[str, Effect] = {
    "status": _status,
    "delay": _delay,
    "hang": _hang,
    "drip": _drip,
    "reset_before": _reset,
    "reset_after": _reset,
    "cut": _cut,
    "close_after": _close_after,
    "html": _html,
    "wrong_type": _wrong_type,
    "empty": _empty,
    "gzip_bomb": _gzip_bomb,
    "wrong_json": _wrong_json,
    "merge": _merge,
    "headers": _headers,
}


def _json(response: Response, body: dict[str, str], status: int) -> Response:
    response.set_data(json.dumps(body))
    response.content_type = "application/json"
    response.status_code = status
    return response


def _body(response: Response, body: Iterable[bytes], *, keep_length: bool) -> Response:
    length = response.headers.get("Content-Length")
    response.response = body
    response.headers.pop("Content-Length", None)
    if keep_length and length is not None:
        response.headers["Content-Length"] = length
    return response


def _gone() -> Iterator[bytes]:
    raise ConnectionResetError


def _wait_or_gone(connection: socket.socket | None, seconds: float) -> None:
    """Wait, but no longer than the caller stays on the line."""
    if connection is None:
        time.sleep(seconds)
        return
    readable, _, _ = select.select([connection], [], [], seconds)
    if readable and not connection.recv(1, socket.MSG_PEEK):
        raise ConnectionAbortedError
    if readable:  # the caller has sent its next request already: it is still there
        time.sleep(seconds)
