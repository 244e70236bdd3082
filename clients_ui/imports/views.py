"""Screens of an import: the file, its columns, what the check found, the start."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients_ui.imports import background, bad_file, checking, mapping, mending, services
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
from kayse_admin.converters import parse_id
from kayse_admin.jobs import planning
from kayse_admin.jobs.models import Job, Row
from kayse_admin.templatetags.ui import number

HISTORY = 25
CHANGED = (
    "This is not what the page showed: somebody has changed it meanwhile. Look at it again, then import."
)
#: Bad rows that are shown to be fixed in the browser at a time.
MOST_SHOWN = 20
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
    context = {"form": form, "history": services.history()[:HISTORY]}
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
    kept = _kept(pk)
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
    kept = _checked(pk)
    assert kept.job is not None
    if kept.job.state == Job.State.PREPARING:
        context = {"kept": kept, "job": kept.job, "done": min(kept.job.total, kept.lines)}
        return htmx.render(
            request, "clients_ui/imports/checking.html", "clients_ui/imports/_checking.html", context
        )
    if htmx.is_fragment(request):
        return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]))
    return _check(request, kept, StartForm.fresh())


def _check(
    request: HttpRequest, kept: Import, form: StartForm, status: int = 200, shown: str = "", problem: str = ""
) -> HttpResponseBase:
    job = kept.job
    assert job is not None
    if job.state != Job.State.DRAFT:
        return htmx.redirect(request, reverse("jobs:detail", args=[job.pk]))
    counts = dict.fromkeys(_WORDS, 0) | (kept.counts or {})
    wanted = shown or request.GET.get("show", checking.ERROR)
    flag = wanted if wanted in (checking.ERROR, checking.TWIN) else checking.ERROR
    page = Paginator(Row.objects.filter(job=job, flag=flag).order_by("number"), MOST_SHOWN).get_page(
        request.GET.get("page", "1")
    )
    ready = counts["creates"] + counts["updates"]
    held = services.foreseen(kept)
    for row, _ in held:
        counts["updates" if row.target else "creates"] -= 1
    context = {
        "kept": kept,
        "counts": counts,
        "known_from": datetime.fromtimestamp(counts["known_from"], UTC) if "known_from" in counts else None,
        "sentence": sentence(counts, len(held)),
        "held": held[:MOST_SHOWN],
        "held_count": len(held),
        "plan": planning.plan_rows(ready),
        "ready": ready,
        "flag": flag,
        "page": page,
        "may_discard": services.may_discard(actor_of(request), kept),
        "may_create": Options.load(kept.options or {}).mode != "update",
        "rows": [_shown(kept, row) for row in page.object_list],
        "same": services.same_file(kept),
        "form": form,
        "shown_plan": services.plan_of(kept),
        "problem": problem or job.note,
    }
    return render(request, "clients_ui/imports/check.html", context, status=status)


_WORDS = {
    "creates": "will be created",
    "updates": "updated",
    "unchanged": "unchanged",
    "errors": "have errors",
    "twins": "may be duplicates",
    "again": "",
    "deleted": "",
    "opt_outs": "",
    "opt_ins": "",
    "rows": "",
}


def sentence(counts: dict[str, int], held: int = 0) -> str:
    """The plan in words: "1,204 will be created, 310 updated, 42 unchanged, 18 have errors, 5 may be duplicates"."""
    parts = [f"{number(counts.get(name, 0))} {words}" for name, words in _WORDS.items() if words]
    if held:
        parts.append(f"{number(held)} will be held back")
    return ", ".join(parts)


def _shown(kept: Import, row: Row) -> dict[str, Any]:
    """A row with its cells as controls, the wrong ones marked."""
    source = row.source or {}
    cells = source.get("cells", [])
    wrong = source.get("places", [])
    whole = len(cells) == len(kept.header)
    return {
        "row": row,
        "whole": whole,
        "twins": source.get("twins", []),
        "cells": [
            # A control of one line would glue what a line break keeps apart.
            {
                "name": name or f"Column {at + 1}",
                "value": " ".join(cells[at].splitlines()),
                "wrong": at in wrong,
                "at": at,
            }
            for at, name in enumerate(kept.header)
        ]
        if whole
        else [],
    }


@require_POST
@requires(Capability.CLIENTS_EDIT)
def fix(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Other cells for one row."""
    kept = _checked(pk)
    row = get_object_or_404(Row, job=kept.job, number=number)
    if row.flag != checking.ERROR:  # it was fixed already, as by a double click
        return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]))
    old = (row.source or {}).get("cells", [])
    cells = [request.POST.get(f"cell_{at}", cell)[:5_000] for at, cell in enumerate(old)]
    row = mending.fix(actor_of(request), kept, row, cells)
    if row.flag == checking.ERROR:
        return _check(request, kept, StartForm.fresh(), 422, problem=f"Line {row.line}: {row.reason}")
    htmx.toast(request, f"Line {row.line} is fixed")
    return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]))


