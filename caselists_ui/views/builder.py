"""The builder: make a list, or set one anew; and the summary beside every form, which costs no request."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caselists_ui import drafts, exact, in_use, labels, ledger, reversing, services, summary
from caselists_ui.definition import (
    LENGTHS,
    STATUSES,
    TYPES,
    Definition,
    DefinitionError,
    Selection,
    parse,
    parse_other,
    parse_selection,
)
from caselists_ui.forms import DefinitionForm, DefinitionJsonForm
from caselists_ui.ids import MOST_IDS
from caselists_ui.known import Known
from caselists_ui.models import CaseList, Draft, Version
from caselists_ui.views.common import (
    again,
    already,
    change_words,
    count_words,
    detail_url,
    find_living,
    not_confirmed,
    parse_uuid,
    performed,
    retry_or_tell,
    tell,
)
from caselists_ui.words import Labels, sentence
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
    form.guard(None, None)
    if not form.is_valid():
        return _page(request, form, names, status=422)
    data = form.cleaned_data
    try:
        outcome = services.create(
            actor_of(request), form.definition(), operation=data["operation"], reason=data["reason"]
        )
    except AlreadyPerformed as error:
        is_same = parse(error.payload) == form.definition()
        return again(request, error, form, is_same, lambda status: _page(request, form, names, status=status))
    if isinstance(outcome, Applied):
        drafts.discard(actor_of(request), data["draft"])
        count = outcome.value.case_count
        told = (
            "Kayse did not tell how many cases it has"
            if count is None
            else f"{number(count)} case{pluralize(count)}"
        )
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

    With `?version=2` it opens with that version: saving it brings the version back, as a new one. With
    `?reverse=<operation>` it opens with what that set had replaced, with `?sent` with what a set said whose outcome is
    unknown.
    """
    lists, names, known = find_living(pk), labels.current(), ledger.known(pk)
    if request.method != "POST":
        initial = _initial(lists, known, request)
        return _page(request, DefinitionForm(labels=names, initial=initial), names, lists=lists, known=known)
    form = DefinitionForm(request.POST, labels=names)
    form.guard(lists, in_use.of(pk))
    if first := performed(form):
        is_same = not form.is_valid() or parse(first.payload) == form.definition()
        return again(
            request,
            first,
            form,
            is_same,
            lambda status: _page(request, form, names, lists=lists, known=known, status=status),
        )
    if form.is_valid():
        _check_meanwhile(form, known)
    if not form.is_valid():
        return _page(request, form, names, lists=lists, known=known, status=422)
    try:
        return _save(request, lists, form, known)
    except AlreadyPerformed as error:
        return already(request, error)
    except in_use.NotConfirmed as error:
        return not_confirmed(
            form, error, lambda status: _page(request, form, names, lists=lists, known=known, status=status)
        )


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
        form.copied(CaseList.objects.get(pk=copied.value.id))
    steps = known.replay(form.selection()) if data["again"] else ()
    outcome = services.edit(
        actor,
        lists,
        form.definition(),
        operation=operation,
        before=known.carried,
        recount=not steps,
        **form.consent,
    )
    if not isinstance(outcome, Applied):
        return retry_or_tell(request, outcome, form, page)
    drafts.discard(actor, data["draft"])
    # The set may have renamed the list: whoever typed the old name has said yes to the whole.
    consent: in_use.Consent = {**form.consent, "typed": str(lists)}
    if steps and (left := services.do_again(actor, lists, steps, operation=operation, **consent)):
        return tell(request, left[0], left=left)
    htmx.toast(request, change_words("List saved", lists))
    return htmx.redirect(request, detail_url(lists.pk))


def _initial(lists: CaseList, known: Known, request: HttpRequest) -> dict[str, Any]:
    """What the form opens with: all that is known, a version, or what a set that is taken back had replaced."""
    version = request.GET.get("version")
    definition = known.carried or Definition(lists.name, lists.description or "")
    initial: dict[str, Any] = {"base": known.mark, "again": bool(known.beyond)}
    if version is not None:
        found = Version.objects.filter(case_list=lists, number=parse_id(version) or 0).first()
        if found is None:
            raise Http404
        definition = ledger.defined(found)
        initial["reason"] = f"Back to version {found.number}"
    elif "sent" in request.GET:
        if known.sent is None:
            raise Http404
        definition = known.sent
    elif "reverse" in request.GET:
        operation = parse_uuid(request.GET["reverse"])
        taken_back = reversing.one(lists.pk, operation) if operation else None
        if operation is None or taken_back is None or not taken_back.url:
            raise Http404
        definition = reversing.definition_before(operation)
        initial["reason"] = f"Reverses operation {operation}"
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
    elif known.asks and not form.cleaned_data["decided"]:
        form.add_error("decided", "Say that the list is to be so, whether those changes were done or not.")


