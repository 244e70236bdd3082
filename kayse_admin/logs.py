"""Log lines: one JSON object each, with the request id, without personal data.

What is logged is chosen where it is logged; this module adds the request id and never prints arguments of a request.
"""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

#: Id of the HTTP request (or background task) in whose course the line is written.
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")


class RequestIdFilter(logging.Filter):
    """Puts the request id on each record, also on what Django writes after the request has left us."""

    def filter(self, record: logging.LogRecord) -> bool:
        of_request = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = of_request or current_request_id.get()
        return True


class RouteFilter(logging.Filter):
    """Puts the route in place of the path where Django names one: a path can hold a link's token, or what was typed."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        path = getattr(request, "path", "")
        if path and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            route = f"/{match.route}" if match else "no such address"
            record.args = tuple(route if arg == path else arg for arg in record.args)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, request_id and, for a crash, its place.

    The text of an exception is left out on purpose: a database error quotes the values it choked on.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", ""),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = _places(record)
        return json.dumps(line, ensure_ascii=False)


def _places(record: logging.LogRecord) -> str:
    places = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " > ".join(places[-8:])
