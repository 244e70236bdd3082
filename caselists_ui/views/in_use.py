"""Saying that a campaign uses a list, and that none does any more. Nothing is sent to the vendor."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods

from caselists_ui import in_use
from caselists_ui.forms import EndUseForm, UseForm
from caselists_ui.views.common import detail_url, find_living
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def mark(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Mark a list as in use until a day, or change what is said of it."""
    lists = find_living(pk)
    use = in_use.of(pk)
    initial = {"campaign": use.campaign, "until": use.until} if use else {}
    form = UseForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        in_use.mark(actor_of(request), lists, **form.cleaned_data)
        htmx.toast(request, f"“{lists}” is marked as in use.")
        return htmx.redirect(request, detail_url(pk))
    context = {
        "form": form,
        "question": f"Mark “{lists}” as in use?",
        "text": "Until that day, whoever edits or deletes the list or changes its members has to type its name "
        "and give a reason. The mark ends by itself. It is kept here; Kayse does not know of it.",
        "verb": "Mark as in use",
    }
    return _ask(request, pk, context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take the mark off before its last day."""
    lists, use = find_living(pk), in_use.of(pk)
    form = EndUseForm(request.POST if request.method == "POST" else None)
    if use is None and request.method != "POST":
        raise Http404
    if form.is_valid():
        in_use.end(actor_of(request), lists, reason=form.cleaned_data["reason"])
        htmx.toast(request, f"“{lists}” is not in use any more.")
        return htmx.redirect(request, detail_url(pk))
    context = {
        "form": form,
        "question": f"“{lists}” is not in use any more?",
        "text": f"{in_use.words(use)}. " if use else "",
        "verb": "Take the mark off",
    }
    return _ask(request, pk, context)


def _ask(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponseBase:
    told = {
        **context,
        "action": request.path,
        "cancel_url": detail_url(pk),
        "cost": "Costs no request.",
    }
    status = 422 if context["form"].is_bound else 200
    return htmx.render(request, "components/dialog_page.html", "components/dialog.html", told, status=status)
