"""Pages for what went wrong outside a view: no permission, wrong method, stale form, no database."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.urls import Resolver404, resolve, reverse


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose protection token is missing, old or foreign."""
    return render(request, "403.html", {"stale_form": True}, status=403)


def wrong_method(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """405 for an address that only takes forms, or takes none, with the way to the page above it.

    Written into the answer that was refused: it names what is allowed, and is logged already.
    """
    context = {"reading": request.method in {"GET", "HEAD"}, "above": _above(request.path)}
    refused.content = render(request, "405.html", context).content
    return refused


def _above(path: str) -> str:
    """The nearest address above this one that is an address of ours."""
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        with suppress(Resolver404):
            resolve(path)
            return path
    return path


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 while the database is locked or away; without any query, because there is nothing to ask."""
    response = HttpResponse(loader.render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    return response


def not_understood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 for a request that is damaged, names a host that is not ours, or has more in a form than is taken.

    Rendered without the request: its host cannot be trusted, and its form cannot be read.
    """
    shell = {"shell": {"theme": "system"}}
    if not isinstance(exception, RequestDataTooBig):
        return HttpResponse(loader.render_to_string("400.html", shell), status=400)
    pasted = request.path == reverse("clients_ui:import")
    told = {
        "pasted": pasted,
        "most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        "most_file": settings.UPLOAD_MOST_BYTES,
    }
    return HttpResponse(loader.render_to_string("too_large.html", {**shell, **told}), status=400)
