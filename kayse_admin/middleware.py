"""What every request and every answer carry: request id, actor, headers, and a plain word when the database is away."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from kayse_admin import errors
from kayse_admin.actors import build_actor
from kayse_admin.logs import current_request_id

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Middleware = Callable[[HttpRequest], HttpResponseBase]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "camera",
        "geolocation",
        "microphone",
        "payment",
        "usb",
        "browsing-topics",
    )
)

logger = logging.getLogger("kayse_admin.requests")


def request_id(get_response: GetResponse) -> Middleware:
    """Give each request an id of its own, told in `X-Request-ID`, in log lines and in audit events."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        token = current_request_id.set(request.request_id)  # type: ignore[attr-defined]
        try:
            response = get_response(request)
        finally:
            current_request_id.reset(token)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response

    return middleware


def headers(get_response: GetResponse) -> Middleware:
    """Content-Security-Policy without exceptions, no storing of signed-in pages, `Vary: HX-Request`."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        patch_vary_headers(response, ["HX-Request"])
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def actor(get_response: GetResponse) -> Middleware:
    """Put `request.actor` there: who acts, from where, and what they may do. Read from the database when first used."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: build_actor(request))  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def wrong_method(get_response: GetResponse) -> Middleware:
    """Turn the empty answer of an address that takes no such request into a page with words."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return errors.wrong_method(request, response)
        return response

    return middleware


def database_away(get_response: GetResponse) -> Middleware:
    """Turn a database that is locked or away into a 503 in plain words, which heals by itself."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.error("the database did not answer", exc_info=exception)
        return errors.unavailable(request)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
