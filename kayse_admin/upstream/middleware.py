"""Somebody who waits for a page waits for all that it asks of Kayse: one deadline over the whole request."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kayse_admin.kayse_api import gesture

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def one_deadline(get_response: GetResponse) -> GetResponse:
    """Let all that a request asks of Kayse be over `KAYSE_PERSON_DEADLINE` seconds after its first call."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with gesture.lasting(settings.KAYSE_PERSON_DEADLINE):
            return get_response(request)

    return middleware
