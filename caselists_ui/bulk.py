"""Clients of a selection on a list, or off it: the kinds of jobs, and how they are started.

The vendor answers with a number of clients and names none. Where it is the number that was sent, all of them are done;
otherwise nobody knows which.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from caselists_ui import in_use, listing
from caselists_ui.in_use import CHANGED
from caselists_ui.models import CaseList
from clients_ui import bulk
from clients_ui.selection import changes
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Json, Target
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.registry import Became, Kind
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Outcome
from kayse_admin.kayse_api.schemas import ClientsMatched


class Append(Kind):
    """Put all cases of clients on a list. No look can tell what became of a request that was not answered."""

    name = "list_append"
    rows_are = "client"
    done_words = ("It was added", "They were added")
    action = Action.CASE_LIST_APPEND_CLIENTS
    capability = Capability.LISTS_EDIT
    words = "Append {} to “{}”"

    def target(self, job: Job) -> Target:
        """The list, so that its history has every request."""
        return Target("case_list", job.options["list"], job.options["name"])

    def overtaken(self, job: Job, rows: Sequence[Row]) -> dict[int, str]:
        """All of them when a campaign uses the list that did not when somebody said yes to this, or it is gone."""
        lists = CaseList.objects.select_for_update().filter(pk=job.options["list"]).first()
        use = in_use.of(job.options["list"])
        if lists and lists.gone_at:
            why = f"{CHANGED}: the list was deleted."
        elif use and in_use.told(use) != job.options.get("use"):
            why = f"{CHANGED}: {in_use.words(use)}."
        else:
            return {}
        return {row.number: why for row in rows}

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """The body of the request."""
        return {"client_ids": _ids(rows)}

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[ClientsMatched]:
        """One request."""
        return kayse.case_lists.append_clients(job.options["list"], _ids(rows))

    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: ClientsMatched, at: datetime
    ) -> list[Became]:
        """All of them, or nobody knows which."""
        listing.drop()
        if answer.client_count == len(rows):
            return [Became(Row.Outcome.UPDATED, row.target) for row in rows]
        counted = "no clients" if answer.client_count is None else f"{answer.client_count:,}"
        why = f"Kayse counted {counted} of these {len(rows):,} and does not say which."
        return [Became(Row.Outcome.UNKNOWN, row.target, why) for row in rows]

    def page_of(self, row: Row) -> str:
        """The client's page."""
        return bulk.page_of(row)

    def links(self, actor: Actor, job: Job) -> list[tuple[str, str]]:
        """The list."""
        return [("Open the list", reverse("caselists_ui:detail", args=[job.options["list"]]))]

    def ended(self, job: Job) -> None:
        """Read the new number of cases: the answers do not tell it. One request."""
        sent = job.chunks.exclude(operation=None).order_by("-sent_at").first()
        if sent is not None and sent.state == Chunk.State.DONE:
            listing.reread(job.options["list"], job.options["name"], sent.operation)


class Remove(Append):
    """Take all cases of clients off a list."""

    name = "list_remove"
    done_words = ("It is removed", "They are removed")
    action = Action.CASE_LIST_REMOVE_CLIENTS
    words = "Remove {} from “{}”"

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[ClientsMatched]:
        """One request."""
        return kayse.case_lists.remove_clients(job.options["list"], _ids(rows))


def start(
    actor: Actor,
    kind: type[Append],
    lists: CaseList,
    client_ids: Sequence[int],
    operation: uuid.UUID,
    *,
    reason: str = "",
    typed: str = "",
) -> Job:
    """Start a job that puts the cases of these clients on a list, or takes them off; a worker makes the rows of many.

    Raises `in_use.NotConfirmed`.
    """
    actor.require(Capability.LISTS_EDIT)
    in_use.require(lists, typed, reason)
    title = kind.words.format(changes.clients_words(len(client_ids)), lists)
    options = {"list": lists.pk, "name": lists.name, "use": in_use.told(in_use.of(lists.pk))}
    return changes.begin(actor, kind, title, client_ids, operation, reason, options)


def _ids(rows: Sequence[Row]) -> list[int]:
    return [row.target for row in rows if row.target]
