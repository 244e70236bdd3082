"""The page of a checked file: what a start would do, and the rows that somebody has to look at before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from clients_ui.imports import services, twins
from clients_ui.imports.forms import StartForm
from clients_ui.imports.mapping import Options
from clients_ui.imports.models import ERROR, OPEN, Import
from kayse_admin import htmx
from kayse_admin.actors import Actor, actor_of
from kayse_admin.converters import parse_id
from kayse_admin.jobs import planning
from kayse_admin.jobs.models import Job, Row
from kayse_admin.templatetags.ui import number

#: Bad rows that are shown to be fixed in the browser at a time.
MOST_SHOWN = 20
#: The rows that somebody has to look at.


def kept_file(pk: int) -> Import:
    """A file that was sent."""
    return get_object_or_404(Import.objects.select_related("job"), pk=pk)


def checked(pk: int) -> Import:
    """An import whose rows were checked; `ledger` holds them."""
    kept = kept_file(pk)
    if kept.job is None:
        raise Http404
    return kept


def answer(
    request: HttpRequest,
    kept: Import,
    form: StartForm,
    status: int = 200,
    problem: str = "",
    wrong: Row | None = None,
) -> HttpResponseBase:
    """The page; while a worker checks the file, how far it is. `wrong`: the row that is the reason of the problem."""
    job = kept.job
    assert job is not None
    if job.state == Job.State.PREPARING:
        return _checking(request, kept, job, status, problem)
    if job.state != Job.State.DRAFT:
        return htmx.redirect(request, reverse("jobs:detail", args=[job.pk]))
    context = {
        **plan_of(kept),
        **_rows(request, kept, wrong),
        "may_discard": services.may_discard(actor_of(request), kept),
        "same": services.same_file(kept),
        "form": form,
        "problem": problem or job.note,
    }
    return render(request, "clients_ui/imports/check.html", context, status=status)


def _checking(
    request: HttpRequest, kept: Import, job: Job, status: int = 200, problem: str = ""
) -> HttpResponseBase:
    context = {
        "kept": kept,
        "job": job,
        "done": min(job.total, kept.lines),
        "problem": problem,
        "may_discard": services.may_discard(actor_of(request), kept),
    }
    page, part = "clients_ui/imports/checking.html", "clients_ui/imports/_checking.html"
    return htmx.render(request, page, part, context, status=status)


def plan_of(kept: Import) -> dict[str, Any]:
    """What a start would do as things stand, for the page and for what changes on it when a row is mended."""
    counts = dict.fromkeys(_WORDS, 0) | (kept.counts or {})
    ready = counts["creates"] + counts["updates"]
    held = services.foreseen(kept)
    for row, _ in held:
        counts["updates" if row.target else "creates"] -= 1
    return {
        "kept": kept,
        "counts": counts,
        "known_from": datetime.fromtimestamp(counts["known_from"], UTC) if "known_from" in counts else None,
        "sentence": sentence(counts, len(held)),
        "held": held[:MOST_SHOWN],
        "held_count": len(held),
        "plan": planning.plan_rows(ready),
        "ready": ready,
        "shown_plan": services.plan_of(kept),
    }


def _rows(request: HttpRequest, kept: Import, wrong: Row | None) -> dict[str, Any]:
    """One page of the open rows. A page begins at a row and not at a count: who mends rows would else skip as many."""
    flag = wrong.flag if wrong else request.GET.get("show", "")
    flag = flag if flag in OPEN else ERROR
    first = parse_id(request.GET.get("from", "")) or 1
    if wrong and not ("from" in request.GET and request.GET.get("show") == flag):
        first = wrong.number
    found = Row.objects.filter(job=kept.job, outcome=Row.Outcome.FAILED, flag=flag)
    rows = list(found.filter(number__gte=first).order_by("number")[: MOST_SHOWN + 1])
    before = found.filter(number__lt=first).order_by("-number").values_list("number", flat=True)[:MOST_SHOWN]
    return {
        "flag": flag,
        "first": first,
        "rows": shown(actor_of(request), kept, rows[:MOST_SHOWN], wrong),
        "previous": min(before, default=None),
        "next": rows[MOST_SHOWN].number if len(rows) > MOST_SHOWN else None,
        "may_create": may_create(kept),
    }


def may_create(kept: Import) -> bool:
    """Whether a row may become a new client."""
    return Options.load(kept.options or {}).mode != "update"


def shown(actor: Actor, kept: Import, rows: Sequence[Row], focused: Row | None) -> list[dict[str, Any]]:
    """Rows as the page shows them: with their cells as controls, or with whom they may be."""
    asked = twins.asked(actor, kept, rows)
    return [{**_shown(kept, row, focused), "asked": asked.get(row.pk)} for row in rows]


def _shown(kept: Import, row: Row, focused: Row | None) -> dict[str, Any]:
    """A row with its cells as controls, the wrong ones marked; the focus goes to the first of these, or to the row."""
    source = row.source or {}
    cells = source.get("cells", [])
    wrong = source.get("places", [])
    whole = len(cells) == len(kept.header)
    is_focused = focused is not None and focused.pk == row.pk
    cell = next(iter(sorted(wrong)), None) if is_focused and whole and row.flag == ERROR else None
    return {
        "row": row,
        "is_open": row.flag in OPEN,
        "focus": is_focused and cell is None,
        "whole": whole,
        "cells": [
            # A control of one line would glue what a line break keeps apart.
            {
                "name": name or f"Column {at + 1}",
                "value": " ".join(cells[at].splitlines()),
                "wrong": at in wrong,
                "focus": at == cell,
                "at": at,
            }
            for at, name in enumerate(kept.header)
        ]
        if whole
        else [],
    }


#: Of one row these words would be wrong.
_SINGULAR = {"errors": "has an error", "twins": "may be a duplicate"}
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
    found = [(name, counts.get(name, 0), words) for name, words in _WORDS.items() if words]
    parts = [f"{number(n)} {_SINGULAR.get(name, words) if n == 1 else words}" for name, n, words in found]
    if held:
        parts.append(f"{number(held)} will be held back")
    return ", ".join(parts)