def _page(
    request: HttpRequest,
    form: DefinitionForm,
    names: Labels,
    *,
    lists: CaseList | None = None,
    known: Known | None = None,
    status: int = 200,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    use = in_use.of(lists.pk) if lists else None
    if not form.is_bound:
        form.guard(lists, use)
    for name, shown in (
        ("understood", known and known.definition is None),
        ("decided", known and known.asks),
        ("checkpoint", known),
        ("again", known and known.beyond),
    ):
        if not shown:
            form.fields.pop(name)
    context = {
        "form": form,
        "drafts": _drafts(request, form, lists),
        "action": reverse("caselists_ui:edit", args=[lists.pk]) if lists else reverse("caselists_ui:new"),
        "list": lists,
        "known": known,
        "use": use,
        "count": count_words(lists) if lists else "",
        "sent": sentence(known.sent.selection, names) if known and known.sent else None,
        "cancel_url": detail_url(lists.pk) if lists else reverse("caselists_ui:index"),
        **_summary(form, names, lists, known),
        **(more or {}),
    }
    return render(request, "caselists_ui/builder.html", context, status=status)


def _drafts(request: HttpRequest, form: DefinitionForm, lists: CaseList | None) -> list[Draft]:
    """Other drafts that the person may rather want: of this list, or of new ones."""
    wanted, here = lists.pk if lists else None, str(form["draft"].value())
    return [one for one in drafts.of(actor_of(request)) if one.list_id == wanted and str(one.pk) != here]


@require_safe
@requires(Capability.LISTS_EDIT)
def resume(request: HttpRequest, draft: uuid.UUID) -> HttpResponse:
    """Open the builder with a draft. A list that was changed since is told; one that is gone makes it a new list's."""
    found, names = drafts.one(actor_of(request), draft), labels.current()
    if found is None:
        raise Http404
    form = DefinitionForm(drafts.opened(found), labels=names)
    form.put("operation", str(uuid.uuid4()))
    lists = CaseList.objects.filter(pk=found.list_id or 0, gone_at=None).first()
    known = ledger.known(lists.pk) if lists else None
    form.guard(lists, in_use.of(lists.pk) if lists else None)
    form.is_valid()
    faults = form.faults
    form.errors.clear()  # what is missing in a draft is no mistake yet
    if known:
        form.put("base", known.mark)
    meanwhile = ""
    if found.list_id and not lists:
        meanwhile = "The list that this draft was for is deleted. Saving it makes a new list."
    elif known and known.mark != found.base:
        meanwhile = (
            f"This list was changed since the draft was begun. {drafts.newer_words(found, known)}"
            "Look at what saving it does now: it sets the list to what stands here."
        )
    context = {"resumed": found, "meanwhile": meanwhile, "faults": faults}
    return _page(request, form, names, lists=lists, known=known, more=context)


def _summary(
    form: DefinitionForm, names: Labels, lists: CaseList | None, known: Known | None
) -> dict[str, Any]:
    """What the panel beside the form says about the form as it is now."""
    definition = form.definition() if form.is_bound else _opened(form)
    context: dict[str, Any] = {
        "may_count": exact.allowed(),
        "faults": form.faults if form.is_bound else [],
        "summary": summary.of_definition(definition, names, lists=lists, known=known),
        "include_told": summary.pasted_words(form.pasted("include_ids")),
        "exclude_told": summary.pasted_words(form.pasted("exclude_ids")),
    }
    if lists and known:
        loss = summary.loss(known, definition.selection, names)
        asked = form.cleaned_data if form.is_bound else form.initial
        context |= {
            "list": lists,
            "known": known,
            "cost": _cost(bool(asked.get("checkpoint")), len(loss.replay) if asked.get("again") else 0),
            "may_find": definition.selection.narrows or (bool(asked.get("again")) and loss.replay),
            "loss": loss,
            "does_again": bool(asked.get("again")),
            "replay": [summary.step_words(step, names) for step in loss.replay],
            "undecided": [(step, summary.step_words(step, names)) for step in known.undecided],
        }
    return context


def _cost(checkpoint: bool, again: int) -> str:
    """What saving costs, part by part."""
    parts = [(2, "the copy, a look at it")] * checkpoint + [(1, "the change")]
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
    """The summary of a builder's form as it is typed, which keeps the draft as well; costs no request."""
    names = labels.current()
    form = DefinitionForm(request.POST, labels=names)
    form.is_valid()
    pk = parse_id(request.POST.get("pk", ""))
    lists = find_living(pk) if pk else None
    known = ledger.known(pk) if pk else None
    context = _summary(form, names, lists, known)
    context["draft"] = drafts.keep(actor_of(request), form, pk)
    return render(request, "caselists_ui/_summary.html", {**context, "most": MOST_IDS, "live": True})
