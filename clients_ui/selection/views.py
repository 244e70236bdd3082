"""Screens that make a selection and show it: ticking in the list, the page of a selection, its export. 0 requests."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from clients_ui import directory, export
from clients_ui.listing import in_order, wanted
from clients_ui.selection import picking, services
from clients_ui.selection.models import Selection
from clients_ui.services import record_export
from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.converters import parse_id
from kayse_admin.pager import SIZES


@require_POST
@requires(Capability.CLIENTS_VIEW)
def select(request: HttpRequest) -> HttpResponseBase:
    """The boxes of a page of the list, whose address is this one's query; or everybody who matches; or nobody.

    It goes for the selection that is being made, or for the one that is named.
    """
    actor, go = actor_of(request), request.POST.get("go", "")
    selection = _named(request) or picking.current(request)
    if go == "change" and selection is not None:
        picking.keep(request, selection)
        return htmx.redirect(request, list_url(selection.query))
    if go == "clear":
        if selection is not None:
            services.drop(selection)
        selection = None
    elif go == "all":
        asked = wanted(request)
        if asked.filters.broken:
            return htmx.redirect(request, list_url(request.GET.urlencode()))
        sections, also, _ = in_order(asked)
        try:
            selection = services.freeze(
                actor, sections, also, words=asked.words, query=request.GET.urlencode()
            )
        except services.TooMany:
            context = {"most": settings.SELECTION_MOST, "back": list_url(request.GET.urlencode())}
            return render(request, "clients_ui/selection/too_many.html", context, status=422)
    elif selection is None and picking.is_lost(request):
        picking.keep(request, None)
        return _lost(request)
    else:
        selection = services.tick(actor, selection, _ids(request, "shown"), _ids(request, "pk"))
    picking.keep(request, selection)
    if htmx.is_fragment(request):
        context = {"picked": picking.shown(request, _ids(request, "shown"), directory.known_count())}
        return render(request, "clients_ui/selection/_picked.html", context)
    if go == "continue" and selection is not None and selection.count:
        return htmx.redirect(request, url_of(selection))
    return htmx.redirect(request, list_url(request.GET.urlencode()))


def _lost(request: HttpRequest) -> HttpResponseBase:
    """The selection that these ticks were for has expired: nobody goes on with the last few of them unawares."""
    if htmx.is_fragment(request):
        return render(request, "clients_ui/selection/_picked.html", {"is_lost": True})
    context = {"back": list_url(request.GET.urlencode())}
    return render(request, "clients_ui/selection/lost.html", context, status=409)


def _ids(request: HttpRequest, name: str) -> list[int]:
    """The ids that a page sent under this name; more than a page has are no page's."""
    found = (parse_id(text) for text in request.POST.getlist(name)[: max(SIZES)])
    return [pk for pk in found if pk is not None]


def _named(request: HttpRequest) -> Selection | None:
    """The selection whose page sent this; 404 when it is another's or has expired."""
    if "selected" not in request.POST:
        return None
    try:
        return mine(request, uuid.UUID(request.POST["selected"]))
    except ValueError:
        raise Http404 from None


def list_url(query: str) -> str:
    """The address of the list with this search and these filters."""
    return reverse("clients_ui:index") + (f"?{query}" if query else "")


def url_of(selection: Selection, page: str = "selected") -> str:
    """The address of a page of the selection."""
    return reverse(f"clients_ui:{page}", args=[selection.pk])


def mine(request: HttpRequest, selected: uuid.UUID) -> Selection:
    """The person's own selection; 404 for another's, and for one that has expired."""
    found = services.find(actor_of(request), selected)
    if found is None:
        raise Http404
    return found


@require_safe
@requires(Capability.CLIENTS_VIEW)
def selected(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """Who is selected, and what can be done with them."""
    selection = mine(request, selected)
    context = {
        "selection": selection,
        "shape": services.shape(selection),
        "samples": services.samples(selection),
        "more": selection.count - services.SAMPLES,
        "list_url": list_url(selection.query),
        "refresh_most": settings.REFRESH_MOST,
    }
    return render(request, "clients_ui/selection/selected.html", context)


@require_safe
@requires(Capability.CLIENTS_VIEW)
def export_csv(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """Exactly the selected clients, in their order, as CSV; recorded."""
    selection = mine(request, selected)
    back = url_of(selection)  # a file is no page to come back to
    if selection.count > settings.EXPORT_ASKS_ABOVE and (question := ask_again(request, back)):
        return question
    found = services.ids(selection)
    if request.method == "GET":
        words = [selection.words or "ticked one by one"]
        record_export(actor_of(request), query=selection.query, words=words, count=len(found))
    pages = (found[start : start + export.BATCH] for start in range(0, len(found), export.BATCH))
    return export.response(export.lines(actor_of(request), pages))
