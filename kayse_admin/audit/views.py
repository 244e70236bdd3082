"""The reviewers' screens: the log of operations, one operation, the log as a file, and a person's finding."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as render_page
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.accounts.saved import offers
from kayse_admin.actors import Actor, actor_of
from kayse_admin.audit import export as files
from kayse_admin.audit import (
    followups,
    looks,
    numbers,
    queries,
    reading,
    recorder,
    remarks,
    rows,
    saved,
    seals,
)
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.forms import FilterForm, NoteForm, ResolveForm
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.records import Target
from kayse_admin.pager import Pager, address, size_links

_CURSORS = {"before": None, "after": None}
_EXPORTS = [("CSV, for people", "audit:export"), ("NDJSON, for programs", "audit:export_ndjson")]
_IN_FULL = [
    ("CSV with personal values", "audit:export_in_full"),
    ("NDJSON with personal values", "audit:export_ndjson_in_full"),
]


@require_safe
@requires(Capability.AUDIT_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """The log of operations, newest first, under the filter that the address asks for."""
    actor = actor_of(request)
    form = FilterForm(request.GET, reading.hidden_kinds(actor))
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return _log(request, context, status=422)
    filters, data = form.filters(), form.cleaned_data
    context |= _chosen(request, form)
    if filters.action == looks.ACTION:
        return _looks(request, filters, data, context)
    cursors = {"before": data["before"], "after": data["after"]}
    found = queries.page(filters, **cursors, size=data["size"], counting=True)
    counted = None if found.searched_to else found.counted
    pager = _turning(request, counted, found.older, found.newer, data["size"])
    forward = data["after"] is not None and data["before"] is None
    context |= {
        "days": rows.by_day(one.hiding() for one in found.operations),
        "turned": data["before"] is not None or data["after"] is not None,
        "searched_to": found.searched_to,
        "about": filters.target,
        "no_match": "No operation matches",
        "forward": forward,
        "search_on_url": pager.previous_url if forward else pager.next_url,
        "pager": pager,
        "exports": [(words, f"{reverse(name)}?{request.GET.urlencode()}") for words, name in _EXPORTS],
        "in_full": [(words, f"{reverse(name)}?{request.GET.urlencode()}") for words, name in _IN_FULL]
        if actor.can(Capability.AUDIT_REVEAL)
        else [],
    }
    return _log(request, context)


def _chosen(request: HttpRequest, form: FilterForm) -> dict[str, Any]:
    """The filter in words, each with the address without it; and those that are kept."""
    chips = form.chips()
    return {
        "chips": [(label, words, address(request, {name: None, **_CURSORS})) for name, label, words in chips],
        "filter_words": "; ".join(f"{label}: {words}" for _, label, words in chips),
        "more_open": any(name in form.MORE for name, _, _ in chips),
        "saved": offers(actor_of(request), saved.ROOM),
        "save_url": f"{reverse('audit:save')}?{request.GET.urlencode()}",
    }


def _looks(
    request: HttpRequest, filters: Filters, data: dict[str, Any], context: dict[str, Any]
) -> HttpResponse:
    """Who opened which client, under the same filter and with the same pages; no export: it is not in the record."""
    found = looks.page(filters, data["before"], data["after"], data["size"])
    pager = _turning(request, None, found.older, found.newer, data["size"])
    turned = data["before"] is not None or data["after"] is not None
    days = looks.by_day(found.looks, rows.heading)
    context |= {
        "look_days": days,
        "turned": turned,
        "pager": pager,
        "no_match": "Nobody opened such a client",
    }
    return _log(request, context)


def _log(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return htmx.render(
        request,
        "audit/index.html",
        "audit/_log.html",
        context,
        status=status,
        push_url=address(request, {}) if status == 200 else None,
    )


def _turning(
    request: HttpRequest, counted: tuple[int, bool] | None, older: int | None, newer: int | None, size: int
) -> Pager:
    return Pager(
        first=None,
        last=None,
        total=counted[0] if counted else None,
        capped=bool(counted and counted[1]),
        previous_url=address(request, {**_CURSORS, "after": newer}) if newer else "",
        next_url=address(request, {**_CURSORS, "before": older}) if older else "",
        size=size,
        sizes=tuple((n, address(request, {**_CURSORS, "size": n})) for n, _ in size_links(request)),
    )


@require_safe
@requires()
def operation(request: HttpRequest, operation: uuid.UUID) -> HttpResponse:
    """One operation: what it was, what changed, its whole life. For reviewers, and for the person who did it."""
    return _operation(request, operation)


def _found(actor: Actor, pk: uuid.UUID) -> tuple[Operation, list[Event]]:
    """The operation with its life, for somebody who may read it."""
    found = queries.one(pk)
    if found is None:
        raise Http404
    if not reading.may_read(actor, found[0].opening):
        raise PermissionDenied
    return found


def _operation(
    request: HttpRequest,
    pk: uuid.UUID,
    *,
    resolve_form: ResolveForm | None = None,
    note_form: NoteForm | None = None,
    revealed: bool = False,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    done, events = _found(actor, pk)
    opening, reviewer = done.opening, actor.can(Capability.AUDIT_VIEW)
    notes, unseen = queries.notes(opening), reading.hidden_kinds(actor)
    if not revealed and not reading.is_own(actor, opening):
        done = done.hiding()
    context = {
        "operation": done,
        "steps": rows.life(done, events),
        "notes": [(one, done.shown(one.detail)) for one in notes],
        "target_url": rows.target_page(done, actor),
        "parts": rows.parts_page(done, request) if done.is_about_many else None,
        "query": request.GET.urlencode(),
        "payload": rows.pretty(done, opening.payload),
        "answer": rows.pretty(done, done.closing.answer if done.closing else None),
        "gesture": _hiding(queries.same_gesture(opening, hidden=unseen)) if reviewer else [],
        "around": _hiding(queries.around(done)) if reviewer else [],
        "followups": followups.of(actor, done),
        "reviewer": reviewer,
        "conceals": done.hides and reading.conceals([*events, *notes]),
        "may_reveal": actor.can(Capability.AUDIT_REVEAL),
        "revealed": revealed,
        "form": resolve_form or ResolveForm(),
        "note_form": note_form or NoteForm(),
        "may_resolve": done.result == "unknown" and remarks.may_resolve(actor, opening),
        "too_late": status == 409,
    }
    return render_page(request, "audit/operation.html", context, status=status)


def _hiding(operations: list[Operation]) -> list[Operation]:
    return [operation.hiding() for operation in operations]


@require_POST
@requires(Capability.AUDIT_REVEAL)
def reveal(request: HttpRequest, operation: uuid.UUID) -> HttpResponse:
    """One operation with its personal values: an event of its own, each time."""
    actor = actor_of(request)
    done, _ = _found(actor, operation)
    remarks.reveal(actor, done)
    return _operation(request, operation, revealed=True)


@require_POST
@requires()
def resolve(request: HttpRequest, operation: uuid.UUID) -> HttpResponseBase:
    """Take a person's word for an unknown outcome: an administrator's, or that of the person who did it."""
    actor = actor_of(request)
    done, _ = _found(actor, operation)
    if not remarks.may_resolve(actor, done.opening):
        raise PermissionDenied
    form = ResolveForm(request.POST)
    if not form.is_valid():
        return _operation(request, operation, resolve_form=form, status=422)
    if form.cleaned_data["finding"] == "applied" and followups.has_to_be_named(done):
        form.add_error("finding", "Name what was made, by the step above: then it is known here, too.")
        return _operation(request, operation, resolve_form=form, status=422)
    try:
        remarks.resolve(actor, operation, form.cleaned_data["finding"], form.cleaned_data["because"])
    except remarks.NotUnknown:
        return _operation(request, operation, status=409)
    htmx.toast(request, "Your finding is in the record.")
    return htmx.redirect(request, reverse("audit:operation", args=[operation]))


@require_POST
@requires()
def note(request: HttpRequest, operation: uuid.UUID) -> HttpResponseBase:
    """Add a note to an operation: an event of its own."""
    actor = actor_of(request)
    done, _ = _found(actor, operation)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _operation(request, operation, note_form=form, status=422)
    remarks.note(actor, done, form.cleaned_data["note"])
    htmx.toast(request, "Your note is in the record.")
    return htmx.redirect(request, reverse("audit:operation", args=[operation]))


@require_safe
@requires(Capability.AUDIT_VIEW)
def in_numbers(request: HttpRequest) -> HttpResponse:
    """What the log adds up to, drawn and as tables."""
    charts = numbers.charts(settings.KAYSE_HOURLY_LIMIT, reading.hidden_kinds(actor_of(request)))
    return render_page(request, "audit/numbers.html", {"charts": charts})


_FILES = {"csv": (files.lines, "text/csv"), "ndjson": (files.objects, "application/x-ndjson")}


@require_safe
@requires(Capability.AUDIT_VIEW)
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The operations that the filter finds, as a file without personal values."""
    return _export(request, kind, in_full=False)