@require_POST
@requires(Capability.CLIENTS_EDIT)
def decide(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """What becomes of a row that may be somebody who is known."""
    kept = _checked(pk)
    choice, _, twin = request.POST.get("choice", "").partition("-")
    if choice not in ("create", "update", "skip"):
        raise Http404
    row = get_object_or_404(Row, job=kept.job, number=number, flag=checking.TWIN)
    mending.decide(actor_of(request), kept, row, choice, parse_id(twin))
    return htmx.redirect(request, reverse("clients_ui:import_check", args=[pk]) + "?show=twin")


@require_safe
@requires(Capability.CLIENTS_EDIT)
def bad_rows(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows that cannot be sent, as they came, with a reason: to be put right and imported again."""
    kept = _checked(pk)
    told = Target("job", kept.job_id, kept.job.title if kept.job else "")
    recorder.fact(actor_of(request), Action.CLIENT_EXPORT, told, detail="Rows that cannot be sent.")
    return _csv_file(bad_file.lines(kept), f"bad-rows-{pk}.csv")


@require_POST
@requires(Capability.CLIENTS_EDIT)
def start(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Start the job; a double click starts it once."""
    kept = _checked(pk)
    assert kept.job is not None
    form = StartForm(request.POST, label_suffix="")
    if kept.job.state == Job.State.DRAFT:
        if not form.is_valid():
            return _check(request, kept, StartForm.fresh(), 422, problem="The form was not complete.")
        if services.same_file(kept) and not form.cleaned_data["again"]:
            form.add_error("again", "This file was imported before. Tick this to import it again.")
            return _check(request, kept, form, 422)
        if (kept.counts or {}).get("opt_ins") and not form.cleaned_data["reason"].strip():
            form.add_error("reason", "This import takes back opt-outs from calls: say why.")
            return _check(request, kept, form, 422)
        if not Row.objects.filter(job=kept.job, outcome="").exists():
            return _check(request, kept, form, 422, problem="There is nothing to send.")
        operation, reason, plan = (form.cleaned_data[name] for name in ("operation", "reason", "plan"))
        try:
            services.start(actor_of(request), kept, operation, reason, plan)
        except (services.PlanChanged, ValueError):  # or it takes back opt-outs since a moment ago
            return _check(request, _checked(pk), StartForm.fresh(), 422, problem=CHANGED)
    return htmx.redirect(request, reverse("jobs:detail", args=[kept.job.pk]))


@require_POST
@requires(Capability.CLIENTS_EDIT)
def discard(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Delete a file that was not started, with its rows."""
    kept = _kept(pk)
    if services.discard(actor_of(request), kept):
        htmx.toast(request, f"Discarded: {kept.file_name}")
        return htmx.redirect(request, reverse("clients_ui:import"))
    return htmx.redirect(request, reverse("jobs:detail", args=[kept.job_id]))


def _kept(pk: int) -> Import:
    return get_object_or_404(Import.objects.select_related("job"), pk=pk)


def _checked(pk: int) -> Import:
    """An import whose rows were checked; `ledger` holds them."""
    kept = _kept(pk)
    if kept.job is None:
        raise Http404
    return kept


def _csv_file(lines: Iterator[str], name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
