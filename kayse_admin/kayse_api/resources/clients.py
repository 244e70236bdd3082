"""Clients: the six endpoints of the vendor's page "Clients"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from kayse_admin.kayse_api import arguments, reading
from kayse_admin.kayse_api.exchange import Call, Exchange
from kayse_admin.kayse_api.outcomes import Outcome
from kayse_admin.kayse_api.schemas import BulkClients, Client, Deleted


class Clients:
    """`client.clients`. Each method costs one request, and raises ArgumentError before it sends nonsense."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def create(self, fields: Mapping[str, Any]) -> Outcome[Client]:
        """POST /v1/clients. The vendor requires both external source fields and both names."""
        body = arguments.fields(fields)
        return self._exchange.call(Call("clients.create", "POST", "/clients", reading.client, body=body))

    def get(self, id: int) -> Outcome[Client]:
        """GET /v1/clients/{id}. Keys that the answer leaves out were not told, not emptied."""
        path = f"/clients/{arguments.one_id(id)}"
        return self._exchange.call(Call("clients.get", "GET", path, partial(reading.client, asked=id)))

    def update(self, id: int, fields: Mapping[str, Any]) -> Outcome[Client]:
        """PUT /v1/clients/{id}. Whether fields left out stay or become null, the vendor's pages disagree."""
        path = f"/clients/{arguments.one_id(id)}"
        body = arguments.fields(fields)
        return self._exchange.call(
            Call("clients.update", "PUT", path, partial(reading.client, asked=id), body=body)
        )

    def delete(self, id: int) -> Outcome[str]:
        """DELETE /v1/clients/{id}; the value is the vendor's sentence."""
        path = f"/clients/{arguments.one_id(id)}"
        return self._exchange.call(Call("clients.delete", "DELETE", path, reading.message))

    def bulk_upsert(self, rows: Iterable[Mapping[str, Any]]) -> Outcome[BulkClients]:
        """POST /v1/clients/bulk. A row with an `id` is a partial update, one without is a create.

        A row that is in none of the answer's arrays is unknown, not done.
        """
        clients = arguments.rows(rows, "clients", self._exchange.max_rows)
        return self._exchange.call(
            Call(
                "clients.bulk_upsert",
                "POST",
                "/clients/bulk",
                reading.bulk_clients,
                body={"clients": clients},
                bulk=len(clients) > 1,
            )
        )

    def bulk_delete(self, ids: Iterable[int], *, force: bool = False) -> Outcome[Deleted]:
        """POST /v1/clients/bulk_delete. `force` deletes for good; no endpoint restores either kind."""
        client_ids = arguments.many_ids(ids, "client_ids", self._exchange.max_rows)
        return self._exchange.call(
            Call(
                "clients.bulk_delete",
                "POST",
                "/clients/bulk_delete",
                reading.deleted,
                body={"client_ids": client_ids, "force": force is True},
                bulk=len(client_ids) > 1,
            )
        )
