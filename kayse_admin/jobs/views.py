"""Screens of the jobs: all of them, one with its progress, what can be done about it, its rows as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import polled, requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor, actor_of
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.cells import neutral
from kayse_admin.converters import parse_id
from kayse_admin.jobs import ending, ledger, planning, services, tallies, unanswered
from kayse_admin.jobs.models import HELD, OUTCOMES, Chunk, Job, Row
from kayse_admin.jobs.parts import ROW_BADGES
from kayse_admin.jobs.registry import Kind, kind_of
from kayse_admin.pager import of_page

A_PAGE = 25
#: Rows and requests that the page of a job names; the files have them all.
MOST_ROWS = 25
MOST_CHUNKS = 10
BADGES = {
    "queued": "info", "running": "accent", "waiting": "info", "paused": "warn", "cancelled": "neutral", "done": "ok",
    "preparing": "info", "draft": "bad",
}  # fmt: skip


@require_safe
@requires(Capability.CLIENTS_VIEW)
def index(request: HttpRequest) -> HttpResponseBase:
    """All jobs, newest first."""
    found = ledger.begun().order_by("-id")
    wanted = request.GET.get("page", "1")
    page = Paginator(found, A_PAGE).get_page(wanted)
    counted = tallies.of_many(page.object_list)
    jobs = [{"job": job, "tally": counted[job.pk], "badge": BADGES[job.state]} for job in page.object_list]
    return render(request, "jobs/index.html", {"jobs": jobs, "pager": of_page(request, page)})


@require_safe
@requires(Capability.CLIENTS_VIEW)
@polled
def detail(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One job: its progress is asked for again every two seconds while something may happen by itself."""
    job = _job(pk)
    actor = actor_of(request)
    if job.is_over and actor.id == job.owner_id and job.seen_at is None:
        Job.objects.filter(pk=pk).update(seen_at=timezone.now())
    return htmx.render(request, "jobs/detail.html", "jobs/_progress.html", context_of(actor, job))


