"""What the page of a started import offers besides what the page of any job does."""

from __future__ import annotations

from django.urls import reverse

from clients_ui import bulk
from clients_ui.imports.models import OPEN, Import
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.jobs.models import Job, Row


class Upsert(bulk.Upsert):
    """New clients and changes; those of a file name the rows that were left behind at the start."""

    def files(self, actor: Actor, job: Job) -> list[tuple[str, str]]:
        """The rows that could not be sent, as they came: to be put right and imported again."""
        if not actor.can(Capability.CLIENTS_EDIT):
            return []
        bad = Row.objects.filter(job=job, outcome=Row.Outcome.FAILED, flag__in=OPEN).count()
        kept = Import.objects.filter(job=job).first() if bad else None
        if kept is None:
            return []
        return [(f"Bad rows as they came ({bad:,})", reverse("clients_ui:import_bad", args=[kept.pk]))]
