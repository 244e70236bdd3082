"""What is done to many clients that somebody has selected: edit, opt-out, delete, a look at Kayse; each is a job."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from clients_ui import bulk, editing
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.services import start

BATCH = 500


def edit(
    actor: Actor, ids: Sequence[int], changes: Mapping[str, Any], operation: uuid.UUID, reason: str = ""
) -> Job:
    """Start a job that sets these fields on these clients; who has the values already costs nothing, but
    for an opt-out, which is always sent.

    Clients that are not known here, or deleted, are named as failed. Lifting an opt-out needs its permission and a
    reason, without which it raises ValueError. The same operation id starts one job.
    """
    actor.require(Capability.CLIENTS_EDIT)
    if changes.get(editing.OPT_OUT) is False:
        actor.require(Capability.CLIENTS_OPT_IN)
        if not reason:
            raise ValueError("lifting an opt-out needs a reason")

    def row(client: Client) -> Row:
        now = client.known()
        body = {name: value for name, value in changes.items() if editing.has_to_be_sent(name, value, now)}
        made = Row(target=client.pk, label=client.name[:200], body=body)
        made.before = {name: now[name] for name in body if name in now}
        if not body:
            made.outcome, made.reason = Row.Outcome.UNCHANGED, "Everything is as it is known here."
        return made

    many = clients_words(len(ids))
    title = f"Edit {editing.labels(changes)} of {many}"
    opting_out = changes == {editing.OPT_OUT: True}
    if opting_out:
        title = f"Opt {many} out of calls"
    options = {"undo": not opting_out}
    return start(actor, bulk.Upsert, title, rows_of(ids, row), operation, reason=reason, options=options)


def delete(actor: Actor, ids: Sequence[int], operation: uuid.UUID, reason: str = "") -> Job:
    """Start a job that deletes these clients at Kayse, softly. The same operation id starts one job."""
    actor.require(Capability.CLIENTS_DELETE)
    title = f"Delete {clients_words(len(ids))}"
    return start(actor, bulk.Delete, title, rows_of(ids), operation, reason=reason)


def purge(actor: Actor, ids: Sequence[int], operation: uuid.UUID, reason: str = "") -> Job:
    """Start a job that deletes these clients at Kayse for good. What is known of them goes into the record first."""
    actor.require(Capability.CLIENTS_DELETE_FOR_GOOD)

    def row(client: Client) -> Row:
        return Row(target=client.pk, label=client.name[:200], before=client.known())

    title = f"Delete {clients_words(len(ids))} for good"
    return start(actor, bulk.DeleteForGood, title, rows_of(ids, row), operation, reason=reason)


def refresh(actor: Actor, ids: Sequence[int], operation: uuid.UUID, reason: str = "") -> Job:
    """Start a job that reads these clients again, a request each, at most `settings.REFRESH_MOST`: those of whom the
    knowledge is oldest."""
    actor.require(Capability.CLIENTS_EDIT)
    columns = ("told_at", "pk", "first_name", "last_name")
    known = (
        row
        for at in range(0, len(ids), BATCH)
        for row in Client.objects.filter(pk__in=ids[at : at + BATCH]).values_list(*columns)
    )
    oldest = heapq.nsmallest(settings.REFRESH_MOST, known)
    rows = (
        Row(target=pk, label=(" ".join(filter(None, (first, last))) or f"Client {pk}")[:200])
        for _, pk, first, last in oldest
    )
    title = f"Ask Kayse again about {clients_words(len(oldest))}"
    return start(actor, bulk.Refresh, title, rows, operation, reason=reason, at_once=0)


def clients_words(count: int) -> str:
    """ "1 client", "1,214 clients"."""
    return f"{count:,} client{'' if count == 1 else 's'}"


def _named(client: Client) -> Row:
    return Row(target=client.pk, label=client.name[:200])


def rows_of(ids: Sequence[int], row: Callable[[Client], Row] = _named) -> Iterator[Row]:
    """A row for each of these clients; who is not known here, or deleted, has failed before anything is sent."""
    unique = list(dict.fromkeys(ids))
    for at in range(0, len(unique), BATCH):
        batch = unique[at : at + BATCH]
        known = Client.objects.filter(gone_at=None).in_bulk(batch)
        for pk in batch:
            yield row(known[pk]) if pk in known else _missing(pk)


def _missing(pk: int) -> Row:
    return Row(target=pk, label=f"Client {pk}", outcome="failed", reason="Not known here, or deleted.")
