"""Screens that change everybody who is selected: each asks first, by the frozen selection, and leads to its job."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clients_ui import editing
from clients_ui.detail import values_of
from clients_ui.fields import BY_NAME
from clients_ui.forms import as_text
from clients_ui.selection import changes, services
from clients_ui.selection.forms import CHANGED, SHARED, ConfirmForm, FieldForm
from clients_ui.selection.models import Selection
from clients_ui.selection.views import mine, url_of
from kayse_admin import htmx
from kayse_admin.accounts.decorators import reauthenticated, requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor, actor_of
from kayse_admin.jobs import planning
from kayse_admin.jobs.models import Job
from kayse_admin.jobs.services import AT_ONCE
from kayse_admin.templatetags.ui import moment, number
from kayse_admin.typed_number import TYPED_ABOVE, ask_for

PAGE = ["GET", "HEAD", "POST"]

Start = Callable[[Actor, list[int], uuid.UUID, str], Job]


@dataclass(frozen=True)
class Question:
    """What is asked before a change: its words, what it costs, and what it starts.

    always_typed: the number is typed however small it is. records: what is known of the samples is shown. hidden: what
    was filled in before, if it was another form that led here.
    """

    action: str
    question: str
    verb: str
    facts: Sequence[str]
    cost: str
    start: Start
    danger: bool = True
    always_typed: bool = False
    records: bool = False
    hidden: Sequence[tuple[str, str]] = field(default=())


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def opt_out(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """Opt all of them out of calls; sent for those who are, too, as far as is known here."""
    selection = mine(request, selected)
    shape = services.shape(selection)
    change = {editing.OPT_OUT: True}
    return ask(
        request,
        selection,
        ConfirmForm(request.POST or None, selection.edits),
        Question(
            url_of(selection, "selected_opt_out"),
            f"Opt {changes.clients_words(selection.count)} out of calls?",
            "Opt out",
            (
                "Kayse will not call them any more. "
                f"Opted out already, as far as is known here, and sent again to be sure: {number(shape.opted_out)}.",
                "Taking an opt-out back needs a permission of its own and a reason.",
                *shape.left_out,
            ),
            cost_words(shape.living),
            lambda actor, ids, operation, reason: changes.edit(actor, ids, change, operation, reason),
        ),
    )


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def edit(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """One field for all: choose it, give its value, confirm."""
    selection = mine(request, selected)
    name = (request.POST if request.method == "POST" else request.GET).get("field", "")
    if name not in SHARED:
        return _compose(request, selection, None, 422 if request.method == "POST" else 200)
    may_lift = actor_of(request).can(Capability.CLIENTS_OPT_IN)
    form = FieldForm(request.POST or None, selection.edits, name, may_lift=may_lift)
    if not form.is_valid():
        return _compose(request, selection, form, 422 if form.is_bound else 200)
    return ask(request, selection, form, _field_question(selection, form, name))


def _field_question(selection: Selection, form: FieldForm, name: str) -> Question:
    """What is asked before one field is set for all."""
    shape, value, label = services.shape(selection), form.change[name], BY_NAME[name].label
    # An empty field may be one that was never told, which is sent.
    known = services.clients(selection).filter(gone_at=None)
    is_sent = value is None or (name == editing.OPT_OUT and value is True)
    same = 0 if is_sent else known.filter(**{name: value}).count()
    return Question(
        url_of(selection, "selected_edit"),
        f"Set {label} to {_value_words(name, value)} for {changes.clients_words(selection.count)}?",
        "Change them",
        (
            f"Not sent, because they have this value already as far as is known here: {number(same)}.",
            "What was known before is kept, and the job's page offers to put it back, as far as it was known.",
            *shape.left_out,
        ),
        cost_words(shape.living - same),
        lambda actor, ids, operation, reason: changes.edit(actor, ids, form.change, operation, reason),
        danger=value is None or value is False,
        hidden=form.sent(),
    )


def _value_words(name: str, value: Any) -> str:
    if value is None:
        return "nothing"
    if name == editing.OPT_OUT:
        return "“Opted out”" if value else "“May be called”"
    return f"“{as_text(name, value)}”"


def _compose(
    request: HttpRequest, selection: Selection, form: FieldForm | None, status: int
) -> HttpResponseBase:
    context = {
        "selection": selection,
        "form": form,
        "chosen": form.initial["field"] if form else "",
        "fields": [(name, BY_NAME[name].label) for name in SHARED],
        "cancel_url": url_of(selection),
    }
    return render(request, "clients_ui/selection/edit.html", context, status=status)


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_DELETE)
@reauthenticated
def delete(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """Delete all of them at Kayse, softly."""
    return _ask_to_delete(
        request,
        mine(request, selected),
        "selected_delete",
        "Delete {}?",
        "Delete them",
        "Kayse marks them as deleted and offers no way back: who was deleted by mistake has to be created anew, "
        "under another id. Their cases stay. Here they stay findable, marked as deleted.",
        start=changes.delete,
    )


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_DELETE_FOR_GOOD)
@reauthenticated
def purge(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """Delete all of them at Kayse for good. What is known of them is shown before, and kept."""
    return _ask_to_delete(
        request,
        mine(request, selected),
        "selected_purge",
        "Delete {} for good?",
        "Delete for good",
        "Kayse removes these records and their links to cases. Nothing brings them back, and there is no undo.",
        "What is known of them here is kept in the audit log and in the list, marked as deleted.",
        start=changes.purge,
        for_good=True,
    )


def _ask_to_delete(
    request: HttpRequest,
    selection: Selection,
    url: str,
    question: str,
    verb: str,
    *facts: str,
    start: Start,
    for_good: bool = False,
) -> HttpResponseBase:
    """The question of both ways to delete: what it does, who is left out, what it costs."""
    shape = services.shape(selection)
    asked = Question(
        url_of(selection, url),
        question.format(changes.clients_words(selection.count)),
        verb,
        (*facts, *shape.left_out),
        cost_words(shape.living),
        start,
        always_typed=for_good,
        records=for_good,
    )
    return ask(request, selection, ConfirmForm(request.POST or None, selection.edits), asked)


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def refresh(request: HttpRequest, selected: uuid.UUID) -> HttpResponseBase:
    """Ask Kayse again about them, a request each, within the cap: those first of whom the knowledge is oldest."""
    selection = mine(request, selected)
    many = min(selection.count, settings.REFRESH_MOST)
    facts = ["Nothing is changed at Kayse. The job leaves alone what is kept for people of each hour."]
    if many < selection.count:
        facts.append(
            f"At most {number(settings.REFRESH_MOST)} are asked about by one job: those of whom the knowledge here is "
            "oldest."
        )
    plan = planning.plan(many, many)
    question = Question(
        url_of(selection, "selected_refresh"),
        f"Ask Kayse again about {changes.clients_words(many)}?",
        f"Ask ({number(many)} request{'' if many == 1 else 's'})",
        facts,
        f"This takes {number(many)} request{'' if many == 1 else 's'} and leaves {number(plan.leaves)} of this hour. "
        f"Done about {moment(plan.done_at)}.",
        changes.refresh,
        danger=False,
    )
    return ask(request, selection, ConfirmForm(request.POST or None, selection.edits), question)


def ask(request: HttpRequest, selection: Selection, form: forms.Form, question: Question) -> HttpResponseBase:
    """Start the change when somebody said yes to this state of the selection, and typed its number where it is asked
    for; else ask."""
    typed = str(selection.count) if question.always_typed or selection.count > TYPED_ABOVE else ""
    said = request.method == "POST" and (not question.hidden or "confirmed" in request.POST)
    if said and form.is_valid():
        ids, told = services.ids(selection), form.cleaned_data
        if not services.is_as(selection):
            form.add_error(None, CHANGED)
        elif typed and request.POST.get("confirm", "").strip() != typed:
            form.add_error(None, ask_for(typed))
        else:
            job = question.start(actor_of(request), ids, told["operation"], told["reason"])
            return htmx.redirect(request, reverse("jobs:detail", args=[job.pk]))
    samples = services.samples(selection)
    context = {
        "selection": selection,
        "question": question.question,
        "verb": question.verb,
        "danger": question.danger,
        "facts": question.facts,
        "cost": question.cost,
        "form": form,
        "hidden": [*question.hidden, ("confirmed", "yes")] if question.hidden else (),
        "samples": samples,
        "records": [(one.name, one.pk, values_of(one)) for one in samples] if question.records else (),
        "file_url": url_of(selection, "selected_export") if question.records else "",
        "more": selection.count - len(samples),
        "confirm_number": typed,
        "action": question.action,
        "cancel_url": url_of(selection),
    }
    return htmx.render(
        request,
        "components/dialog_page.html",
        "clients_ui/selection/_confirm.html",
        context,
        status=422 if form.errors else 200,
    )


def cost_words(rows: int) -> str:
    """What sending so many rows takes, and when the result is there."""
    if rows <= 0:
        return "As far as is known here there is nothing to send: this takes no request."
    plan = planning.plan_rows(rows)
    if rows <= AT_ONCE:
        reads = min(rows, settings.JOB_VERIFY_REQUESTS)
        return (
            "This takes 1 request, and you see at once what became of each of them. "
            f"Up to {number(reads)} more if Kayse does not answer."
        )
    return (
        f"This takes {number(plan.requests)} request{'' if plan.requests == 1 else 's'} as a job, leaves "
        f"{number(plan.leaves)} of this hour, and is done about {moment(plan.done_at)}. "
        f"Up to {number(plan.more)} more if Kayse refuses a batch or an answer does not come."
    )
