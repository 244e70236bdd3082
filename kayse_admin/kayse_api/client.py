"""The entry to the SDK: `KayseClient(config).clients.get(123)`."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from kayse_admin.kayse_api.config import KayseConfig
from kayse_admin.kayse_api.exchange import Exchange, Pacing
from kayse_admin.kayse_api.resources.case_lists import CaseLists
from kayse_admin.kayse_api.resources.clients import Clients
from kayse_admin.kayse_api.retry import Gate, OpenGate
from kayse_admin.kayse_api.transport import HttpTransport, Wire


class KayseClient:
    """All 15 endpoints of the vendor's API. One for a process; safe to share between threads.

    Not across a fork: make it in the process that uses it.

    Args:
        config: where, with which key, for how long.
        gate: asked before every try and told after it (hourly budget, circuit breaker).
        transport: an httpx transport in place of the network, such as httpx.WSGITransport. Deadlines
            are kept by the network, so they do not hold there.
        pacing: how to wait between tries.
    """

    clients: Clients
    case_lists: CaseLists

    def __init__(
        self,
        config: KayseConfig,
        gate: Gate | None = None,
        *,
        transport: HttpTransport | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        self._wire = Wire(config, transport)
        self._use(Exchange(config, self._wire, gate or OpenGate(), pacing or Pacing()))

    def _use(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.clients = Clients(exchange)
        self.case_lists = CaseLists(exchange)

    def with_gate(self, gate: Gate, *, deadline: float | None = None) -> KayseClient:
        """The same connections behind another gate; `deadline` (seconds) in place of the configured ones."""
        other = object.__new__(KayseClient)
        other._wire = self._wire
        other._use(self._exchange.with_gate(gate, deadline))
        return other

    def close(self) -> None:
        """Closes the connections, also those of every client made by `with_gate`."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
