"""Changes to many clients that somebody has selected: edit, opt-out and delete, as bulk jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.conf import settings

from clients_ui import bulk, editing
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.registry import Kind

BATCH = 500


def edit(
    actor: Actor, ids: Iterable[int], changes: Mapping[str, Any], operation: uuid.UUID, reason: str = ""
) -> Job:
    """Start a job that sets these fields on these clients; who has the values already costs nothing.

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
        body = {
            name: value
            for name, value in changes.items()
            if not (name in now and editing.same(name, value, now[name]))
        }
        made = Row(target=client.pk, label=client.name[:200], body=body)
        made.before = {name: now[name] for name in body if name in now}
        if not body:
            made.outcome, made.reason = Row.Outcome.UNCHANGED, "Everything is as it is known here."
        return made

    title = f"Edit {editing.labels(changes)} of many clients"
    return _start(actor, bulk.Upsert, title, (row(one) for one in _known(ids)), ids, operation, reason)


def delete(actor: Actor, ids: Sequence[int], operation: uuid.UUID, reason: str = "") -> Job:
    """Start a job that deletes these clients at Kayse, softly. The same operation id starts one job."""
    actor.require(Capability.CLIENTS_DELETE)
    rows = (Row(target=one.pk, label=one.name[:200]) for one in _known(ids))
    return _start(actor, bulk.Delete, "Delete many clients", rows, ids, operation, reason)


def _known(ids: Iterable[int]) -> Iterator[Client]:
    source = iter(dict.fromkeys(ids))
    while batch := list(islice(source, BATCH)):
        yield from Client.objects.filter(pk__in=batch, gone_at=None).order_by("pk")


def _missing(ids: Iterable[int], seen: set[int]) -> Iterator[Row]:
    for pk in dict.fromkeys(ids):
        if pk not in seen:
            yield Row(target=pk, label=f"Client {pk}", outcome="failed", reason="Not known here, or deleted.")


def _start(
    actor: Actor,
    kind: type[Kind],
    title: str,
    rows: Iterable[Row],
    ids: Iterable[int],
    operation: uuid.UUID,
    reason: str,
) -> Job:
    job, new = Job.objects.get_or_create(
        operation=operation,
        defaults={
            "kind": kind.name,
            "title": title[:200],
            "owner_id": actor.id or 0,
            "owner_name": actor.name[:200],
            "reason": reason[:200],
        },
    )
    if new:
        seen: set[int] = set()

        def noted() -> Iterator[Row]:
            for row in rows:
                seen.add(row.target or 0)
                yield row

        ledger.add_rows(job, noted())
        ledger.add_rows(job, _missing(ids, seen))
        ledger.start(job, size=settings.KAYSE_BULK_ROWS)
    return job
