"""Changing who is on a list: attach and detach cases, append and remove clients. First the cases, then a yes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from caselists_ui import in_use, labels, reversing, services, summary
from caselists_ui.definition import Selection, write_json
from caselists_ui.forms import ClientsForm, SelectionForm
from caselists_ui.ids import write_ids
from caselists_ui.known import Step
from caselists_ui.models import CaseList
from caselists_ui.views.common import (
    again,
    change_words,
    count_words,
    detail_url,
    find_living,
    not_confirmed,
    parse_uuid,
    retry_or_tell,
)
from clients_ui import cases
from clients_ui.models import Client
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit.actions import Action
from kayse_admin.audit.recorder import AlreadyPerformed
from kayse_admin.kayse_api.outcomes import Applied
from kayse_admin.typed_number import TYPED_ABOVE

MembersForm = SelectionForm | ClientsForm
SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Verb:
    """One of the four changes, in words for its pages."""

    name: str
    label: str
    done: str
    title: str
    preposition: str
    undo: str
    danger: bool
    #: "cases" to choose by filter and ids, "clients" to name by id.
    takes: str
    action: Action


ATTACH = Verb(
    "attach",
    "Attach",
    "Attached",
    "Attach cases",
    "to",
    "Detaching the same cases takes them off again, also those that were on the list before: "
    "Kayse does not tell which were.",
    False,
    "cases",
    Action.CASE_LIST_ATTACH,
)
DETACH = Verb(
    "detach",
    "Detach",
    "Detached",
    "Detach cases",
    "from",
    "Attaching the same cases puts them back, also those that were not on the list before.",
    True,
    "cases",
    Action.CASE_LIST_DETACH,
)
APPEND = Verb(
    "append",
    "Append",
    "Appended",
    "Append clients",
    "to",
    "Removing the same clients takes all of their cases off, also those that were on the list before.",
    False,
    "clients",
    Action.CASE_LIST_APPEND_CLIENTS,
)
REMOVE = Verb(
    "remove",
    "Remove",
    "Removed",
    "Remove clients",
    "from",
    "Appending the same clients puts all of their cases on the list, also those that were not on it before.",
    True,
    "clients",
    Action.CASE_LIST_REMOVE_CLIENTS,
)
_BY_FILTER = (
    "This cannot be taken back exactly: Kayse decides at that moment which cases match, and does not tell."
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def attach(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Put cases on a list, by ids, by filter, or both."""
    return _cases(request, pk, ATTACH)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def detach(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take cases off a list, by ids, by filter, or both."""
    return _cases(request, pk, DETACH)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def append(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Put all cases of some clients on a list."""
    return _clients(request, pk, APPEND)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take all cases of some clients off a list."""
    return _clients(request, pk, REMOVE)


@require_POST
@requires(Capability.LISTS_EDIT)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What the form for attaching or detaching says so far; costs no request."""
    find_living(pk)
    names = labels.current()
    form = SelectionForm(request.POST, labels=names)
    form.is_valid()
    return render(request, "caselists_ui/_summary.html", {**_panel(form), "live": True})


def _cases(request: HttpRequest, pk: int, verb: Verb) -> HttpResponseBase:
    lists, names = find_living(pk), labels.current()
    form = SelectionForm(
        request.POST if request.method == "POST" else _reversed(request, pk, verb), labels=names
    )
    return _change(
        request, lists, verb, form, lambda: (form.selection().payload(), _about_cases(form.selection(), verb))
    )


def _clients(request: HttpRequest, pk: int, verb: Verb) -> HttpResponseBase:
    lists = find_living(pk)
    initial = {"client_ids": request.GET.get("client_ids", "")}
    told = request.POST if request.method == "POST" else _reversed(request, pk, verb)
    form = ClientsForm(told, initial=initial)

    def asked() -> tuple[dict[str, Any], dict[str, Any]]:
        ids = form.cleaned_data["client_ids"]
        return {"client_ids": list(ids)}, _about_clients(ids, verb)

    return _change(request, lists, verb, form, asked)


def _reversed(request: HttpRequest, pk: int, verb: Verb) -> QueryDict | None:
    """`?reverse=<operation>`: the form that takes this operation back, filled in; 404 when nothing does so exactly.

    `?again=<operation>`: the form of one that was not done.
    """
    asked = next((name for name in ("reverse", "again") if name in request.GET), None)
    if asked is None:
        return None
    operation = parse_uuid(request.GET[asked])
    if operation is None:
        raise Http404
    reversal = reversing.one(pk, operation) if asked == "reverse" else None
    step = reversal.step if reversal else reversing.again(pk, operation) if asked == "again" else None
    if step is None or step.action is not verb.action:
        raise Http404
    return _filled(
        step, f"Reverses operation {operation}" if asked == "reverse" else f"Does operation {operation}"
    )


def _filled(step: Step, reason: str) -> QueryDict:
    """A step as somebody would have typed it."""
    data = QueryDict(mutable=True)
    if not step.client_ids:
        values = SelectionForm.values(step.selection)
        data.setlist("case_types", [str(number) for number in values["case_types"]])
        data.setlist("statuses", [str(number) for number in values["statuses"]])
        data["other_keys"], data["exclude_ids"] = values["other_keys"], write_ids(values["exclude_ids"])
    for name in ("include_ids", "client_ids"):
        data[name] = write_ids(step.payload.get(name, ()))
    data["operation"], data["reason"] = str(uuid.uuid4()), reason
    return data


def _change(
    request: HttpRequest,
    lists: CaseList,
    verb: Verb,
    form: MembersForm,
    asked: Callable[[], tuple[dict[str, Any], dict[str, Any]]],
) -> HttpResponseBase:
    """First the form, then the page that asks for a yes, then the change. `asked`: its payload, and words about it."""
    said_yes = "confirmed" in request.POST
    form.guard(lists, in_use.of(lists.pk), name=said_yes)
    # What only the second step asks is corrected there.
    if not form.is_valid() and (not said_yes or set(form.errors) - {"typed_name", "reason"}):
        return _compose(request, lists, verb, form, status=422 if form.is_bound else 200)
    payload, about = asked()
    if said_yes and not _typed(request, about["many"]):
        form.add_error(None, f"Type {about['many']} to confirm that you mean {about['what']}.")
    if not said_yes or not form.is_valid():
        return _confirm(request, lists, verb, form, about)

    def retry(status: int) -> HttpResponse:
        return _confirm(request, lists, verb, form, about, status=status)

    try:
        outcome = services.change_members(
            actor_of(request),
            lists,
            Step(verb.action, payload),
            operation=form.cleaned_data["operation"],
            **form.consent,
        )
    except AlreadyPerformed as error:
        return again(request, error, form, error.payload == payload, retry)
    except in_use.NotConfirmed as error:
        return not_confirmed(form, error, retry)
    if isinstance(outcome, Applied):
        matched = getattr(outcome.value, "matched_case_count", None)
        htmx.toast(request, change_words(verb.done, lists, matched))
        return htmx.redirect(request, detail_url(lists.pk))
    return retry_or_tell(request, outcome, form, retry)


def _typed(request: HttpRequest, many: int | None) -> bool:
    """Whether somebody typed the number where it is large."""
    return many is None or many <= TYPED_ABOVE or request.POST.get("confirm", "").strip() == str(many)


def _panel(form: SelectionForm) -> dict[str, Any]:
    names = labels.current()
    return {
        "faults": form.faults if form.is_bound else [],
        "summary": summary.of_selection(form.selection() if form.is_bound else Selection(), names),
        "include_told": summary.pasted_words(form.pasted("include_ids")),
        "exclude_told": summary.pasted_words(form.pasted("exclude_ids")),
    }


def _compose(
    request: HttpRequest, lists: CaseList, verb: Verb, form: MembersForm, *, status: int
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "list": lists,
        "verb": verb,
        "count": count_words(lists),
        "use": in_use.of(lists.pk),
        "cancel_url": detail_url(lists.pk),
    }
    if isinstance(form, SelectionForm):
        context |= _panel(form)
        return render(request, "caselists_ui/cases.html", context, status=status)
    return render(request, "caselists_ui/clients.html", context, status=status)


def _about_cases(selection: Selection, verb: Verb) -> dict[str, Any]:
    """What the page that asks for a yes says of cases."""
    told = summary.of_selection(selection, labels.current())
    many = len(selection.include_ids)
    known = cases.clients_of(selection.include_ids, SAMPLES) if many else ()
    return {
        "samples": [(client.pk, f"{client.name}, case {case}") for case, client in known or ()],
        "more_samples": many > len(known or ()) > 0,
        "no_samples": _no_samples(many, known),
        "what": "the cases that match" if selection.narrows else f"{many:,} case{'' if many == 1 else 's'}",
        "many": None if selection.narrows else many,
        "sentence": told.sentence,
        "json": told.json,
        "lints": told.lints,
        "undo": _BY_FILTER if selection.narrows else verb.undo,
    }


def _no_samples(many: int, known: Sequence[object] | None) -> str:
    """Why nobody is named although cases are."""
    if known is None:
        return f"Whose cases these are is not looked up among more than {cases.MOST_KNOWN:,} clients."
    return "None of these cases belongs to a client who is known here." if many and not known else ""


def _about_clients(ids: tuple[int, ...], verb: Verb) -> dict[str, Any]:
    """What the page that asks for a yes says of clients, with the first of them that are known here."""
    known = list(Client.objects.filter(pk__in=ids).order_by("pk")[: SAMPLES + 1])
    return {
        "what": f"all cases of {summary.clients_words(ids)}",
        "many": len(ids),
        "samples": [(client.pk, client.name) for client in known[:SAMPLES]],
        "unknown": len(ids) - Client.objects.filter(pk__in=ids).count(),
        "more_samples": len(known) > SAMPLES,
        "json": write_json({"client_ids": list(ids)}),
        "undo": verb.undo,
    }


def _confirm(
    request: HttpRequest,
    lists: CaseList,
    verb: Verb,
    form: MembersForm,
    about: dict[str, Any],
    *,
    status: int = 0,
) -> HttpResponse:
    """Ask for a yes: verb, list, number, sentence, who is called, cost, whether it can be taken back."""
    many = about["many"]
    if form.guarded is not None:
        form.fields["typed_name"].required = True
    context = {
        **about,
        "form": form,
        "question": f"{verb.label} {about['what']} {verb.preposition} “{lists}”?",
        "verb": f"{verb.label} {about['what']}",
        "danger": verb.danger,
        "list": lists,
        "count": count_words(lists),
        "cost": f"Costs {summary.CHANGE_COST}",
        "action": request.path,
        "cancel_url": detail_url(lists.pk),
        "hidden": form.sent(),
        "confirm_number": many if many and many > TYPED_ABOVE else None,
    }
    return htmx.render(
        request,
        "components/dialog_page.html",
        "caselists_ui/_confirm_members.html",
        context,
        status=status or (422 if form.errors else 200),
    )
