"""Pages for what went wrong outside a view: no permission, no such page, a stale form, no database."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose protection token is missing, old or foreign."""
    return render(request, "403.html", {"stale_form": True}, status=403)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 while the database is locked or away; without any query, because there is nothing to ask."""
    response = HttpResponse(loader.render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    return response
