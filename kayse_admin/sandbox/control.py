"""The addresses that are the sandbox's own: faults, what arrived, switches, exports. For this machine only.

None of them needs a key, counts against the limit, meets a fault, or shows up in the journal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field

from . import clients, export, membership
from .config import Switches
from .errors import ApiError, bad_request, not_found
from .faults import Fault
from .openapi import document
from .query import path_id
from .schema import check, decode
from .state import this_sandbox

blueprint = Blueprint("control", __name__)


class Reset(BaseModel):
    """The body of ``POST /_sandbox/reset``; what is left out is as it was when the sandbox was started."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = Field(default=None, ge=0, le=10_000_000)
    switches: dict[str, Any] = Field(default_factory=dict)


@blueprint.before_request
def _loopback_only() -> None:
    if not ip_address(request.remote_addr or "127.0.0.1").is_loopback:
        raise ApiError(403, "The sandbox's own addresses are for the machine that it runs on.")


def _object() -> dict[str, Any]:
    return decode(request.get_data() or b"{}")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of the fifteen endpoints."""
    return jsonify(document())


@blueprint.get("/_sandbox/faults")
def waiting_faults() -> Response:
    """The faults that are still waiting."""
    return jsonify({"faults": this_sandbox().faults.waiting()})


@blueprint.post("/_sandbox/faults")
def add_fault() -> tuple[Response, int]:
    """Queue a fault (see ``faults.Fault``)."""
    number = this_sandbox().faults.add(check(Fault, _object()))
    return jsonify({"number": number}), 201


@blueprint.delete("/_sandbox/faults")
def clear_faults() -> Response:
    """Forget all faults."""
    this_sandbox().faults.clear()
    return jsonify({"faults": []})


@blueprint.get("/_sandbox/requests")
def requests_that_arrived() -> Response:
    """What arrived, oldest first; ``?method=`` and ``?path=`` (a prefix or regular expression) narrow it."""
    journal = this_sandbox().journal
    try:
        found = journal.entries(request.args.get("method", "").upper(), request.args.get("path", ""))
    except re.error:
        raise bad_request("The parameter path is not a regular expression.") from None
    shown = [entry.as_json() for entry in found]
    return jsonify({"requests": shown, "count": len(shown), "dropped": journal.dropped})


@blueprint.delete("/_sandbox/requests")
def forget_requests() -> Response:
    """Forget what arrived."""
    this_sandbox().journal.clear()
    return jsonify({"requests": [], "count": 0, "dropped": 0})


@blueprint.get("/_sandbox/switches")
def switches() -> Response:
    """The switches as they are."""
    return jsonify(this_sandbox().switches.model_dump())


@blueprint.post("/_sandbox/switches")
def turn_switches() -> Response:
    """Turn the switches that the body names; the others stay."""
    sandbox = this_sandbox()
    sandbox.switches = check(Switches, sandbox.switches.model_dump() | _object())
    return switches()


@blueprint.post("/_sandbox/reset")
def reset() -> Response:
    """Start again: ``{"seed": clients, "switches": {...}}``, both optional."""
    sandbox, wanted = this_sandbox(), check(Reset, _object())
    turned = check(Switches, sandbox.config.switches.model_dump() | wanted.switches, "switches")
    size = sandbox.config.clients if wanted.seed is None else wanted.seed
    sandbox.reset(size, turned)
    return jsonify({"seed": size, "switches": turned.model_dump()})


@blueprint.get("/_sandbox/export.csv")
def export_clients() -> Response:
    """The client export that a firm would download from the vendor's app."""
    return _csv("clients.csv", export.clients_csv(this_sandbox().store))


@blueprint.get("/_sandbox/labels.csv")
def export_labels() -> Response:
    """The names of case types and statuses, as a firm would keep them."""
    return _csv("labels.csv", export.labels_csv(this_sandbox().store))


@blueprint.get("/_sandbox/clients/<ident>")
def true_client(ident: str) -> Response:
    """Every documented field of a client, whatever the switches say: so that a test can see what was kept."""
    return jsonify(clients.get(this_sandbox().store, path_id(ident)))


@blueprint.get("/_sandbox/lists/<ident>/members")
def list_members(ident: str) -> Response:
    """The true members of a list: ``{"case_ids": [...]}``, ascending."""
    store, list_id = this_sandbox().store, path_id(ident)
    if not store.row("SELECT 1 FROM lists WHERE id = ?", (list_id,)):
        raise not_found("case list", list_id)
    return jsonify({"case_ids": membership.members(store, list_id)})


@blueprint.get("/_sandbox/cases")
def cases() -> Response:
    """All cases with type, status, flag and the ids of their clients (deleted clients left out)."""
    found = this_sandbox().store.rows(
        "SELECT id, case_type_id, status_id, is_obo, (SELECT json_group_array(client_id) FROM links"
        " JOIN clients ON clients.id = client_id WHERE case_id = cases.id AND NOT deleted) AS client_ids"
        " FROM cases ORDER BY id"
    )
    shown = [
        {**dict(row), "is_obo": bool(row["is_obo"]), "client_ids": json.loads(row["client_ids"])}
        for row in found
    ]
    return jsonify({"cases": shown})


def _csv(name: str, lines: Iterable[str]) -> Response:
    response = Response(lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
