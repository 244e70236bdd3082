"""Rows of a checked file that a person mends, or decides about, before the start. Sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from clients_ui import doubts, normal
from clients_ui.imports import checking, services
from clients_ui.imports.matches import EXTERNAL_ID
from clients_ui.imports.models import ERROR, TWIN, Import
from clients_ui.imports.reading import Record
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.jobs.models import Job, Row


def fix(actor: Actor, kept: Import, row: Row, cells: Sequence[str]) -> Row:
    """Check one row again with other cells; whatever else it may clash with in the file was checked before."""
    actor.require(Capability.CLIENTS_EDIT)
    checker = services.checker_of(actor, kept)
    problem = "" if len(cells) == len(kept.header) else "The number of cells is wrong."
    record = Record(row.line, list(cells), problem)
    fresh = next(checker.rows([record]))
    if _is_in_file(row, fresh):
        fresh = _refused(record, fresh, "The same id is in the file already.")
    elif not fresh.flag and (line := _line_of_alike(row, fresh)):
        fresh.source = {"cells": record.cells}
        fresh.flag, fresh.outcome = TWIN, Row.Outcome.FAILED
        fresh.reason = checking.ALIKE.format(line)
    return _replace(kept, row, fresh)


def _refused(record: Record, fresh: Row, why: str) -> Row:
    """A row that is not to be sent, with the cells that were typed."""
    return Row.light(
        line=record.line, label=fresh.label, body={}, source={"cells": record.cells}, flag=ERROR,
        outcome=Row.Outcome.FAILED, reason=why,
    )  # fmt: skip


def _others(row: Row) -> QuerySet[Row]:
    """The other rows of the file that will be sent, or may be when a person has decided."""
    to_be_sent = Q(outcome="") | Q(flag=TWIN)
    return Row.objects.filter(to_be_sent, job=row.job_id).exclude(pk=row.pk)


def _is_in_file(row: Row, fresh: Row) -> bool:
    """Whether another row of the file is about the same client, or has the same external source and id."""
    if fresh.target and _others(row).filter(target=fresh.target).exists():
        return True
    key = _identity(fresh)
    named = {"body__external_source_id__iexact": key and key[1]}
    return bool(key) and any(
        _identity(other) == key for other in _others(row).filter(**named).defer("source")
    )


def _identity(row: Row) -> tuple[str, str] | None:
    """The external source and id that a row gives to its client; None where it gives none."""
    if not row.body.keys() & set(EXTERNAL_ID):
        return None
    client = Client.objects.filter(pk=row.target).first() if row.target else None
    return normal.identity({**(client.known() if client else {}), **row.body})


def _line_of_alike(row: Row, fresh: Row) -> int | None:
    """The first row of the file that has this new client's e-mail address or phone number."""
    same = Q()
    if mail := fresh.body.get("email"):
        same |= Q(body__email__iexact=mail)
    if phone := fresh.body.get("mobile"):
        same |= Q(body__mobile=phone)
    if fresh.target or not same:
        return None
    return _others(row).filter(same).order_by("number").values_list("line", flat=True).first()


def decide(actor: Actor, kept: Import, row: Row, choice: str, twin: int | None = None) -> Row:
    """What shall become of a row that may be somebody known: "create" anyway, "update" this one, or "skip" it."""
    actor.require(Capability.CLIENTS_EDIT)
    source = row.source or {}
    record = Record(row.line, source.get("cells", []))
    named = twin if twin in source.get("twins", []) else None
    client = Client.objects.filter(pk=named, gone_at=None).first() if named else None
    if choice == "create":
        fresh = services.checker_of(actor, kept).decided(record, None)
        if not fresh.flag and source.get("same") == checking.EXTERNAL:
            fresh.flag = doubts.AGREED
    elif choice == "update" and client:
        fresh = services.checker_of(actor, kept).decided(record, client)
        if _is_in_file(row, fresh):
            fresh = _refused(record, fresh, f"Another row of the file changes client {client.pk} already.")
    elif choice == "skip":
        fresh = Row(label=row.label, body={}, source=row.source, outcome="unchanged", reason="Left out.")
    else:
        return row
    return _replace(kept, row, fresh)


_REPLACED = ("target", "label", "body", "before", "source", "outcome", "reason", "flag")


def _replace(kept: Import, row: Row, fresh: Row) -> Row:
    """Write a row that was checked again, as long as its job is not started, and count anew."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=row.job_id, state=Job.State.DRAFT).first()
        if job is None:
            return row
        # As they are under the lock: a colleague may have mended another row, or this one, meanwhile.
        kept.refresh_from_db(fields=["counts"])
        counts = Counter(kept.counts or {})
        before: Counter[str] = Counter()
        checking.count(Row.objects.get(pk=row.pk), before)
        for name in _REPLACED:
            setattr(row, name, getattr(fresh, name))
        row.save(update_fields=_REPLACED)
        counts.subtract(before)
        checking.count(row, counts)
        kept.counts = dict(counts)
        kept.save(update_fields=["counts"])
    return row
