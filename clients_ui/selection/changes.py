"""What is done to many clients that somebody has selected: edit, opt-out, delete, a look at Kayse; each is a job."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings

from clients_ui import bulk, editing
from clients_ui.models import Client
from clients_ui.selection import services
from clients_ui.selection.models import Selection
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.preparing import while_going
from kayse_admin.jobs.registry import Kind, kind_of
from kayse_admin.jobs.services import start, start_later

#: Names the making of these rows (`jobs.preparing`).
WAY = "selection"
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

    many = clients_words(len(ids))
    title = f"Edit {editing.labels(changes)} of {many}"
    opting_out = changes == {editing.OPT_OUT: True}
    if opting_out:
        title = f"Opt {many} out of calls"
    options = {"undo": not opting_out, "changes": dict(changes)}
    return begin(actor, bulk.Upsert, title, ids, operation, reason, options)


def delete(actor: Actor, ids: Sequence[int], operation: uuid.UUID, reason: str = "") -> Job:
    """Start a job that deletes these clients at Kayse, softly. The same operation id starts one job."""
    actor.require(Capability.CLIENTS_DELETE)
    title = f"Delete {clients_words(len(ids))}"
    return begin(actor, bulk.Delete, title, ids, operation, reason)


def purge(actor: Actor, ids: Sequence[int], operation: uuid.UUID, reason: str = "") -> Job:
    """Start a job that deletes these clients at Kayse for good. What is known of them goes into the record first."""
    actor.require(Capability.CLIENTS_DELETE_FOR_GOOD)

    title = f"Delete {clients_words(len(ids))} for good"
    return begin(actor, bulk.DeleteForGood, title, ids, operation, reason)


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


def begin(
    actor: Actor,
    kind: type[Kind],
    title: str,
    ids: Sequence[int],
    operation: uuid.UUID,
    reason: str,
    options: dict[str, Any] | None = None,
) -> Job:
    """Start a job for these clients, once for the same operation id; the rows of a large one are made by a worker.

    Of the `options` some say what the rows hold (`_row_of`), the others are the kind's own.
    """
    told = options or {}
    if len(ids) <= settings.IMPORT_CHECK_AT_ONCE:
        rows = rows_of(ids, _row_of(kind.name, told))
        return start(actor, kind, title, rows, operation, reason=reason, options=told)

    def making() -> dict[str, Any]:
        return {"selection": str(services.kept_for_job(ids).pk)}

    return start_later(
        actor, kind, title, WAY, operation, making, count=len(ids), reason=reason, options=told
    )


def make_rows(job: Job, going: Callable[[], bool]) -> None:
    """Make the rows of such a job and queue it: somebody has started it already."""
    actor, kept = ledger.owner(job), Selection.objects.filter(pk=job.options["selection"]).first()
    if actor is None or not actor.can(kind_of(job).capability):
        ledger.prepared(job, f"{job.owner_name} may not do this any more. Nothing was sent.")
        return
    ids = services.ids(kept) if kept else []
    if kept is None or len(ids) != job.options["count"]:
        ledger.prepared(job, "It is not known any more who was selected. Nothing was sent.")
        return
    ledger.add_rows(job, while_going(rows_of(ids, _row_of(job.kind, job.options)), going))
    if ledger.start_prepared(job, size=settings.KAYSE_BULK_ROWS):
        services.drop(kept)


def _row_of(kind: str, options: Mapping[str, Any]) -> Callable[[Client], Row]:
    """What makes the row of a client."""
    if kind == bulk.Upsert.name:
        return partial(_edited, options["changes"])
    return _whole if kind == bulk.DeleteForGood.name else _named


def _edited(changes: Mapping[str, Any], client: Client) -> Row:
    now = client.known()
    body = {name: value for name, value in changes.items() if editing.has_to_be_sent(name, value, now)}
    made = Row(target=client.pk, label=client.name[:200], body=body)
    made.before = {name: now[name] for name in body if name in now}
    if not body:
        made.outcome, made.reason = Row.Outcome.UNCHANGED, "Everything is as it is known here."
    return bulk.noting_opt_out(made, client)


def _whole(client: Client) -> Row:
    return Row(target=client.pk, label=client.name[:200], before=client.known())


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
