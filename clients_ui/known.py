"""Views of one client who is known here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from clients_ui import directory
from clients_ui.models import Client


def of_known_client(
    view: Callable[[HttpRequest, Client], HttpResponseBase],
) -> Callable[[HttpRequest, int], HttpResponseBase]:
    """Hand the view the client of the address; of one who is not known here say so, and offer to ask Kayse (404)."""

    @wraps(view)
    def found(request: HttpRequest, pk: int) -> HttpResponseBase:
        client = directory.find(pk)
        if client is None:
            return render(request, "clients_ui/not_known.html", {"pk": pk}, status=404)
        return view(request, client)

    return found
