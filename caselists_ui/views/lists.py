"""The list of case lists, and the page of one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from caselists_ui import drafts, in_use, labels, ledger, listing, local, reversing
from caselists_ui.definition import Kind, write_json
from caselists_ui.fields import LONGEST_PASTE
from caselists_ui.ids import parse_pasted, write_ids
from caselists_ui.index_form import IndexForm
from caselists_ui.known import Known
from caselists_ui.listing import Listing, Query
from caselists_ui.models import CaseList, Reading, Version
from caselists_ui.services import CHECKPOINT, recorded
from caselists_ui.summary import step_words
from caselists_ui.views.common import detail_url, find, problem_of
from caselists_ui.views.members import APPEND
from caselists_ui.words import Labels, origin_words, sentence
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import diff
from kayse_admin.audit.fields import labels_of
from kayse_admin.audit.filters import CLOSING, OPENING
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.converters import parse_id
from kayse_admin.kayse_api.outcomes import Applied, Unknown
from kayse_admin.pager import Pager, address, size_links
from kayse_admin.templatetags.ui import day

#: How many of the newest counts of a list are drawn.
READINGS = 60


@require_safe
@requires(Capability.LISTS_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """The lists that a question finds; one request at most, shared by everybody for a minute."""
    form = IndexForm(request.GET)
    if not form.is_valid():
        context = {"form": form, "query": Query(), "rows": [], "refused": form.errors["q"][0], "q": ""}
        return htmx.render(
            request, "caselists_ui/index.html", "caselists_ui/_table.html", context, status=422
        )
    query = form.question()
    found, may_edit = listing.page(query), actor_of(request).can(Capability.LISTS_EDIT)
    context = {
        "q": query.key,
        "query": query,
        "rows": _rows(found.rows),
        "listing": found,
        "pager": _pager(request, query, found),
        "clear_url": reverse("caselists_ui:index"),
        "known": bool(found.rows) or CaseList.objects.filter(gone_at=None).exists(),
        "look_cost": listing.look_cost(),
        "may_edit": may_edit,
        "drafts": drafts.of(actor_of(request)) if may_edit and not htmx.is_fragment(request) else [],
    }
    return htmx.render(
        request,
        "caselists_ui/index.html",
        "caselists_ui/_table.html",
        context,
        push_url=_canonical(query),
    )


def _canonical(query: Query) -> str:
    told: dict[str, Any] = {
        "q": query.key,
        "hide_empty": "on" if query.hide_empty else "",
        "size": query.size if query.size != 25 else "",
        "page": query.page if query.page > 1 else "",
    }
    text = urlencode({name: value for name, value in told.items() if value})
    return reverse("caselists_ui:index") + (f"?{text}" if text else "")


def _pager(request: HttpRequest, query: Query, found: Listing) -> Pager:
    shown = len(found.rows)
    return Pager(
        first=query.first + 1 if shown else 0,
        last=query.first + shown if shown else 0,
        total=found.total,
        previous_url=address(request, {"page": query.page - 1 if query.page > 2 else None})
        if query.page > 1
        else "",
        next_url=address(request, {"page": query.page + 1}) if found.has_next else "",
        size=query.size,
        sizes=size_links(request),
    )


def _rows(lists: list[CaseList]) -> list[dict[str, Any]]:
    """One row a list, ready for the template; the number of queries does not grow with them."""
    names, known = labels.current(), ledger.known_of(row.pk for row in lists)
    used = in_use.of_many(row.pk for row in lists)
    moved = {reading.case_list_id for reading in _newest_readings(lists) if reading.moved_outside}
    return [
        {
            "list": row,
            "url": detail_url(row.pk),
            "moved": row.pk in moved,
            "origin": origin_words(row.origin),
            "until": f"In use until {day(used[row.pk].until)}" if row.pk in used else "",
            **_face(known[row.pk], names),
        }
        for row in lists
    ]


def _face(known: Known, names: Labels) -> dict[str, Any]:
    """Kind and sentence of a list, as far as its definition is known here."""
    carried = known.carried
    if carried is None:
        return {"kind": None, "sentence": None}
    beyond = known.beyond
    kind = Kind.HYBRID if beyond and carried.selection.kind is Kind.DYNAMIC else carried.selection.kind
    told = {"kind": kind, "sentence": sentence(carried.selection, names)}
    return {**told, "beyond": len(beyond), "undecided": len(known.undecided)}


@require_POST
@requires(Capability.LISTS_VIEW)
def look(request: HttpRequest) -> HttpResponseBase:
    """Look at every list at the vendor now, and note what has moved since the last time."""
    outcome = listing.look()
    if not isinstance(outcome, Applied):
        why = outcome.sentence if isinstance(outcome, Unknown) else problem_of(outcome)
        return render(request, "caselists_ui/look_failed.html", {"problem": why}, status=503)
    moved = sum(reading.moved_outside for reading in _newest_readings(CaseList.objects.filter(gone_at=None)))
    htmx.toast(request, f"Every list was looked at: {moved} moved outside.")
    return htmx.redirect(request, reverse("caselists_ui:index"))


def _newest_readings(lists: Iterable[CaseList]) -> list[Reading]:
    """What was noted last of each of these lists; one query."""
    newest = (
        Reading.objects.filter(case_list__in=[row.pk for row in lists])
        .values("case_list")
        .annotate(last=Max("id"))
    )
    return list(Reading.objects.filter(pk__in=[row["last"] for row in newest]))


@require_safe
@requires(Capability.LISTS_VIEW)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that is known of a list; costs no request."""
    return _detail(request, find(pk))


