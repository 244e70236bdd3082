"""Putting the clients of a selection on a list, or taking them off: which list, then a yes, then a job."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from caselists_ui import bulk, in_use, local
from caselists_ui.forms import SelectedForm
from caselists_ui.views import members
from caselists_ui.views.common import count_words, find_living
from caselists_ui.views.members import Verb
from clients_ui.selection import changes, services
from clients_ui.selection.action_views import Question, ask, cost_words
from clients_ui.selection.views import mine
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability

PAGE = ["GET", "HEAD", "POST"]


@require_safe
@requires(Capability.LISTS_EDIT)
def pick_append(request: HttpRequest, selected: uuid.UUID) -> HttpResponse:
    """Choose the list that the clients of the selection go on."""
    return _pick(request, selected, members.APPEND, "caselists_ui:append_selected")


@require_safe
@requires(Capability.LISTS_EDIT)
def pick_remove(request: HttpRequest, selected: uuid.UUID) -> HttpResponse:
    """Choose the list that the clients of the selection come off."""
    return _pick(request, selected, members.REMOVE, "caselists_ui:remove_selected")


def _pick(request: HttpRequest, selected: uuid.UUID, verb: Verb, name: str) -> HttpResponse:
    selection = mine(request, selected)
    words = request.GET.get("q", "").strip()[:255]
    found = local.named(words)
    context = {
        "q": words,
        "verb": verb,
        "who": changes.clients_words(selection.count),
        "lists": [(one, reverse(name, args=[one.pk, selection.pk])) for one in found[: local.MOST_PICKED]],
        "more": len(found) > local.MOST_PICKED,
    }
    return render(request, "caselists_ui/pick.html", context)


@require_http_methods(PAGE)
@requires(Capability.LISTS_EDIT)
def append(request: HttpRequest, pk: int, selected: uuid.UUID) -> HttpResponseBase:
    """Put all cases of the selected clients on the list."""
    return _change(request, pk, selected, members.APPEND, bulk.Append)


@require_http_methods(PAGE)
@requires(Capability.LISTS_EDIT)
def remove(request: HttpRequest, pk: int, selected: uuid.UUID) -> HttpResponseBase:
    """Take all cases of the selected clients off the list."""
    return _change(request, pk, selected, members.REMOVE, bulk.Remove)


def _change(
    request: HttpRequest, pk: int, selected: uuid.UUID, verb: Verb, kind: type[bulk.Append]
) -> HttpResponseBase:
    lists, selection = find_living(pk), mine(request, selected)
    form = SelectedForm(request.POST or None)
    form.shows(selection.edits)
    form.guard(lists, in_use.of(lists.pk))
    shape = services.shape(selection)
    what = f"all cases of {changes.clients_words(selection.count)}"
    question = Question(
        request.path,
        f"{verb.label} {what} {verb.preposition} “{lists}”?",
        f"{verb.label} {what}",
        (
            f"Everyone on this list may be called. “{lists}” (list {lists.pk}) has {count_words(lists)}.",
            verb.undo,
            *shape.left_out,
        ),
        f"{cost_words(shape.living)} One more request reads the new number of cases.",
        lambda actor, ids, operation, _: bulk.start(actor, kind, lists, ids, operation, **form.consent),
        danger=verb.danger,
    )
    try:
        return ask(request, selection, form, question)
    except in_use.NotConfirmed:
        # Somebody marked the list as in use while the page was open: the page now asks for the name.
        return htmx.redirect(request, request.path)
