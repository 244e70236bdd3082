"""Refusals, in the vendor's shape: a JSON object with ``error`` (a code) and ``message`` (a sentence)."""

from __future__ import annotations

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_limited",
    500: "internal_error",
    503: "service_unavailable",
}


class ApiError(Exception):
    """An answer that is not a success. ``status`` is one that the vendor's errors page lists."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def body(self) -> dict[str, str]:
        """The JSON body of the answer."""
        return error_body(self.status, self.message)


def error_body(status: int, message: str) -> dict[str, str]:
    """Build the error object for a status."""
    return {"error": CODES.get(status, f"http_{status}"), "message": message}


def bad_request(message: str) -> ApiError:
    """A 400; the message must name the field."""
    return ApiError(400, message)


def not_found(what: str, identifier: int) -> ApiError:
    """A 404 for a record that does not exist or was deleted."""
    return ApiError(404, f"There is no {what} with the id {identifier}.")
