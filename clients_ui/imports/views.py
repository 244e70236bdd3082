"""Screens of an import: the file, its columns, the check, the start."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients_ui.imports import background, bad_file, check_page, mapping, services
from clients_ui.imports.check_page import checked, kept_file
from clients_ui.imports.decoding import NotACsv, Shape
from clients_ui.imports.forms import ColumnsForm, FileForm, StartForm
from clients_ui.imports.mapping import Options
from clients_ui.imports.models import Import
from clients_ui.write_views import PAGE
from kayse_admin import htmx, uploads
from kayse_admin.accounts.decorators import polled, requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.jobs import tallies
from kayse_admin.jobs.models import Job, Row
from kayse_admin.pager import of_page

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
    return _csv_file(bad_file.lines(kept), f"bad-rows-{pk}.csv")


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


def _csv_file(lines: Iterator[str], name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
