"""Mending the rows of a checked file before its start: other cells, or a word about who somebody is."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from clients_ui.imports import check_page, mending
from clients_ui.imports.forms import StartForm
from clients_ui.imports.models import ERROR, TWIN, Import
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.converters import parse_id
from kayse_admin.jobs.models import Job, Row


@require_POST
@requires(Capability.CLIENTS_EDIT)
def fix(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Other cells for one row."""
    kept = check_page.checked(pk)
    row = _row(kept, number)
    if row and row.flag == ERROR:  # else it was fixed already, as by a double click
        old = (row.source or {}).get("cells", [])
        cells = [request.POST.get(f"cell_{at}", cell)[:5_000] for at, cell in enumerate(old)]
        row = mending.fix(actor_of(request), kept, row, cells)
    return _answer(request, kept, row, ERROR)


@require_POST
@requires(Capability.CLIENTS_EDIT)
def decide(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """What becomes of a row that may be somebody who is known."""
    kept = check_page.checked(pk)
    choice, _, twin = request.POST.get("choice", "").partition("-")
    if choice not in ("create", "update", "skip"):
        raise Http404
    row = _row(kept, number)
    if row and row.flag == TWIN:  # else it was decided already, as in another tab
        row = mending.decide(actor_of(request), kept, row, choice, parse_id(twin))
    return _answer(request, kept, row, TWIN)


def _row(kept: Import, number: int) -> Row | None:
    """The row; None while the file is checked anew."""
    row = Row.objects.filter(job=kept.job, number=number).first()
    if row is None and _is_draft(kept):
        raise Http404
    return row


def _is_draft(kept: Import) -> bool:
    return Job.objects.filter(pk=kept.job_id or 0, state=Job.State.DRAFT).exists()


def _answer(request: HttpRequest, kept: Import, row: Row | None, was: str) -> HttpResponseBase:
    """The row as it is now, and what the start would do now.

    Under htmx the rest of the page stays as it is, with what was typed there. Without, the page is shown where the
    person was: at this row, or at the next one.
    """
    here = reverse("clients_ui:import_check", args=[kept.pk])
    if row is None or not _is_draft(kept):  # somebody has started it, or lets it be checked anew
        return htmx.redirect(request, here)
    status = 422 if row.flag == ERROR else 200
    if htmx.is_fragment(request):
        (one,) = check_page.shown(actor_of(request), kept, [row], row)
        context = {**check_page.plan_of(kept), "one": one, "flag": was}
        context |= {"first": _first(request, row), "may_create": check_page.may_create(kept)}
        return render(request, "clients_ui/imports/_mended.html", context, status=status)
    if status == 422:
        why = f"Line {row.line}: {row.reason}"
        return check_page.answer(request, kept, StartForm.fresh(), 422, why, wrong=row)
    if not row.flag:
        htmx.toast(request, f"Line {row.line} is {'fixed' if was == ERROR else 'decided'}")
    query = urlencode({"show": row.flag if row.flag == TWIN else was, "from": _first(request, row)})
    return htmx.redirect(request, f"{here}?{query}{_next(row, was)}")


def _first(request: HttpRequest, row: Row) -> int:
    """The row at which the person's page begins."""
    return parse_id(request.GET.get("from", "")) or row.number


def _next(row: Row, flag: str) -> str:
    """The anchor of this row, if it is to be looked at still, or of the next one."""
    if row.flag == TWIN:
        return f"#row-{row.number}"
    later = Row.objects.filter(job=row.job_id, outcome=Row.Outcome.FAILED, flag=flag, number__gt=row.number)
    number = later.order_by("number").values_list("number", flat=True).first()
    return f"#row-{number}" if number else "#bad"
