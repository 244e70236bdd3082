"""Screens of an import: the file, its columns, the check, the start, the undo."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients_ui.imports import background, check_page, checking, mapping, services, undoing
from clients_ui.imports.check_page import checked, kept_file
from clients_ui.imports.decoding import NotACsv, Shape
from clients_ui.imports.forms import ColumnsForm, FileForm, StartForm, UndoForm
from clients_ui.imports.mapping import Options
from clients_ui.imports.models import Import
from clients_ui.write_views import PAGE
from kayse_admin import htmx, uploads
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import polled, requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.cells import neutral
from kayse_admin.jobs import planning, tallies
from kayse_admin.jobs.models import Job, Row
from kayse_admin.pager import of_page
from kayse_admin.templatetags.ui import number

HISTORY = 25
CHANGED = (
    "This is not what the page showed: somebody has changed it meanwhile. Look at it again, then import."
)
_UPLOAD_WORDS = {
    uploads.TOO_LARGE: "The file is larger than what is taken here. Split it, or import it with the command.",
    uploads.NO_ROOM: "There was no room to store the file. Nothing was kept; tell an administrator.",
}


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def begin(request: HttpRequest) -> HttpResponseBase:
    """Send a file or paste rows; below, the imports so far."""
    if request.method != "POST":
        return _begin(request, FileForm(label_suffix=""))
    form = FileForm(request.POST, request.FILES, label_suffix="")
    problem = _UPLOAD_WORDS.get(uploads.problem_of(request), "")
    file = uploads.file_of(request, "file")
    pasted = request.POST.get("pasted", "")
    if not problem and not file and not pasted.strip():
        problem = "Choose a CSV file, or paste rows."
    if not problem:
        try:
            pieces = file.chunks(services.PIECE) if file else iter([pasted.encode("utf-8", "replace")])
            kept = services.keep(actor_of(request), (file.name if file else "") or "pasted.csv", pieces)
            return htmx.redirect(request, reverse("clients_ui:import_columns", args=[kept.pk]))
        except NotACsv as error:
            problem = str(error)
        except DatabaseError:
            problem = _UPLOAD_WORDS[uploads.NO_ROOM]
    form.is_valid()
    form.errors.clear()
    form.add_error("file", problem)
    status = 413 if uploads.problem_of(request) == uploads.TOO_LARGE else 422
    return _begin(request, form, status)


def _begin(request: HttpRequest, form: FileForm, status: int = 200) -> HttpResponseBase:
    page = Paginator(services.history(), HISTORY).get_page(request.GET.get("page", "1"))
    started = [kept.job for kept in page.object_list if kept.job.state not in Job.UNSTARTED]
    counted = tallies.of_many(started)
    history = [(kept, counted.get(kept.job_id)) for kept in page.object_list]
    context = {"form": form, "history": history, "pager": of_page(request, page)}
    return render(request, "clients_ui/imports/begin.html", context, status=status)


@require_safe
@requires(Capability.CLIENTS_EDIT)
def template(request: HttpRequest) -> HttpResponseBase:
    """A file with the columns that need no choosing."""
    out = io.StringIO()
    csv.writer(out).writerow(mapping.template_head())
    return _csv_file(iter(["\ufeff" + out.getvalue()]), "clients.csv")


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def columns(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say what each column is; the check of every row follows."""
    kept = kept_file(pk)
    if not kept.pieces.exists():
        return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]))
    if request.method != "POST":
        options = Options.load(kept.options) if kept.options else mapping.guess(kept.header)
        return _columns(request, kept, ColumnsForm.showing(kept.header, options))
    form = ColumnsForm(request.POST, header=kept.header)
    if not form.is_valid():
        return _columns(request, kept, form, 422)
    try:
        way = background.ask if background.is_long(kept) else services.check
        way(actor_of(request), kept, form.options())
    except NotACsv as error:
        form.add_error(None, str(error))
        return _columns(request, kept, form, 422)
    return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]))


def _columns(request: HttpRequest, kept: Import, form: ColumnsForm, status: int = 200) -> HttpResponseBase:
    context = {
        "kept": kept,
        "shape": Shape(kept.encoding, kept.delimiter),
        "form": form,
        "columns": form.columns(kept.sample),
        "may_discard": services.may_discard(actor_of(request), kept),
    }
    return render(request, "clients_ui/imports/columns.html", context, status=status)


