"""The screen that undoes an import, or a change of a selection: a dialog with the plan, then jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clients_ui.imports import undoing
from clients_ui.imports.forms import UndoForm
from clients_ui.imports.models import Import
from clients_ui.write_views import PAGE
from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.jobs import planning
from kayse_admin.jobs.models import Job
from kayse_admin.templatetags.ui import number


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Undo an import, or a change of a selection, as far as Kayse lets it: a dialog with the plan, then jobs."""
    job = get_object_or_404(Job, pk=pk, state__in=(Job.State.DONE, Job.State.CANCELLED))
    if undoing.is_under_way(job):
        return _dialog(
            request, job, {"question": f"“{job.title}” cannot be undone yet", "text": UNDER_WAY}, 200
        )
    plan = undoing.plan(job)
    if plan.deletes and (question := ask_again(request)):
        return question
    without, reading = (plan.requests(read_first=wanted) for wanted in (False, True))
    left = planning.plan_rows(0).leaves
    form = UndoForm(
        request.POST or None,
        reads=plan.reverts,
        more=reading - without,
        initial=reading + settings.KAYSE_RESERVE <= left,
        to_type=plan.to_type,
    )
    is_for_service = plan.count or Job.objects.filter(undoes=pk).exists()  # as by a click that came twice
    if request.method == "POST" and is_for_service and form.is_valid():
        try:
            if jobs := _start(request, job, form):
                return htmx.redirect(request, reverse("jobs:detail", args=[jobs[0].pk]))
        except undoing.NotTyped as error:  # there are more by now than the page said
            form.add_error(None, str(error))
            plan = undoing.plan(job)
        except undoing.CannotUndo:  # the job's page names the jobs that undo it
            return htmx.redirect(request, reverse("jobs:detail", args=[pk]))
    nothing = {"question": f"Nothing to undo in “{job.title}”"}
    context = {"text": _text(plan), **(_question(job, plan, form, left) if plan.count else nothing)}
    return _dialog(request, job, context, 422 if request.method == "POST" else 200)


UNDER_WAY = "A request of it is still being sent. Come back when its answer is there."


def _dialog(request: HttpRequest, job: Job, context: dict[str, Any], status: int) -> HttpResponseBase:
    context |= {
        "action": reverse("clients_ui:import_undo", args=[job.pk]),
        "cancel_url": reverse("jobs:detail", args=[job.pk]),
    }
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )


def _start(request: HttpRequest, job: Job, form: UndoForm) -> list[Job]:
    found = form.cleaned_data
    return undoing.undo(
        actor_of(request),
        job,
        found["operation"],
        found["reason"],
        read_first=found.get("read_first", False),
        typed=form.typed,
    )


def _question(job: Job, plan: undoing.Plan, form: UndoForm, left: int) -> dict[str, Any]:
    without, reading = (number(plan.requests(read_first=wanted)) for wanted in (False, True))
    told = f"{without} request{pluralize(plan.requests(read_first=False))}"
    told += f", or {reading} with the reads" if plan.reverts else ""
    return {
        "question": f"Undo “{job.title}”?",
        "verb": "Undo import" if Import.objects.filter(job=job).exists() else "Put the values back",
        "danger": True,
        "form": form,
        "confirm_number": plan.to_type,
        "cost": f"This takes {told}; {number(left)} {pluralize(left, 'is,are')} left in this hour.",
    }


def _text(plan: undoing.Plan) -> str:
    """What it would do, and what it leaves."""
    done = [_deleted(plan.deletes), _put_back(plan.reverts)]
    if not plan.count:
        done = ["There is nothing to delete or to put back."]
    left = _left(plan.conflicts, plan.names) if plan.count or plan.conflicts else ""
    return " ".join(filter(None, (*done, _opt_outs(plan.opt_outs), left)))


def _put_back(count: int) -> str:
    told = f"{number(count)} get{pluralize(count, 's,')} back the values that were known before."
    return told if count else ""


def _opt_outs(count: int) -> str:
    which = f"opt-out{pluralize(count)} from calls {pluralize(count, 'stays,stay')}"
    return (
        f"{number(count)} {which}: taking one back needs a permission of its own and a reason."
        if count
        else ""
    )


def _deleted(count: int) -> str:
    which = f"client{pluralize(count)} that it created {pluralize(count, 'is,are')}"
    return f"{number(count)} {which} deleted at Kayse, without a way back." if count else ""


def _left(count: int, names: Sequence[str]) -> str:
    verbs = ("was", "stays as it is") if count == 1 else ("were", "stay as they are")
    more = count - len(names)
    those = (
        f" Changed since: {', '.join(names)}{f' and {number(more)} more' if more else ''}." if names else ""
    )
    return f"{number(count)} {verbs[0]} changed since, as far as is known here, and {verbs[1]}.{those}"
