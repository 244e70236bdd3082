"""The builder: make a list, or set one anew; and the summary beside every form, which costs no request."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from caselists_ui import exact, labels, ledger, services, summary
from caselists_ui.definition import (
    LENGTHS,
    STATUSES,
    TYPES,
    Definition,
    DefinitionError,
    Selection,
    parse_other,
    parse_selection,
)
from caselists_ui.forms import DefinitionForm, DefinitionJsonForm
from caselists_ui.ids import MOST_IDS
from caselists_ui.ledger import Known
from caselists_ui.models import CaseList, Version
from caselists_ui.views.common import (
    already,
    change_words,
    count_words,
    detail_url,
    find_living,
    performed,
    retry_or_tell,
    tell,
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
def load(request: HttpRequest) -> HttpResponseBase:
    """Open the builder with a definition out of JSON; nothing is sent."""
    form = DefinitionJsonForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "caselists_ui/load.html", {"form": form}, status=422 if form.is_bound else 200)
    names = labels.current()
    initial = DefinitionForm.of(form.cleaned_data["definition"])
    return _page(request, DefinitionForm(labels=names, initial=initial), names)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Set a list anew. The form opens with everything that is known, with what was attached by hand since.

    With `?version=2` it opens with that version: saving it brings the version back, as a new one.
    """
    lists, names, known = find_living(pk), labels.current(), ledger.known(pk)
    if request.method != "POST":
        initial = _initial(lists, known, request.GET.get("version"))
        return _page(request, DefinitionForm(labels=names, initial=initial), names, lists=lists, known=known)
    form = DefinitionForm(request.POST, labels=names)
    if first := performed(form):
        return already(request, first)
    if form.is_valid():
        _check_meanwhile(form, known)
    if not form.is_valid():
        return _page(request, form, names, lists=lists, known=known, status=422)
    try:
        return _save(request, lists, form, known)
    except AlreadyPerformed as error:
        return already(request, error)


def _save(request: HttpRequest, lists: CaseList, form: DefinitionForm, known: Known) -> HttpResponseBase:
    """Checkpoint, set, and what is done again: each an operation of its own, begun only after the one before."""
    actor, data, names = actor_of(request), form.cleaned_data, labels.current()

    def page(status: int) -> HttpResponse:
        return _page(request, form, names, lists=lists, known=known, status=status)

    operation = data["operation"]
    if data["checkpoint"]:
        first = uuid.uuid5(operation, "checkpoint")
        copied = services.duplicate(actor, lists, operation=first, reason=services.CHECKPOINT)
        if not isinstance(copied, Applied):
            return retry_or_tell(request, copied, form, page, operation=first)
    steps = known.replay if data["again"] else ()
    outcome = services.edit(
        actor,
        lists,
        form.definition(),
        operation=operation,
        before=known.carried,
        reason=data["reason"],
        recount=not steps,
    )
    if not isinstance(outcome, Applied):
        return retry_or_tell(request, outcome, form, page)
    if steps and (stopped := services.do_again(actor, lists, steps, operation=operation)):
        return tell(request, stopped[0], after_save=True)
    htmx.toast(request, change_words("List saved", lists))
    return htmx.redirect(request, detail_url(lists.pk))


def _initial(lists: CaseList, known: Known, version: str | None) -> dict[str, Any]:
    definition = known.carried or Definition(lists.name, lists.description or "")
    initial: dict[str, Any] = {"base": known.mark, "again": bool(known.replay)}
    if version is not None:
        found = Version.objects.filter(case_list=lists, number=parse_id(version) or 0).first()
        if found is None:
            raise Http404
        definition = ledger.defined(found)
        initial["reason"] = f"Back to version {found.number}"
    return {**DefinitionForm.of(definition), **initial}


def _check_meanwhile(form: DefinitionForm, known: Known) -> None:
    """Refuse a form that was opened on an older state, and a set of an unknown definition that nobody has asked for."""
    if form.cleaned_data["base"] != known.mark:
        form.put("base", known.mark)
        form.add_error(
            None,
            "This list was changed while the form was open. Your entries are kept: "
            "look at what saving them does now, and save again.",
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
    for name, shown in (
        ("understood", known and known.definition is None),
        ("checkpoint", known),
        ("again", known and known.replay),
    ):
        if not shown:
            form.fields.pop(name)
    context = {
        "form": form,
        "action": reverse("caselists_ui:edit", args=[lists.pk]) if lists else reverse("caselists_ui:new"),
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
    definition = form.definition() if form.is_bound else _opened(form)
    context: dict[str, Any] = {
        "may_count": exact.allowed(),
        "summary": summary.of_definition(definition, names, lists=lists, known=known),
        "include_told": summary.pasted_words(form.pasted("include_ids")),
        "exclude_told": summary.pasted_words(form.pasted("exclude_ids")),
    }
    if lists and known:
        loss = summary.loss(known, definition.selection)
        asked = form.cleaned_data if form.is_bound else form.initial
        context |= {
            "list": lists,
            "known": known,
            "cost": _cost(bool(asked.get("checkpoint")), len(loss.replay) if asked.get("again") else 0),
            "loss": loss,
            "does_again": bool(asked.get("again")),
            "replay": [summary.step_words(step, names) for step in loss.replay],
        }
    return context


def _cost(checkpoint: bool, again: int) -> str:
    """What saving costs, part by part."""
    parts = [(2, "the copy")] * checkpoint + [(1, "the change")]
    parts += [(again, f"{again} done again")] * bool(again) + [(1, "a look at the new number of cases")]
    return f"{sum(many for many, _ in parts)} requests: {', '.join(words for _, words in parts)}."


def _opened(form: DefinitionForm) -> Definition:
    """The definition with which a form opens."""
    told = form.initial
    filter_ = dict(parse_other(told.get("other_keys", "")))
    for key, name in ((TYPES, "case_types"), (STATUSES, "statuses")):
        if told.get(name):
            filter_[key] = list(told[name])
    selection = Selection(filter_, tuple(told.get("include_ids", ())), tuple(told.get("exclude_ids", ())))
    texts = {name: told.get(name, "") for name in LENGTHS}
    return Definition(selection=selection, is_obo=told.get("is_obo") == "yes" or None, **texts)


@require_POST
@requires(Capability.LISTS_EDIT)
def count(request: HttpRequest) -> HttpResponse:
    """The exact number of cases of a builder's form, where that is allowed; two requests."""
    form = DefinitionForm(request.POST, labels=labels.current())
    form.is_valid()
    try:
        selection = parse_selection(form.raw())
    except DefinitionError as error:
        return render(request, "caselists_ui/_count.html", {"problem": str(error)}, status=422)
    return render(request, "caselists_ui/_count.html", {"count": exact.count(actor_of(request), selection)})


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
