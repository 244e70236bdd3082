"""The WSGI app: what happens to each request before and after its endpoint."""

from __future__ import annotations

import hmac
import socket
from datetime import UTC, datetime

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from . import api, control, effects, limits
from .config import Config
from .errors import ApiError, error_body
from .schema import MAX_BODY
from .state import open_sandbox, this_sandbox

SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: f"The request body is larger than {MAX_BODY} bytes.",
}


def create_app(config: Config | None = None) -> Flask:
    """Make the app; an empty store is filled with ``config.clients`` clients first."""
    app = Flask(__name__, static_folder=None)
    app.extensions["sandbox"] = open_sandbox(config or Config())
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    app.url_map.converters["ident"] = api.IdentConverter
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider's
    app.before_request(_admit)
    app.after_request(_finish)
    app.register_error_handler(ApiError, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crash)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(control.blueprint)
    return app


def _is_api() -> bool:
    return request.path == "/v1" or request.path.startswith("/v1/")


def _admit() -> Response | None:
    """Note the request, check the key, charge the limit, and see whether a fault waits for it."""
    if not _is_api():
        return None
    sandbox = this_sandbox()
    key = request.headers.get("X-API-KEY", "")
    right = hmac.compare_digest(key.encode(), sandbox.config.api_key.encode())
    word = "right" if right else "wrong" if key else "missing"
    too_large = (request.content_length or 0) > MAX_BODY
    body = b"" if too_large else request.get_data()
    g.entry = sandbox.journal.arrived(
        request.method, request.path, request.args.to_dict(flat=False), body, word
    )
    if not right:
        raise ApiError(401, "The header X-API-KEY is missing or holds a key that is not known.")
    g.rate = limits.charge(sandbox.store, sandbox.switches, sandbox.clock())
    if not g.rate.allowed:
        until = datetime.fromtimestamp(g.rate.reset, UTC).isoformat()
        raise ApiError(429, f"The limit of {g.rate.limit} requests is used up until {until}.")
    g.fault = sandbox.faults.take(request.method, request.path)
    if g.fault is not None and not g.fault.applies:
        raise ApiError(503, "The service is not available at the moment.")
    return None


def _finish(response: Response) -> Response:
    """Add the rate headers to whatever was answered, then let the waiting fault at it."""
    sandbox = this_sandbox()
    response.headers.setdefault("Date", http_date(sandbox.clock()))
    rate = g.get("rate") or limits.charge(sandbox.store, sandbox.switches, sandbox.clock(), cost=0)
    response.headers.update(rate.headers)
    entry, fault = g.get("entry"), g.get("fault")
    if entry is not None:
        entry.applied = response.status_code < 400
    if fault is not None:
        connection: socket.socket | None = request.environ.get("werkzeug.socket")
        response = effects.spoil(fault, response, connection)
    if entry is not None:
        entry.fault = fault.kind if fault else None
        silent = fault is not None and fault.kind in ("reset_before", "reset_after", "hang")
        entry.status = None if silent else response.status_code
    return response


def _refusal(problem: ApiError) -> tuple[Response, int]:
    return jsonify(problem.body), problem.status


def _http_error(problem: HTTPException) -> Response:
    """404, 405, an oversize body: in the vendor's shape, with what the protocol asks for (Allow)."""
    status = problem.code or 500
    sentence = SENTENCES.get(status, "The request could not be understood.")
    # The vendor's errors page knows no 413.
    told = 400 if status not in (404, 405) and status < 500 else status
    response = jsonify(error_body(told, sentence))
    response.status_code = told
    for name, value in problem.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _crash(problem: Exception) -> tuple[Response, int]:
    current_app.logger.exception("The sandbox failed", exc_info=problem)
    return jsonify(error_body(500, "The sandbox failed; its log tells why.")), 500
