"""The local copy of case lists: what the vendor told, merged; what went through here, kept."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from caselists_ui.definition import Definition
from caselists_ui.known import Step
from caselists_ui.ledger import CHANGES
from caselists_ui.models import CaseList, Reading, Version
from kayse_admin.audit.models import Event
from kayse_admin.kayse_api import schemas

#: The columns that the vendor tells, as they are named there and here.
TOLD = ("name", "description", "case_count", "origin", "update_origin")
#: Lists that a page offers to choose from; the others are found by name.
MOST_PICKED = 100


def remember(rows: Iterable[schemas.CaseList], at: datetime, operation: uuid.UUID | None = None) -> None:
    """Merge what the vendor told into the local copy. Call it inside a transaction.

    `at` is when it was asked, so that an answer that was overtaken by a newer one changes nothing. A key that was
    not told keeps what was known. `operation`: the change after which the vendor was asked.
    """
    told = {row.id: row for row in rows}
    known = CaseList.objects.select_for_update().in_bulk(told)
    made: list[CaseList] = []
    changed: list[CaseList] = []
    readings: list[Reading] = []
    for pk, row in told.items():
        lists = known.get(pk)
        if lists is not None and max(lists.told_at, lists.gone_at or lists.told_at) > at:
            continue
        was = (lists.case_count, lists.name, lists.counted_at) if lists else None
        lists = lists or CaseList(pk=pk, first_told_at=at)
        _merge(lists, row, at)
        (changed if was else made).append(lists)
        if operation or was is None or was[:2] != (lists.case_count, lists.name):
            readings.append(_reading(lists, at, operation, was))
    CaseList.objects.bulk_create(made, ignore_conflicts=True)
    CaseList.objects.bulk_update(
        changed, [*TOLD, "counted_at", "extra", "told_at", "gone_at"], batch_size=200
    )
    Reading.objects.bulk_create(readings)


def named(part: str) -> list[CaseList]:
    """The living lists that are known here and have this in their name, by name."""
    key = part.casefold()
    living = CaseList.objects.filter(gone_at=None).order_by("name", "id")
    return [lists for lists in living if key in lists.name.casefold()]


def _merge(lists: CaseList, row: schemas.CaseList, at: datetime) -> None:
    for name in TOLD:
        if name in row.told:
            value = row.told[name]
            setattr(lists, name, value or "" if name == "name" else value)
    if row.told.get("case_count") is not None:
        lists.counted_at = at
    lists.extra = lists.extra | row.extra
    lists.told_at, lists.gone_at = at, None


def _reading(
    lists: CaseList, at: datetime, operation: uuid.UUID | None, was: tuple[Any, ...] | None
) -> Reading:
    moved = bool(was and was[2] and not operation and not _changed_here(lists.pk, was[2]))
    return Reading(
        case_list_id=lists.pk,
        at=at,
        case_count=lists.case_count,
        name=lists.name,
        operation=operation,
        moved_outside=moved,
    )


def _changed_here(pk: int, since: datetime) -> bool:
    """Whether something was done to the list here since then, so that a new count or name is our own doing."""
    return Event.objects.filter(
        target_kind="case_list", target_id=pk, action__in=CHANGES, at__gte=since
    ).exists()


def add_version(
    lists: CaseList,
    definition: Definition,
    *,
    operation: uuid.UUID,
    author_id: int | None,
    author_name: str,
    reason: str = "",
    at: datetime | None = None,
    steps: Iterable[Step] = (),
    is_new: bool = False,
) -> Version:
    """Keep a definition that was applied; once for each operation. Call it inside a transaction.

    `at`: when it was sent, where that was found out late; see `overtaken`. `is_new`: the list was made by it, so there
    was no number of cases before.
    """
    existing = Version.objects.filter(operation=operation).first()
    if existing is not None:
        return existing
    # The row of the list is the lock under which its versions are numbered.
    CaseList.objects.select_for_update().get(pk=lists.pk)
    newest = Version.objects.filter(case_list=lists).order_by("-number").first()
    return Version.objects.create(
        case_list=lists,
        number=newest.number + 1 if newest else 1,
        at=at or timezone.now(),
        author_id=author_id,
        author_name=author_name[:200],
        reason=reason[:200],
        operation=operation,
        definition=definition.export(),
        steps=[step.record for step in steps],
        count_before=None if is_new else lists.case_count,
        count_before_at=None if is_new else lists.counted_at,
    )


def overtaken(pk: int, at: datetime) -> bool:
    """Whether the list was set anew after this moment: what was sent then is not its definition any more."""
    return Version.objects.filter(case_list=pk, at__gt=at).exists()


def forget(pk: int) -> None:
    """The vendor does not have this list any more."""
    CaseList.objects.filter(pk=pk, gone_at=None).update(gone_at=timezone.now())
