"""Who has a client open, as its pages ask for it; and who has looked at it, for reviewers."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from clients_ui import attention, directory
from clients_ui.known import of_known_client
from clients_ui.models import Client, Opened
from kayse_admin import htmx
from kayse_admin.accounts.decorators import polled, requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.converters import parse_id
from kayse_admin.pager import SIZES, Pager, address


def _here(request: HttpRequest, pk: int, shown: str) -> HttpResponseBase:
    """The names, or 204 while they are those that the page shows: what is read out is only what is new."""
    names = attention.others(actor_of(request), pk)
    if ", ".join(names) == shown:
        return HttpResponse(status=204)
    return render(request, "clients_ui/_here.html", {"names": names})


@require_safe
@requires(Capability.CLIENTS_VIEW)
@polled
def here(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Who has the edit form of a client open; the client's page asks every 20 seconds."""
    if directory.find(pk) is None:
        raise Http404
    if not htmx.is_fragment(request):
        return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))
    return _here(request, pk, request.GET.get("shown", ""))


@require_POST
@requires(Capability.CLIENTS_EDIT)
@polled
def still_here(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The edit form is still open, says its page every 20 seconds; and who else has it open."""
    if directory.find(pk) is None:
        raise Http404
    if not htmx.is_fragment(request):
        return htmx.redirect(request, reverse("clients_ui:edit", args=[pk]))
    attention.editing(actor_of(request), pk)
    return _here(request, pk, request.POST.get("shown", ""))


@require_safe
@requires(Capability.AUDIT_VIEW)
@of_known_client
def views(request: HttpRequest, client: Client) -> HttpResponseBase:
    """Who has looked at a client, newest first."""
    before = parse_id(request.GET.get("before", ""))
    found = Opened.objects.filter(client_id=client.pk, **({"id__lt": before} if before else {})).order_by(
        "-id"
    )
    rows = list(found[: SIZES[0] + 1])
    shown = rows[: SIZES[0]]
    pager = Pager(
        first=None,
        last=None,
        total=None,
        previous_url=address(request, {"before": None}) if before else "",
        next_url=address(request, {"before": shown[-1].pk}) if len(rows) > len(shown) else "",
    )
    context = {"client": client, "rows": shown, "pager": pager, "days": settings.VIEW_LOG_DAYS}
    return render(request, "clients_ui/views.html", context)
