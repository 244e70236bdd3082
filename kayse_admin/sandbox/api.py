"""The vendor's fifteen endpoints, in the order of its pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.routing import BaseConverter

from . import case_lists, clients, schema
from .query import list_query, path_id
from .state import this_sandbox

Answer = Response | tuple[Response, int]


class IdentConverter(BaseConverter):
    """A segment of a path that may be meant as an id; the pages' own words are not taken for one."""

    regex = r"(?!bulk$|bulk_delete$)[^/]+"
    part_isolating = True


blueprint = Blueprint("api", __name__, url_prefix="/v1")


def _body(model: type[schema.Model]) -> schema.Model:
    return schema.parse(model, request.get_data())


def _client(client_id: int, example: Iterable[str]) -> dict[str, Any]:
    sandbox = this_sandbox()
    sparse = sandbox.switches.answers == "sparse"
    return clients.get(sandbox.store, client_id, example if sparse else clients.ALL_KEYS)


@blueprint.post("/clients")
def create_client() -> Answer:
    """Create a new client."""
    fields = _body(schema.ClientCreate).given()
    store = this_sandbox().store
    with store.transaction():
        return jsonify(_client(clients.create(store, fields), clients.CREATE_KEYS)), 201


@blueprint.get("/clients/<ident:ident>")
def get_client(ident: str) -> Answer:
    """Get a client by id."""
    return jsonify(_client(path_id(ident), clients.GET_KEYS))


@blueprint.put("/clients/<ident:ident>")
def update_client(ident: str) -> Answer:
    """Update a client; whether fields that were left out become empty is a switch."""
    client_id, fields = path_id(ident), _body(schema.ClientUpdate).given()
    sandbox = this_sandbox()
    with sandbox.store.transaction():
        clients.update(sandbox.store, client_id, fields, replace=sandbox.switches.put == "replace")
        return jsonify(_client(client_id, clients.GET_KEYS))


@blueprint.delete("/clients/<ident:ident>")
def delete_client(ident: str) -> Answer:
    """Delete a client softly."""
    clients.delete_one(this_sandbox().store, path_id(ident))
    return jsonify({"message": "client deleted successfully"})


@blueprint.post("/clients/bulk")
def bulk_upsert_clients() -> Answer:
    """Create and update many clients."""
    sandbox = this_sandbox()
    rows = _body(schema.ClientRows).clients
    return jsonify(clients.bulk_upsert(sandbox.store, sandbox.switches, rows))


@blueprint.post("/clients/bulk_delete")
def bulk_delete_clients() -> Answer:
    """Delete many clients, softly or for good."""
    body = _body(schema.ClientsToDelete)
    return jsonify({"deleted_ids": clients.delete(this_sandbox().store, body.client_ids, force=body.force)})


@blueprint.get("/case_lists")
def list_case_lists() -> Answer:
    """One page of case lists."""
    sandbox = this_sandbox()
    return jsonify(case_lists.page(sandbox.store, sandbox.switches, list_query(request.args)))


@blueprint.post("/case_lists")
def create_case_list() -> Answer:
    """Create a case list."""
    definition = _body(schema.CaseListCreate).given()
    store = this_sandbox().store
    with store.transaction():
        return jsonify(case_lists.get(store, case_lists.create(store, definition))), 201


@blueprint.post("/case_lists/bulk")
def bulk_upsert_case_lists() -> Answer:
    """Create and update many case lists."""
    return jsonify(case_lists.bulk_upsert(this_sandbox().store, _body(schema.CaseListRows).lists))


@blueprint.patch("/case_lists/<ident:ident>/attach")
def attach(ident: str) -> Answer:
    """Attach cases to a case list."""
    return _override("attach", ident, member=True)


@blueprint.patch("/case_lists/<ident:ident>/detach")
def detach(ident: str) -> Answer:
    """Detach cases from a case list."""
    return _override("detach", ident, member=False)


@blueprint.post("/case_lists/<ident:ident>/clients/append")
def append_clients(ident: str) -> Answer:
    """Attach the cases of clients to a case list."""
    return _override_clients("append", ident, member=True)


@blueprint.post("/case_lists/<ident:ident>/clients/remove")
def remove_clients(ident: str) -> Answer:
    """Detach the cases of clients from a case list."""
    return _override_clients("remove", ident, member=False)


@blueprint.post("/case_lists/<ident:ident>/duplicate")
def duplicate_case_list(ident: str) -> Answer:
    """Copy a case list. The original's id is told as a string, as on the vendor's page."""
    list_id = path_id(ident)
    copy = case_lists.duplicate(this_sandbox().store, list_id)
    return jsonify({"id": copy, "original_list_id": str(list_id)}), 201


@blueprint.post("/case_lists/bulk_delete")
def bulk_delete_case_lists() -> Answer:
    """Delete many case lists."""
    return jsonify(
        {"deleted_ids": case_lists.delete(this_sandbox().store, _body(schema.CaseListsToDelete).ids)}
    )


def _override(action: str, ident: str, *, member: bool) -> Answer:
    """Attach and detach tell the list's id as a string, as on the vendor's page."""
    list_id, selection = path_id(ident), _body(schema.Selection).model_dump(exclude_unset=True)
    case_lists.override(this_sandbox().store, list_id, selection, member=member)
    return jsonify({"action": action, "list_id": str(list_id)})


def _override_clients(action: str, ident: str, *, member: bool) -> Answer:
    """Append and remove tell the list's id as a number, as on the vendor's page."""
    list_id, client_ids = path_id(ident), _body(schema.ClientIds).client_ids
    known, matched = case_lists.override_clients(this_sandbox().store, list_id, client_ids, member=member)
    return jsonify(
        {"action": action, "list_id": list_id, "client_count": known, "matched_case_count": matched}
    )
