"""The reviewers' screens: the log of operations, one operation, the log as a file, and a person's finding."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render as render_page
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit import export as files
from kayse_admin.audit import queries, recorder, resolving, rows, saved
from kayse_admin.audit.actions import Action
from kayse_admin.audit.forms import FilterForm, ResolveForm
from kayse_admin.audit.records import Target
from kayse_admin.pager import Pager, address, size_links

_CURSORS = {"before": None, "after": None}


@require_safe
@requires(Capability.AUDIT_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """The log of operations, newest first, under the filter that the address asks for."""
    form = FilterForm(request.GET)
    context: dict[str, Any] = {"form": form, "more": [form[name] for name in form.MORE]}
    if not form.is_valid():
        return _log(request, context, status=422)
    filters, data = form.filters(), form.cleaned_data
    found = queries.page(filters, before=data["before"], after=data["after"], size=data["size"])
    chips = form.chips()
    context |= {
        "days": rows.by_day(found.operations),
        "turned": data["before"] is not None or data["after"] is not None,
        "searched_to": found.searched_to,
        "pager": _pager(request, filters, found, data["size"]),
        "chips": [(label, words, address(request, {name: None, **_CURSORS})) for name, label, words in chips],
        "filter_words": "; ".join(f"{label}: {words}" for _, label, words in chips),
        "more_open": any(name in form.MORE for name, _, _ in chips),
        "saved": saved.of(actor_of(request).id),
        "save_url": f"{reverse('audit:save')}?{request.GET.urlencode()}",
        "export_url": f"{reverse('audit:export')}?{request.GET.urlencode()}",
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


def _pager(request: HttpRequest, filters: queries.Filters, found: queries.Page, size: int) -> Pager:
    counted = queries.count(filters)
    return Pager(
        first=None,
        last=None,
        total=counted[0] if counted else None,
        capped=bool(counted and counted[1]),
        previous_url=address(request, {**_CURSORS, "after": found.newer}) if found.newer else "",
        next_url=address(request, {**_CURSORS, "before": found.older}) if found.older else "",
        size=size,
        sizes=tuple((n, address(request, {**_CURSORS, "size": n})) for n, _ in size_links(request)),
    )


@require_safe
@requires()
def operation(request: HttpRequest, operation: uuid.UUID) -> HttpResponse:
    """One operation: what it was, what changed, its whole life. For reviewers, and for the person who did it."""
    return _operation(request, operation)


def _operation(
    request: HttpRequest,
    pk: uuid.UUID,
    form: ResolveForm | None = None,
    status: int = 200,
    too_late: bool = False,
) -> HttpResponse:
    actor, found = actor_of(request), queries.one(pk)
    if found is None:
        raise Http404
    done, events = found
    opening, reviewer = done.opening, actor.can(Capability.AUDIT_VIEW)
    if not reviewer and (actor.id is None or actor.id != opening.actor_id):
        raise PermissionDenied
    unknown = done.result == "unknown"
    context = {
        "operation": done,
        "steps": rows.life(events),
        "target_url": rows.target_page(done, actor),
        "payload": rows.pretty(opening.payload),
        "answer": rows.pretty(done.closing.answer if done.closing else None),
        "gesture": queries.same_gesture(opening) if reviewer else [],
        "around": queries.around(done) if reviewer else [],
        "reviewer": reviewer,
        "form": form or ResolveForm(),
        "may_resolve": unknown and resolving.may_resolve(actor, opening),
        "too_late": too_late,
    }
    return render_page(request, "audit/operation.html", context, status=status)


@require_POST
@requires()
def resolve(request: HttpRequest, operation: uuid.UUID) -> HttpResponseBase:
    """Take a person's word for an unknown outcome: an administrator's, or that of the person who did it."""
    actor, found = actor_of(request), queries.one(operation)
    if found is None:
        raise Http404
    if not resolving.may_resolve(actor, found[0].opening):
        raise PermissionDenied
    form = ResolveForm(request.POST)
    if not form.is_valid():
        return _operation(request, operation, form, status=422)
    try:
        resolving.resolve(actor, operation, form.cleaned_data["finding"], form.cleaned_data["note"])
    except resolving.NotUnknown:
        return _operation(request, operation, status=409, too_late=True)
    htmx.toast(request, "Your finding is in the record.")
    return htmx.redirect(request, reverse("audit:operation", args=[operation]))


@require_safe
@requires(Capability.AUDIT_VIEW)
def export(request: HttpRequest) -> HttpResponseBase:
    """The operations that the filter finds, as a CSV file. That somebody took it is a fact in the record."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return _log(request, {"form": form, "more": [form[name] for name in form.MORE]}, status=422)
    up_to = queries.newest()
    asked = {name: words for name, _, words in form.chips()}
    recorder.fact(
        actor_of(request),
        Action.AUDIT_EXPORT,
        Target("audit", None, "as CSV"),
        payload={"filter": asked, "up_to_event": up_to, "format": "csv"},
    )
    response = StreamingHttpResponse(
        files.lines(form.filters(), up_to=up_to), content_type="text/csv; charset=utf-8"
    )
    name = f"audit-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
