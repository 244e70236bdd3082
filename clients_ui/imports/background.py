"""Checking a large file in a worker: streamed, begun anew after a restart, at no request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import transaction

from clients_ui.imports import mapping, services
from clients_ui.imports.decoding import NotACsv
from clients_ui.imports.mapping import Options
from clients_ui.imports.models import Import
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.jobs import ledger, tasks
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.preparing import while_going


def is_long(kept: Import) -> bool:
    """Whether the check of this file takes longer than a page may."""
    most: int = settings.IMPORT_CHECK_AT_ONCE
    return kept.lines > most


def ask(actor: Actor, kept: Import, options: Options) -> Job:
    """Let a worker check every row, with these choices instead of any before."""
    actor.require(Capability.CLIENTS_EDIT)
    with transaction.atomic():
        job = services.draft(actor, kept, Job.State.PREPARING)
        old, kept.job, kept.options, kept.counts = kept.job, job, options.dump(), None
        kept.save()
        if old is not None:
            ledger.discard(old)
        tasks.wake()
    return job


def check(job: Job, going: Callable[[], bool]) -> None:
    """Make the rows of such a job; a file that cannot be read to its end is told on the job, which has none then."""
    kept = Import.objects.get(job=job)
    actor = ledger.owner(job)
    if actor is None or not actor.can(Capability.CLIENTS_EDIT):
        ledger.prepared(job, f"{job.owner_name} may not import any more.")
        return

    def watched(rows: Iterator[Row]) -> Iterator[Row]:
        return while_going(rows, going)

    try:
        options = Options.load(kept.options or {})
        counts = services.fill(actor, kept, job, options, watched=watched)
        mapping.remember(kept.header, options)
    except NotACsv as error:
        ledger.clear(job)
        ledger.prepared(job, str(error))
        return
    with transaction.atomic():
        if ledger.prepared(job):
            Import.objects.filter(pk=kept.pk, job=job).update(counts=counts)
