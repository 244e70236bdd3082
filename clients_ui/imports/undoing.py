"""Undoing an import as far as the vendor lets it: delete what it created, put back what it changed."""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from django.conf import settings
from django.db import transaction

from clients_ui import bulk, editing
from clients_ui.fields import BY_NAME, is_empty
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.jobs.services import start as start_job
from kayse_admin.typed_number import TYPED_ABOVE, ask_for

BATCH = 1_000
#: Clients that stay as they are and are named.
MOST_NAMED = 10


class CannotUndo(Exception):
    """Nothing was started; the message says why."""


class NotTyped(CannotUndo):
    """So many clients are deleted or put back only for somebody who types their number."""

    def __init__(self, count: int) -> None:
        super().__init__(ask_for(count))


Step = Literal["delete", "revert", "conflict", "opt_out"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo would do: clients deleted, clients put back, and those that were changed since and stay."""

    deletes: int
    reverts: int
    conflicts: int
    #: Opt-outs from calls that stay: nobody is called again by an undo.
    opt_outs: int = 0
    #: The first of those that stay.
    names: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Clients that are deleted or put back."""
        return self.deletes + self.reverts

    @property
    def to_type(self) -> int | None:
        """The number that is typed by hand, where it is that large."""
        return self.count if self.count > TYPED_ABOVE else None

    def requests(self, *, read_first: bool) -> int:
        """How many it takes; with `read_first` each client that is put back is read before."""
        largest: int = settings.KAYSE_BULK_ROWS
        size = bulk.Revert.size if read_first else largest
        sent = math.ceil(self.deletes / largest) + math.ceil(self.reverts / size)
        return sent + (self.reverts if read_first else 0)


def plan(job: Job) -> Plan:
    """Count the steps; asks nobody but the directory."""
    counts, names = Counter[Step](), list[str]()
    for step, row in _steps(job):
        counts[step] += 1
        if step == "conflict" and len(names) < MOST_NAMED:
            names.append(row.label)
    return Plan(counts["delete"], counts["revert"], counts["conflict"], counts["opt_out"], tuple(names))


def undo(
    actor: Actor,
    job: Job,
    operation: uuid.UUID,
    reason: str = "",
    *,
    read_first: bool = True,
    typed: int | None = None,
) -> list[Job]:
    """Start the jobs that undo this one: one that deletes, one that puts back. Once for each job.

    The same operation id returns the jobs that it started; another one raises `CannotUndo`, as does a job that is not
    taken back like that. `typed`: the number of clients as somebody typed it; above 100 nothing is started without
    the right one (`NotTyped`).
    """
    actor.require(Capability.CLIENTS_DELETE)
    if not may_undo(job):
        raise CannotUndo("This job cannot be undone.")
    with transaction.atomic():
        Job.objects.select_for_update().get(pk=job.pk)  # two clicks take turns
        begun = list(Job.objects.filter(undoes=job.pk).order_by("pk"))
        if not begun and is_under_way(job):
            raise CannotUndo("A request of it is under way.")
        if not begun:
            counts = plan(job)
            if counts.to_type not in (None, typed):
                raise NotTyped(counts.count)
            return _start(actor, job, counts, operation, reason, read_first=read_first)
    if begun[0].operation not in {uuid.uuid5(operation, step) for step in ("delete", "revert")}:
        raise CannotUndo("This job was undone already.")
    return begun


def is_under_way(job: Job) -> bool:
    """Whether a request of it is still being sent: what that does could not be undone any more behind an undo."""
    return job.chunks.filter(state=Chunk.State.SENDING).exists()


def may_undo(job: Job) -> bool:
    """Whether such a job can be taken back: an import, or a change of a selection, that was not an opt-out."""
    return job.kind == bulk.Upsert.name and job.options.get("undo", True) is not False


def _start(
    actor: Actor, job: Job, counts: Plan, operation: uuid.UUID, reason: str, *, read_first: bool
) -> list[Job]:
    revert = bulk.Revert if read_first else bulk.Upsert
    jobs = []
    for step, count, kind, words in (
        ("delete", counts.deletes, bulk.Delete, "Delete what was created"),
        ("revert", counts.reverts, revert, "Put back what was changed"),
    ):
        if count:
            rows = (row for found, row in _steps(job) if found == step)
            own, title = uuid.uuid5(operation, step), f"{words}: {job.title}"
            jobs.append(start_job(actor, kind, title, rows, own, reason=reason, undoes=job.pk, at_once=0))
    return jobs


def _steps(job: Job) -> Iterator[tuple[Step, Row]]:
    """For each row that was done what would undo it, as far as the directory knows; a batch at a time.

    A field whose old value was not known cannot be put back; an opt-out from calls stays, and is a step of its own
    ("opt_out"), which is told and not done. Who was created and has been worked on since stays, too: nothing brings a
    deleted client back.
    """
    done = Row.objects.filter(job=job, outcome__in=("created", "updated"), result__isnull=False)
    source = done.order_by("number").defer("source").iterator(chunk_size=BATCH)
    listed = _listed(job)
    while batch := list(islice(source, BATCH)):
        known = Client.objects.in_bulk([row.result for row in batch])
        touched = listed | _touched(job, batch, known)
        for row in batch:
            client = known.get(row.result or 0)
            if client is None or client.gone_at:
                continue
            if row.outcome == Row.Outcome.CREATED and (client.pk in touched or _is_filled(row, client)):
                yield "conflict", _fresh(row, client)
            else:
                yield from _step(row, client)


def _touched(job: Job, batch: Sequence[Row], known: Mapping[int, Client]) -> set[int]:
    """Clients whom this job created and somebody has changed since, or another job has."""
    made = {row.result: row for row in batch if row.result and row.outcome == Row.Outcome.CREATED}
    others = Row.objects.filter(target__in=made, outcome=Row.Outcome.UPDATED).exclude(job=job)
    found = others.exclude(job__kind=bulk.Refresh.name).values_list("target", flat=True)
    sent = _sent(job, batch)
    edited = {
        pk
        for pk, row in made.items()
        if pk in known and row.number in sent and known[pk].changed_at > sent[row.number]
    }
    return edited | {pk for pk in found if pk}


def _sent(job: Job, batch: Sequence[Row]) -> dict[int, datetime]:
    """When each of these rows was sent last, by its number."""
    numbers = [row.number for row in batch]
    chunks = job.chunks.filter(first__lte=numbers[-1], last__gte=numbers[0], sent_at__isnull=False)
    spans = list(chunks.order_by("sent_at").values_list("first", "last", "sent_at"))
    return {number: at for first, last, at in spans for number in numbers if at and first <= number <= last}


def _listed(job: Job) -> set[int]:
    """Clients whom somebody has put on a list since, or taken from one, on the page of the list."""
    actions = (Action.CASE_LIST_APPEND_CLIENTS, Action.CASE_LIST_REMOVE_CLIENTS)
    since = Event.objects.filter(action__in=actions, opens=True, at__gte=job.started_at or job.created_at)
    payloads = since.values_list("payload", flat=True).iterator(chunk_size=BATCH)
    return {pk for one in payloads if isinstance(one, dict) for pk in one.get("client_ids") or ()}


def _is_filled(row: Row, client: Client) -> bool:
    """Whether a client whom this row created has a value that the row did not give: somebody has worked on it."""
    others = [value for name, value in client.known().items() if name in BY_NAME and name not in row.body]
    return any(value is not False and not is_empty(value) for value in others)


def _fresh(row: Row, client: Client) -> Row:
    return Row.light(target=client.pk, label=client.name[:200], line=row.line)


def _step(row: Row, client: Client) -> Iterator[tuple[Step, Row]]:
    now = client.known()
    fresh = _fresh(row, client)
    if any(not editing.same(name, value, now.get(name)) for name, value in row.body.items()):
        yield "conflict", fresh
    elif row.outcome == Row.Outcome.CREATED:
        yield "delete", fresh
    else:
        known = row.before or {}
        back = {name: known[name] for name in row.body if name in known}
        if row.body.get(editing.OPT_OUT) is True or back.get(editing.OPT_OUT) is not True:
            back.pop(editing.OPT_OUT, None)  # somebody with the permission does that, for a reason
        if row.body.get(editing.OPT_OUT) is True and known.get(editing.OPT_OUT) is not True:
            yield "opt_out", fresh
        if back:
            fresh.body, fresh.before = back, {name: now[name] for name in back}
            yield "revert", fresh