@require_POST
@requires(Capability.AUDIT_REVEAL)
def export_in_full(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The same with personal values."""
    return _export(request, kind, in_full=True)


def _export(request: HttpRequest, kind: str, *, in_full: bool) -> HttpResponseBase:
    """A file; that somebody took it is a fact in the record, and many rows ask again who it is."""
    actor = actor_of(request)
    form = FilterForm(request.GET, reading.hidden_kinds(actor), with_looks=False)
    if not form.is_valid():
        return _log(request, {"form": form}, status=422)
    filters = form.filters()
    counted = queries.count(filters)
    if counted is None or counted[1]:  # a search by text is not counted
        log = f"{reverse('audit:index')}?{request.GET.urlencode()}"
        if asked := ask_again(request, log if in_full else ""):
            return asked
    up_to = queries.newest()
    recorder.fact(
        actor,
        Action.AUDIT_EXPORT,
        Target("audit", None, f"as {kind.upper()}{' with personal values' if in_full else ''}"),
        payload={
            "filter": {name: words for name, _, words in form.chips()},
            "up_to_event": up_to,
            "format": kind,
            "head": seals.head(),
            "personal_values": in_full,
        },
    )
    write, content_type = _FILES[kind]
    lines = write(filters, up_to=up_to, hides=not in_full)
    response = StreamingHttpResponse(lines, content_type=f"{content_type}; charset=utf-8")
    name = f"audit-{timezone.localtime():%Y-%m-%d-%H%M}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
