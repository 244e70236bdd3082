"""The builder: make a list, or set one anew; and the summary beside every form, which costs no request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from caselists_ui import labels, ledger, services, summary
from caselists_ui.definition import Definition
from caselists_ui.forms import DefinitionForm
from caselists_ui.ids import MOST_IDS
from caselists_ui.ledger import Known
from caselists_ui.models import CaseList
from caselists_ui.views.common import (
    already,
    change_words,
    count_words,
    detail_url,
    find_living,
    performed,
    retry_or_tell,
)
from caselists_ui.words import Labels
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit.recorder import AlreadyPerformed
from kayse_admin.converters import parse_id
from kayse_admin.kayse_api.outcomes import Applied
from kayse_admin.templatetags.ui import number


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def new(request: HttpRequest) -> HttpResponseBase:
    """Make a list."""
    names = labels.current()
    if request.method != "POST":
        return _page(request, DefinitionForm(labels=names), names)
    form = DefinitionForm(request.POST, labels=names)
    if not form.is_valid():
        return _page(request, form, names, status=422)
    data = form.cleaned_data
    try:
        outcome = services.create(
            actor_of(request), form.definition(), operation=data["operation"], reason=data["reason"]
        )
    except AlreadyPerformed as error:
        return already(request, error)
    if isinstance(outcome, Applied):
        count = outcome.value.case_count
        told = "Kayse did not tell how many cases it has" if count is None else f"{number(count)} cases"
        htmx.toast(request, f"List created: {told}.")
        return htmx.redirect(request, detail_url(outcome.value.id))
    return retry_or_tell(request, outcome, form, lambda status: _page(request, form, names, status=status))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Set a list anew. The form opens with everything that is known, with what was attached by hand since."""
    lists, names, known = find_living(pk), labels.current(), ledger.known(pk)
    if request.method != "POST":
        form = DefinitionForm(labels=names, initial=_initial(lists, known))
        return _page(request, form, names, lists=lists, known=known)
    form = DefinitionForm(request.POST, labels=names)
    if first := performed(form):
        return already(request, first)
    if form.is_valid():
        _check_meanwhile(form, known)
    if not form.is_valid():
        return _page(request, form, names, lists=lists, known=known, status=422)
    data = form.cleaned_data
    try:
        outcome = services.edit(
            actor_of(request),
            lists,
            form.definition(),
            operation=data["operation"],
            before=known.carried,
            reason=data["reason"],
        )
    except AlreadyPerformed as error:
        return already(request, error)
    if isinstance(outcome, Applied):
        htmx.toast(request, change_words("List saved", lists))
        return htmx.redirect(request, detail_url(pk))
    return retry_or_tell(
        request,
        outcome,
        form,
        lambda status: _page(request, form, names, lists=lists, known=known, status=status),
    )


def _initial(lists: CaseList, known: Known) -> dict[str, Any]:
    definition = known.carried or Definition(lists.name, lists.description or "")
    return {**DefinitionForm.of(definition), "version": known.version}


def _check_meanwhile(form: DefinitionForm, known: Known) -> None:
    """Refuse a form that was opened on an older definition, and a set of an unknown one that nobody has asked for."""
    if form.cleaned_data["version"] != known.version:
        form.put("version", "" if known.version is None else str(known.version))
        form.add_error(
            None,
            f"Somebody saved version {known.version} of this list while the form was open. "
            "Your entries are kept; compare them with the list's page before you save.",
        )
    elif known.definition is None and not form.cleaned_data["understood"]:
        form.add_error("understood", "Say that you understand this, or leave the list as it is.")


def _page(
    request: HttpRequest,
    form: DefinitionForm,
    names: Labels,
    *,
    lists: CaseList | None = None,
    known: Known | None = None,
    status: int = 200,
) -> HttpResponse:
    if known is None or known.definition is not None:
        form.fields.pop("understood", None)
    context = {
        "form": form,
        "list": lists,
        "known": known,
        "count": count_words(lists) if lists else "",
        "cancel_url": detail_url(lists.pk) if lists else reverse("caselists_ui:index"),
        **_summary(form, names, lists, known),
    }
    return render(request, "caselists_ui/builder.html", context, status=status)


def _summary(
    form: DefinitionForm, names: Labels, lists: CaseList | None, known: Known | None
) -> dict[str, Any]:
    """What the panel beside the form says about the form as it is now."""
    if form.is_bound:
        definition = form.definition()
    else:
        definition = (known.carried if known else None) or Definition(lists.name if lists else "")
    context: dict[str, Any] = {
        "summary": summary.of_definition(definition, names, lists=lists, known=known),
        "include_told": summary.pasted_words(form.pasted("include_ids")),
        "exclude_told": summary.pasted_words(form.pasted("exclude_ids")),
    }
    if lists and known:
        loss = summary.loss(known, definition.selection)
        context |= {
            "list": lists,
            "known": known,
            "loss": loss,
            "replay": [summary.step_words(step, names) for step in loss.replay],
        }
    return context


@require_POST
@requires(Capability.LISTS_EDIT)
def preview(request: HttpRequest) -> HttpResponse:
    """The summary of a builder's form as it is typed; costs no request."""
    names = labels.current()
    form = DefinitionForm(request.POST, labels=names)
    form.is_valid()
    pk = parse_id(request.POST.get("pk", ""))
    lists = find_living(pk) if pk else None
    known = ledger.known(pk) if pk else None
    context = _summary(form, names, lists, known)
    return render(request, "caselists_ui/_summary.html", {**context, "most": MOST_IDS, "live": True})
