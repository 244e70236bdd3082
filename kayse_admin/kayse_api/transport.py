"""The wire: the only module that knows httpx.

- One httpx.Client, so one set of connections, for a process.
- Every write (POST, PUT, PATCH, DELETE) and every second try of a read goes out on a connection of
  its own, which is closed afterwards. A kept-alive connection may close in the moment in which a
  request goes out on it, and nobody can tell that from a server that died after doing the work; on a
  new connection that race does not exist. A first read may use a kept connection: it can be repeated.
- No redirects, no proxy or .netrc from the environment, no cookies.
- Bodies are read piece by piece under a cap, and decompressed here, because httpx decompresses a
  whole piece at once and 64 kB of gzip can hold 64 MB.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeAlias

import httpcore
import httpx

from kayse_admin.kayse_api.config import KayseConfig
from kayse_admin.kayse_api.errors import NeverSent, NoUsableAnswer
from kayse_admin.kayse_api.network import DeadlineBackend, NameNotResolved, ends_by
from kayse_admin.kayse_api.outcomes import NotSentReason, UnknownReason

logger = logging.getLogger(__name__)

HttpTransport: TypeAlias = httpx.BaseTransport

# An error's body is one sentence; more of it is not worth anybody's time.
_ERROR_BODY = 64_000
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose status line arrived. `trouble` says why `body` cannot be relied on, if so."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    trouble: NoUsableAnswer | None = None


class Wire:
    """Sends one request at a time; safe to share between threads."""

    def __init__(self, config: KayseConfig, transport: HttpTransport | None = None) -> None:
        self._config = config
        self._http = httpx.Client(
            base_url=config.base_url,
            transport=transport or Pools(config),
            headers={
                "X-API-KEY": config.api_key,
                "User-Agent": config.user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        content: bytes | None,
        fresh: bool,
        deadline: float,
    ) -> Answer:
        """One request, over by `deadline` (time.monotonic). `fresh`: on a connection of its own.

        Raises:
            NeverSent: not one byte left.
            NoUsableAnswer: bytes may have left and no status line came back.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise NeverSent(NotSentReason.DEADLINE)
        request = self._http.build_request(
            method,
            path,
            params=params,
            content=content,
            headers={} if content is None else {"Content-Type": "application/json"},
            timeout=self._timeout(method, left),
            extensions={"kayse_fresh": fresh},
        )
        try:
            with ends_by(deadline):
                return self._exchange(request, deadline)
        except Exception as error:  # noqa: BLE001 - whatever it was, bytes may have left: that is a result
            raise classify(error, deadline) from None

    def _timeout(self, method: str, left: float) -> httpx.Timeout:
        config = self._config
        silence = min(config.read_silence, left) if method == "GET" else left
        return httpx.Timeout(
            connect=min(config.connect_timeout, left),
            pool=min(config.pool_timeout, left),
            read=silence,
            write=silence,
        )

    def _exchange(self, request: httpx.Request, deadline: float) -> Answer:
        response = self._http.send(request, stream=True)
        try:
            body, trouble = self._body(response, deadline)
            return Answer(response.status_code, response.headers, body, trouble)
        finally:
            response.close()

    def _body(self, response: httpx.Response, deadline: float) -> tuple[bytes, NoUsableAnswer | None]:
        """The body, where one is of use: of a 2xx, and a short one of a 4xx."""
        if response.is_success:
            cap = self._config.max_body
        elif response.is_client_error and response.status_code != 429:
            cap = _ERROR_BODY
        else:
            return b"", None
        try:
            return b"".join(_decoded(response, cap)), None
        except NoUsableAnswer as error:
            return b"", error
        except Exception as error:  # noqa: BLE001 - the status is known; the body's trouble is told beside it
            trouble = classify(error, deadline)
            return b"", trouble if isinstance(trouble, NoUsableAnswer) else NoUsableAnswer(
                UnknownReason.RESET
            )


def _decoded(response: httpx.Response, cap: int) -> Iterator[bytes]:
    """The decompressed body in pieces, never more than `cap` bytes of it, before or after decompression."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise NoUsableAnswer(UnknownReason.BAD_BODY)
    inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    received = produced = 0
    for piece in response.iter_raw(_PIECE):
        received += len(piece)
        if inflate is not None:
            piece = inflate.decompress(piece, cap - produced + 1)
        produced += len(piece)
        if max(received, produced) > cap:
            raise NoUsableAnswer(UnknownReason.TOO_LARGE)
        yield piece
    if inflate is not None and (not inflate.eof or inflate.unused_data):
        raise NoUsableAnswer(UnknownReason.BAD_BODY)


# The first row that fits decides. PoolTimeout and ConnectTimeout are timeouts too, so they come first:
# they mean that nothing was sent.
_CLASSES: tuple[tuple[tuple[type[Exception], ...], NotSentReason | UnknownReason], ...] = (
    ((httpcore.PoolTimeout, httpx.PoolTimeout), NotSentReason.POOL_FULL),
    ((httpcore.ConnectTimeout, httpx.ConnectTimeout), NotSentReason.CONNECT_TIMEOUT),
    ((NameNotResolved,), NotSentReason.DNS),
    ((httpcore.ConnectError, httpx.ConnectError), NotSentReason.REFUSED),
    ((httpcore.TimeoutException, httpx.TimeoutException), UnknownReason.TIMEOUT),
    ((httpcore.NetworkError, httpx.NetworkError), UnknownReason.RESET),
    ((httpcore.ProtocolError, httpx.ProtocolError), UnknownReason.RESET),
    ((zlib.error,), UnknownReason.BAD_BODY),
)


def classify(error: Exception, deadline: float) -> NeverSent | NoUsableAnswer:
    """What an exception of httpx or below means, seen now; `deadline` is on the same clock.

    An exception that no row knows is Unknown(internal), and logged by its type alone: its text could
    quote the request.
    """
    reason = next((reason for kinds, reason in _CLASSES if isinstance(error, kinds)), None)
    if isinstance(reason, NotSentReason):
        return NeverSent(reason)
    if reason is None:
        logger.error("unexpected %s while asking Kayse", type(error).__name__)
        reason = UnknownReason.INTERNAL
    if reason is UnknownReason.TIMEOUT and time.monotonic() >= deadline:
        reason = UnknownReason.DEADLINE
    return NoUsableAnswer(reason)


class Pools(httpx.BaseTransport):
    """Two sets of connections: kept ones for first reads, and new ones for everything else."""

    def __init__(self, config: KayseConfig) -> None:
        # Loading the certificates takes a moment; the sandbox speaks plain HTTP.
        secure = config.base_url.startswith("https:")
        context = httpx.create_ssl_context(trust_env=False) if secure else None
        self._kept, self._fresh = (
            httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=config.max_connections,
                max_keepalive_connections=keep,
                keepalive_expiry=5.0,
                network_backend=DeadlineBackend(),
            )
            for keep in (config.max_connections, 0)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        pool = self._fresh if request.extensions["kayse_fresh"] else self._kept
        answer = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._kept.close()
        self._fresh.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