@require_POST
@requires(Capability.CLIENTS_VIEW)
def seen(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Dismiss the notice that a job of one's own has ended; under htmx the page takes it away itself."""
    mine = Job.objects.filter(pk=pk, owner_id=actor_of(request).id or 0)
    if not mine.update(seen_at=timezone.now()):
        raise Http404
    return HttpResponse() if htmx.is_fragment(request) else htmx.redirect(request, reverse("jobs:index"))


def context_of(actor: Actor, job: Job) -> dict[str, Any]:
    """Everything that the page of a job shows."""
    tally, kind = ledger.tally(job), kind_of(job)
    rows = Row.objects.filter(job=job).defer("body", "before", "source").order_by("number")
    unknown = list(Row.objects.filter(job=job, outcome=Row.Outcome.UNKNOWN).order_by("number")[:MOST_ROWS])
    held = services.held(job)
    shown = list(held.defer("before", "source")[:MOST_ROWS])
    pages = kind.pages_of(shown) if shown else {}
    small = job.total <= services.AT_ONCE and (job.is_over or job.state == Job.State.WAITING)
    return {
        "job": job,
        # The request under way comes to its end behind a pause, too.
        "moves": job.is_active
        or job.state == Job.State.PREPARING
        or job.chunks.filter(state=Chunk.State.SENDING).exists(),
        "badge": BADGES[job.state],
        "tally": tally,
        "outcomes": [(kind.word(name), name, getattr(tally, name)) for name in OUTCOMES],
        "milestone": "" if tally.percent < 25 else f"{tally.percent // 25 * 25} percent done",
        "rest": planning.rest_of(job),
        "looks_at": unanswered.next_look(job),
        "chunks": job.chunks.exclude(state=Chunk.State.PENDING).order_by("-sent_at", "-pk")[:MOST_CHUNKS],
        "held": [(row, pages.get(row.number, "")) for row in shown],
        "held_count": held.count(),
        "most_decided": services.MOST_DECIDED,
        "failed": rows.filter(outcome=Row.Outcome.FAILED).exclude(flag=HELD)[: 0 if small else MOST_ROWS],
        "rows": [
            (row, ROW_BADGES[row.outcome], kind.page_of(row), kind.word(row.outcome))
            for row in _by_need(rows if small else ())
        ],
        "result_costs": kind.result_costs,
        "unknown": unknown,
        "twice": not all(kind.may_resend(row) for row in unknown),
        "done_words": kind.done_words,
        "together": _together(job, tally.unknown),
        "may_control": services.may_control(actor, job),
        "links": kind.links(actor, job),
        "files": kind.files(actor, job),
        "undone_by": Job.objects.filter(undoes=job.pk).order_by("pk"),
        "summary": ending.summary(job),
    }


def _together(job: Job, unknown: int) -> str:
    """Which rows the buttons for many of them are about; empty where there are no two."""
    count = services.decidable(job).count() if unknown > 1 else 0
    if count < 2:
        return ""
    those = (
        f"The first {services.MOST_DECIDED:,} of {count:,}"
        if count > services.MOST_DECIDED
        else f"All {count:,}"
    )
    return those if count == unknown else f"{those} with a Kayse id"


def _by_need(rows: Iterable[Row]) -> list[Row]:
    """First those that somebody should look at."""
    return sorted(rows, key=lambda row: row.outcome not in (Row.Outcome.FAILED, Row.Outcome.UNKNOWN))


def _control(request: HttpRequest, pk: int, what: str) -> HttpResponseBase:
    job = _job(pk)
    if services.control(actor_of(request), job, what):
        words = {"pause": "Paused", "resume": "Resumed", "cancel": "Cancelled"}
        htmx.toast(request, f"{words[what]}: {job.title}")
    return htmx.redirect(request, reverse("jobs:detail", args=[pk]))


@require_POST
@requires(Capability.CLIENTS_VIEW)
def pause(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send nothing more until somebody resumes."""
    return _control(request, pk, "pause")


@require_POST
@requires(Capability.CLIENTS_VIEW)
def resume(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Go on."""
    return _control(request, pk, "resume")


@require_POST
@requires(Capability.CLIENTS_VIEW)
def cancel(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send nothing more, for good."""
    return _control(request, pk, "cancel")


@require_POST
@requires(Capability.CLIENTS_VIEW)
def decide(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """A person's word about a row of which nobody knows what became."""
    job = _job(pk)
    choice = request.POST.get("choice", "")
    result = parse_id(request.POST.get("result", "").strip())
    row = Row.objects.filter(job=job, number=number).first()
    if row is None or choice not in services.CHOICES:
        raise Http404
    if choice == "there" and not (row.target or result):
        return _refusal(request, job, f"Row {number}: give the client's Kayse id, a whole number from 1.")
    try:
        if services.decide(actor_of(request), job, number, choice, result):
            htmx.toast(request, f"Row {number} is decided")
    except services.Refused as why:
        return _refusal(request, job, f"Row {number}: {why}")
    return htmx.redirect(request, reverse("jobs:detail", args=[pk]))


def _refusal(request: HttpRequest, job: Job, why: str) -> HttpResponseBase:
    context = {**context_of(actor_of(request), job), "problem": why, "fragment": "jobs/_progress.html"}
    return render(request, "jobs/detail.html", context, status=422)


@require_POST
@requires(Capability.CLIENTS_VIEW)
def decide_all(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same word about all rows of which nobody knows what became, or about all that were held back."""
    job, choice = _job(pk), request.POST.get("choice", "")
    if choice not in services.CHOICES:
        raise Http404
    way = services.decide_held if "held" in request.POST else services.decide_all
    try:
        many = way(actor_of(request), job, choice)
    except services.Refused as why:
        return _refusal(request, job, str(why))
    htmx.toast(request, f"{many} row{'' if many == 1 else 's'} decided")
    return htmx.redirect(request, reverse("jobs:detail", args=[pk]))


@require_safe
@requires(Capability.CLIENTS_EDIT, Capability.AUDIT_VIEW, Capability.LISTS_EDIT)
def download(request: HttpRequest, pk: int, outcome: str) -> HttpResponseBase:
    """The rows with one outcome as CSV; "left" for those that were not sent, "all" for all.

    A campaign manager takes those of the jobs of their own.
    """
    job, actor = _job(pk), actor_of(request)
    if not (
        actor.can(Capability.CLIENTS_EDIT) or actor.can(Capability.AUDIT_VIEW) or actor.id == job.owner_id
    ):
        raise PermissionDenied
    if outcome not in (*OUTCOMES, "left", "all"):
        raise Http404
    rows = Row.objects.filter(job=job).order_by("number")
    if outcome != "all":
        rows = rows.filter(outcome="" if outcome == "left" else outcome)
    if rows.count() > settings.EXPORT_ASKS_ABOVE and (
        question := ask_again(request, reverse("jobs:detail", args=[pk]))
    ):
        return question
    recorder.fact(
        actor_of(request), Action.CLIENT_EXPORT, services.target_of(job), detail=f"Rows: {outcome}."
    )
    found = rows.values_list("number", "line", "target", "result", "label", "outcome", "reason")
    response = StreamingHttpResponse(
        _csv(found.iterator(chunk_size=2_000), kind_of(job)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="job-{pk}-{outcome}.csv"'
    return response


class _Echo:
    """A file for the csv module that gives each line back."""

    def write(self, line: str) -> str:
        return line


def _csv(rows: Iterator[tuple[Any, ...]], kind: Kind) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(["row", "line", "kayse_id", "name", "outcome", "reason"])
    for number, line, target, result, label, outcome, reason in rows:
        yield writer.writerow(
            [
                number,
                line or "",
                result or target or "",
                neutral(label),
                kind.word(outcome).lower() if outcome else "not sent",
                neutral(reason),
            ]
        )


def _job(pk: int) -> Job:
    return get_object_or_404(ledger.begun(), pk=pk)
