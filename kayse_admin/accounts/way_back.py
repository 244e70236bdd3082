"""The page that somebody gets back to when something comes between: signing in, or proving who they are."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest
from django.utils.http import escape_leading_slashes, url_has_allowed_host_and_scheme

from kayse_admin import htmx


def page_around(request: HttpRequest) -> str:
    """Path and query of the page that this was sent from: around a fragment, or with the form; "" when it is not told.

    The address of a form is often no page. What a foreign site says is not believed.
    """
    path = htmx.current_path(request) or _path(request, request.headers.get("referer", ""))
    return escape_leading_slashes(path)


def _path(request: HttpRequest, url: str) -> str:
    if not url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return ""
    told = urlsplit(url)
    return urlunsplit(("", "", told.path or "/", told.query, ""))
