"""Changing a list as a whole: duplicate and delete. Each is a question that opens as a dialog or as a page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from caselists_ui import in_use, services
from caselists_ui.forms import ConfirmForm, DeleteForm, OperationForm
from caselists_ui.models import CaseList
from caselists_ui.views.common import (
    already,
    count_words,
    detail_url,
    find,
    find_living,
    not_confirmed,
    performed,
    retry_or_tell,
)
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit.recorder import AlreadyPerformed
from kayse_admin.kayse_api.outcomes import Applied


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def duplicate(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Copy a list with its filter and its members."""
    lists = find_living(pk)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _ask_duplicate(request, lists, form, status=422 if form.is_bound else 200)
    data = form.cleaned_data
    try:
        outcome = services.duplicate(
            actor_of(request), lists, operation=data["operation"], reason=data["reason"]
        )
    except AlreadyPerformed as error:
        return already(request, error)
    if isinstance(outcome, Applied):
        copy = CaseList.objects.get(pk=outcome.value.id)
        htmx.toast(request, f"Duplicated as “{copy}”: {count_words(copy)}.")
        return htmx.redirect(request, detail_url(copy.pk))
    return retry_or_tell(
        request, outcome, form, lambda status: _ask_duplicate(request, lists, form, status=status)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def delete(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Delete a list; its cases stay."""
    lists = find(pk)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if lists.gone_at:
        return _gone(request, form)
    form.guard(lists, in_use.of(pk))
    if not form.is_valid():
        return _ask_delete(request, lists, form, status=422 if form.is_bound else 200)

    def retry(status: int) -> HttpResponse:
        return _ask_delete(request, lists, form, status=status)

    try:
        outcome = services.delete(
            actor_of(request), lists, operation=form.cleaned_data["operation"], **form.consent
        )
    except AlreadyPerformed as error:
        return already(request, error)
    except in_use.NotConfirmed as error:
        return not_confirmed(form, error, retry)
    if isinstance(outcome, Applied):
        htmx.toast(request, f"“{lists}” (list {pk}) is deleted.")
        return htmx.redirect(request, reverse("caselists_ui:index"))
    return retry_or_tell(request, outcome, form, retry)


def _gone(request: HttpRequest, form: DeleteForm) -> HttpResponseBase:
    """A list that is gone has no such page, but for the second click of the person who deleted it."""
    first = performed(form)
    if first is None:
        raise Http404
    return already(request, first)


def _ask_duplicate(request: HttpRequest, lists: CaseList, form: ConfirmForm, *, status: int) -> HttpResponse:
    context = {
        "question": f"Duplicate “{lists}”?",
        "text": "Kayse makes a list of its own with the same filter and the same members, and names it. "
        f"List {lists.pk} has {count_words(lists)}.",
        "verb": "Duplicate list",
        "cost": "Costs 2 requests: the copy, and a look at its name and number of cases. "
        "Deleting the copy takes this back.",
    }
    return _ask(request, lists, form, context, status)


def _ask_delete(request: HttpRequest, lists: CaseList, form: DeleteForm, *, status: int) -> HttpResponse:
    context = {
        "question": f"Delete “{lists}”?",
        "text": f"List {lists.pk} has {count_words(lists)}. The list goes, its cases stay. A campaign that uses it "
        "reaches nobody through it any more.",
        "verb": "Delete list",
        "cost": "Costs 1 request. This cannot be taken back: Kayse does not bring a list back, and members that were "
        "attached by filter or by client are known nowhere else.",
        "danger": True,
    }
    return _ask(request, lists, form, context, status)


def _ask(
    request: HttpRequest, lists: CaseList, form: OperationForm, context: dict[str, Any], status: int
) -> HttpResponse:
    told = {"form": form, "action": request.path, "cancel_url": detail_url(lists.pk), **context}
    return htmx.render(request, "components/dialog_page.html", "components/dialog.html", told, status=status)
