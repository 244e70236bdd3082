"""Which lists name a client's cases: a part of the client's page, and a page of its own."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from caselists_ui import naming
from clients_ui import directory
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability


@require_safe
@requires(Capability.LISTS_VIEW)
def index(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The lists that name the cases of a client who is known here; 0 requests."""
    client = directory.find(pk)
    if client is None:
        raise Http404
    found = naming.of_client(pk, client.case_ids or [])
    return htmx.render(
        request,
        "caselists_ui/of_client.html",
        "caselists_ui/_of_client.html",
        {"client": client, "found": found},
    )