def _detail(request: HttpRequest, lists: CaseList, problem: str = "") -> HttpResponse:
    pk, names = lists.pk, labels.current()
    known = ledger.known(pk)
    carried = known.carried
    history = ledger.history(pk)
    reversals = reversing.of_history(pk, history)
    readings = list(Reading.objects.filter(case_list=lists).order_by("-id")[:READINGS])[::-1]
    context = {
        "list": lists,
        "use": in_use.of(pk),
        "known": known,
        "carried": carried,
        **_face(known, names),
        "types": [names.type(n) for n in carried.selection.type_ids] if carried else [],
        "statuses": [names.status(n) for n in carried.selection.status_ids] if carried else [],
        "other": write_json(carried.selection.other) if carried and carried.selection.other else "",
        "export": write_json(carried.export()) if carried else "",
        "steps": [(step, step_words(step, names)) for step in reversed(known.steps)],
        "versions": _versions(pk, names),
        "history": [(entry, reversals.get(entry.operation.opening.operation)) for entry in history],
        "checkpoints": _checkpoints(pk),
        "open": OpenOperation.objects.filter(target_kind="case_list", target_id=pk).order_by("opened_at"),
        "may_edit": actor_of(request).can(Capability.LISTS_EDIT) and not lists.gone_at,
        "readings": readings[-2::-1][:5],
        "moved": bool(readings) and readings[-1].moved_outside,
        "line": _line([reading.case_count for reading in readings if reading.case_count is not None]),
        "origins": [
            ("Made", origin_words(lists.origin)),
            ("Last changed", origin_words(lists.update_origin)),
        ],
        "problem": problem,
    }
    return render(request, "caselists_ui/detail.html", context, status=503 if problem else 200)


def _checkpoints(pk: int) -> list[dict[str, Any]]:
    """The copies that were made before an edit and are still there, newest first."""
    begun = Event.objects.filter(
        OPENING, target_kind="case_list", target_id=pk, action=Action.CASE_LIST_DUPLICATE, reason=CHECKPOINT
    ).order_by("-id")
    at = dict(begun.values_list("operation", "at"))
    ends = Event.objects.filter(CLOSING, operation__in=at, result="applied")
    made = dict(ends.values_list("operation", "target_id"))
    copies = CaseList.objects.filter(gone_at=None).in_bulk(made.values())
    return [
        {"copy": copies[made[operation]], "at": moment}
        for operation, moment in at.items()
        if made.get(operation) in copies
    ]


