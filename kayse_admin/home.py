"""The first page: what happened today, what needs a person, and how much of the hour is left."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients_ui.models import Client
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor, actor_of
from kayse_admin.audit import inbox, queries, reading, recovery, rows
from kayse_admin.audit.fields import label_of
from kayse_admin.audit.filters import UNDER_WAY, Filters
from kayse_admin.audit.operation import Operation, badge_of
from kayse_admin.audit.queries import beginning
from kayse_admin.audit.records import RESULT_WORDS
from kayse_admin.jobs import unanswered

#: Operations on the page: the newest of today.
MOST_SHOWN = 8
#: Clients with lost values on the page; the client list has them all.
MOST_LOST = 10


@require_safe
@requires()
def index(request: HttpRequest) -> HttpResponse:
    """Home: everybody's day for those who review, one's own for the others."""
    actor = actor_of(request)
    reviewer = actor.can(Capability.AUDIT_VIEW)
    mine = None if reviewer else actor.id
    today = beginning(timezone.localdate())
    unseen = reading.hidden_kinds(actor) if reviewer else frozenset()
    filters = Filters(person=mine, since=today, changes_only=True, hidden=unseen)
    counts, capped = queries.tally(filters)
    waiting = _seen(actor, queries.unfinished(person=mine))
    looks = recovery.looks_of([one.opening.operation for one in waiting if not one.opening.job])
    looks |= unanswered.looks_of([one.opening.operation for one in waiting if one.opening.job])
    context: dict[str, Any] = {
        "reviewer": reviewer,
        "today": rows.heading(timezone.localdate()),
        "counts": _counts(dict(counts), reviewer),
        "capped": capped,
        "latest": _seen(actor, queries.page(filters, size=MOST_SHOWN).operations),
        "waiting": inbox.of(actor, [one for one in waiting if one.opening.operation not in looks]),
        "looked_at": [one for one in waiting if one.opening.operation in looks],
        "next_look": min(looks.values(), default=None),
        "lost": _lost() if actor.can(Capability.CLIENTS_VIEW) else [],
        "may": {str(capability): actor.can(capability) for capability in Capability},
        "log_url": reverse("audit:index") + "?when=today" if reviewer else "",
        "role": actor.role,
    }
    return render(request, "home.html", context)


def _seen(actor: Actor, operations: list[Operation]) -> list[Operation]:
    """What the person may read of these; other people's without personal values."""
    readable = [one for one in operations if reading.may_read(actor, one.opening)]
    return [one if reading.is_own(actor, one.opening) else one.hiding() for one in readable]


def _counts(found: dict[str, int], reviewer: bool) -> list[dict[str, Any]]:
    """How many operations of the day ended with each result; what never occurred is left out, but for "Done"."""
    return [
        {
            "words": words,
            "count": found.get(result, 0),
            "kind": badge_of(result),
            "url": f"{reverse('audit:index')}?when=today&result={result or UNDER_WAY}" if reviewer else "",
        }
        for result, words in RESULT_WORDS.items()
        if found.get(result) or result == "applied"
    ]


def _lost() -> list[dict[str, Any]]:
    """Clients of whom Kayse lost a value during an edit, until somebody has dealt with it."""
    found = Client.objects.filter(lost__isnull=False).only("first_name", "last_name", "lost").order_by("id")
    return [
        {
            "name": client.name,
            "url": reverse("clients_ui:detail", args=[client.pk]),
            "fields": ", ".join(label_of("client", name) for name in client.lost or {}),
        }
        for client in found[:MOST_LOST]
    ]