@require_safe
@requires(Capability.CLIENTS_EDIT)
@polled
def check(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What the check found, and what a start would do; while a worker is at it, how far it is."""
    kept = checked(pk)
    assert kept.job is not None
    if htmx.is_fragment(request) and kept.job.state != Job.State.PREPARING:
        return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]))
    return check_page.answer(request, kept, StartForm.fresh())


@require_safe
@requires(Capability.CLIENTS_EDIT)
def bad_rows(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows that cannot be sent, as they came, with a reason: to be put right and imported again."""
    kept = checked(pk)
    told = Target("job", kept.job_id, kept.job.title if kept.job else "")
    recorder.fact(actor_of(request), Action.CLIENT_EXPORT, told, detail="Rows that cannot be sent.")
    return _csv_file(_bad(kept), f"bad-rows-{pk}.csv")


def _bad(kept: Import) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*map(neutral, kept.header), "line", "reason"])
    yield "\ufeff" + out.getvalue()
    bad = Row.objects.filter(job=kept.job, flag__in=(checking.ERROR, checking.TWIN))
    for row in bad.order_by("number").iterator(chunk_size=500):
        out.seek(0)
        out.truncate()
        cells = list(map(neutral, (row.source or {}).get("cells", [])))[: len(kept.header)]
        cells += [""] * (len(kept.header) - len(cells))
        writer.writerow([*cells, row.line, neutral(row.reason)])
        yield out.getvalue()


@require_POST
@requires(Capability.CLIENTS_EDIT)
def start(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Start the job; a double click starts it once."""
    kept = checked(pk)
    assert kept.job is not None
    if kept.job.state == Job.State.PREPARING:  # somebody lets it be checked anew, perhaps with other columns
        return check_page.answer(request, kept, StartForm.fresh(), 422, CHANGED)
    form = StartForm(request.POST, label_suffix="")
    if kept.job.state == Job.State.DRAFT:
        if not form.is_valid():
            return check_page.answer(
                request, kept, StartForm.fresh(), 422, problem="The form was not complete."
            )
        if services.same_file(kept) and not form.cleaned_data["again"]:
            form.add_error("again", "This file was imported before. Tick this to import it again.")
            return check_page.answer(request, kept, form, 422)
        if (kept.counts or {}).get("opt_ins") and not form.cleaned_data["reason"].strip():
            form.add_error("reason", "This import takes back opt-outs from calls: say why.")
            return check_page.answer(request, kept, form, 422)
        if not Row.objects.filter(job=kept.job, outcome="").exists():
            return check_page.answer(request, kept, form, 422, problem="There is nothing to send.")
        operation, reason, plan = (form.cleaned_data[name] for name in ("operation", "reason", "plan"))
        try:
            services.start(actor_of(request), kept, operation, reason, plan)
        except (services.PlanChanged, ValueError):  # or it takes back opt-outs since a moment ago
            return check_page.answer(request, checked(pk), StartForm.fresh(), 422, problem=CHANGED)
    return htmx.redirect(request, reverse("jobs:detail", args=[kept.job.pk]))


@require_POST
@requires(Capability.CLIENTS_EDIT)
def discard(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Delete a file that was not started, with its rows."""
    kept = kept_file(pk)
    if services.discard(actor_of(request), kept):
        htmx.toast(request, f"Discarded: {kept.file_name}")
        return htmx.redirect(request, reverse("clients_ui:import"))
    return htmx.redirect(request, reverse("jobs:detail", args=[kept.job_id]))


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Undo an import, or a change of a selection, as far as Kayse lets it: a dialog with the plan, then jobs."""
    job = get_object_or_404(Job, pk=pk, state__in=(Job.State.DONE, Job.State.CANCELLED))
    actor = actor_of(request)
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
    )
    if request.method == "POST" and form.is_valid() and (plan.deletes or plan.reverts):
        found = form.cleaned_data
        try:
            jobs = undoing.undo(
                actor, job, found["operation"], found["reason"], read_first=found.get("read_first", False)
            )
        except undoing.CannotUndo:  # the job's page names the jobs that undo it
            return htmx.redirect(request, reverse("jobs:detail", args=[pk]))
        return htmx.redirect(request, reverse("jobs:detail", args=[jobs[0].pk]))
    told = f"{number(without)} request{pluralize(without)}" + (
        f", or {number(reading)} with the reads" if plan.reverts else ""
    )
    context = {
        "question": f"Undo “{job.title}”?",
        "text": f"{_deleted(plan.deletes)}{number(plan.reverts)} get{pluralize(plan.reverts, 's,')} back the values "
        f"that were known before. {_left(plan.conflicts, plan.names)}",
        "verb": "Undo import" if Import.objects.filter(job=job).exists() else "Put the values back",
        "danger": True,
        "action": reverse("clients_ui:import_undo", args=[pk]),
        "cancel_url": reverse("jobs:detail", args=[pk]),
        "form": form,
        "cost": f"This takes {told}; {number(left)} {pluralize(left, 'is,are')} left in this hour.",
    }
    status = 422 if request.method == "POST" else 200
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )


def _deleted(count: int) -> str:
    which = f"client{pluralize(count)} that it created {pluralize(count, 'is,are')}"
    return f"{number(count)} {which} deleted at Kayse, without a way back. " if count else ""


def _left(count: int, names: Sequence[str]) -> str:
    verbs = ("was", "stays as it is") if count == 1 else ("were", "stay as they are")
    more = count - len(names)
    those = (
        f" Changed since: {', '.join(names)}{f' and {number(more)} more' if more else ''}." if names else ""
    )
    return f"{number(count)} {verbs[0]} changed since, as far as is known here, and {verbs[1]}.{those}"


def _csv_file(lines: Iterator[str], name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