def _line(counts: list[int]) -> str:
    """The counts as the points of a small line in a box of 120 by 32; "" for fewer than two."""
    if len(counts) < 2:
        return ""
    low, span = min(counts), max(counts) - min(counts) or 1
    step = 120 / (len(counts) - 1)
    return " ".join(f"{place * step:.1f},{30 - 28 * (n - low) / span:.1f}" for place, n in enumerate(counts))


def _versions(pk: int, names: Labels) -> list[dict[str, Any]]:
    found = Version.objects.filter(case_list=pk).order_by("-number")[:50]
    after = _counts_after(found)
    return [
        {
            "version": version,
            "sentence": sentence(ledger.defined(version).selection, names),
            "after": after.get(version.operation),
        }
        for version in found
    ]


def _counts_after(versions: Iterable[Version]) -> dict[uuid.UUID | None, Reading]:
    """The number of cases that was read after each of these versions, by operation; one query."""
    operations = [version.operation for version in versions]
    return {reading.operation: reading for reading in Reading.objects.filter(operation__in=operations)}


@require_safe
@requires(Capability.LISTS_VIEW)
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A version in full, and what it changed; `?with=` names another version to compare it with."""
    lists, names = find(pk), labels.current()
    versions = {found.number: found for found in Version.objects.filter(case_list=pk).order_by("number")}
    other = parse_id(request.GET["with"]) if "with" in request.GET else max(1, number - 1)
    if number not in versions or other not in versions:
        raise Http404
    definition = ledger.defined(versions[number])
    context = {
        "list": lists,
        "version": versions[number],
        "after": _counts_after([versions[number]]).get(versions[number].operation),
        "other": versions[other],
        "versions": versions.values(),
        "sentence": sentence(definition.selection, names),
        "changes": labels.named(
            diff(
                recorded(ledger.defined(versions[other]), names),
                recorded(definition, names),
                labels_of("case_list"),
            ),
            names,
        ),
        "export": write_json(definition.export()),
        "may_edit": actor_of(request).can(Capability.LISTS_EDIT) and not lists.gone_at,
    }
    return render(request, "caselists_ui/version.html", context)


@require_safe
@requires(Capability.LISTS_VIEW)
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The definition as it is known, as a JSON file; 404 when it is not known."""
    carried = ledger.known(find(pk).pk).carried
    if carried is None:
        raise Http404
    response = HttpResponse(write_json(carried.export()) + "\n", content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="case-list-{pk}.json"'
    return response


@require_safe
@requires(Capability.LISTS_EDIT)
def pick(request: HttpRequest) -> HttpResponse:
    """Choose the list to which clients are appended; costs no request."""
    words = request.GET.get("q", "").strip()[:255]
    ids = write_ids(parse_pasted(request.GET.get("client_ids", "")[:LONGEST_PASTE]).ids)
    found, query = local.named(words), urlencode({"client_ids": ids})
    context = {
        "q": words,
        "verb": APPEND,
        "who": f"Clients {ids}" if ids else "The clients are named on the next page.",
        "kept": ids,
        "lists": [
            (one, f"{reverse('caselists_ui:append', args=[one.pk])}?{query}")
            for one in found[: local.MOST_PICKED]
        ],
        "more": len(found) > local.MOST_PICKED,
    }
    return render(request, "caselists_ui/pick.html", context)


@require_POST
@requires(Capability.LISTS_VIEW)
def recount(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ask the vendor for the number of cases now; one request."""
    lists = find(pk)
    outcome = listing.reread(pk, lists.name)
    if not isinstance(outcome, Applied):
        return _detail(
            request, lists, outcome.sentence if isinstance(outcome, Unknown) else problem_of(outcome)
        )
    return htmx.redirect(request, detail_url(pk))
