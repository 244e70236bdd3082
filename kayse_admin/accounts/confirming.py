"""Whether somebody proved who they are a moment ago: by signing in, or by confirming it for a step that asks again."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from kayse_admin import htmx
from kayse_admin.accounts.sessions import PROVED_AT, SIGNED_IN_AT
from kayse_admin.accounts.way_back import page_around

#: A form that was opened in time may be sent so much later: what somebody typed is not lost to a clock.
TO_FINISH = 10 * 60


def confirmed(request: HttpRequest, within: int | None = None) -> bool:
    """Whether the person proved who they are within so many seconds (default: `settings.CONFIRMED_SECONDS`)."""
    at = float(request.session.get(PROVED_AT, request.session.get(SIGNED_IN_AT, 0)))
    for record in get_authentication_records(request, request.user):  # type: ignore[arg-type]
        if record.get("reauthenticated"):
            at = max(at, float(record["at"]))
    return time.time() - at < (settings.CONFIRMED_SECONDS if within is None else within)


def ask_again(request: HttpRequest, back: str = "") -> HttpResponseBase | None:
    """None when the person may go on; else the answer that sends them to confirm who they are, and back here.

    For what only turns out inside a view to be worth asking: an export of many rows. `back`: the way back, for a form
    whose own address is no page.
    """
    reading = request.method in {"GET", "HEAD"}
    if confirmed(request, settings.CONFIRMED_SECONDS + (0 if reading else TO_FINISH)):
        return None
    back = back or (request.get_full_path() if reading else page_around(request) or request.path)
    return htmx.redirect(request, f"{_where(request)}?{urlencode({'next': back})}")


def _where(request: HttpRequest) -> str:
    methods = get_adapter().get_reauthentication_methods(request.user)
    return str(methods[0]["url"]) if methods else reverse("confirm_by_provider")
