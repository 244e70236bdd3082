"""Lists that a campaign uses: until a date, each change of such a list needs its name, typed by hand, and a reason.

The mark is kept here alone; the vendor knows nothing of it. It ends by itself when its last day is over.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import TypedDict

from django.db import transaction
from django.utils import timezone

from caselists_ui.models import CaseList, Use
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.templatetags.ui import day

#: What is said of work that was planned and does not go out, because the list is another by now.
CHANGED = "Changed since this was planned"


class Consent(TypedDict):
    """What a change of a list in use needs: a reason, and the list's name as somebody typed it."""

    reason: str
    typed: str


class NotConfirmed(Exception):
    """The list is in use, and its name or a reason was not given. Nothing was begun; the text is for people."""


def of(list_id: int) -> Use | None:
    """The use of a list that lasts until today at least; None when no campaign uses it."""
    return of_many([list_id]).get(list_id)


def of_many(list_ids: Iterable[int]) -> dict[int, Use]:
    """The same for many lists, by id; one query."""
    return {
        use.case_list_id: use
        for use in Use.objects.filter(case_list__in=list(list_ids), until__gte=timezone.localdate())
    }


def words(use: Use) -> str:
    """ "In use by “Spring calls” until Nov 30, 2026"."""
    return f"In use by “{use.campaign}” until {day(use.until)}"


def is_named(lists: CaseList, typed: str) -> bool:
    """Whether somebody typed the list's name: letter by letter, whatever the blanks and the normal form."""
    return _plain(typed) == _plain(str(lists))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def require(lists: CaseList, typed: str, reason: str) -> None:
    """Raise `NotConfirmed` when the list is in use and its name or a reason is missing."""
    use = of(lists.pk)
    if use is None:
        return
    if not is_named(lists, typed):
        raise NotConfirmed(f"{words(use)}: type the name of the list, “{lists}”.")
    if not reason.strip():
        raise NotConfirmed(f"{words(use)}: give a reason.")


def mark(actor: Actor, lists: CaseList, *, campaign: str, until: date, reason: str = "") -> None:
    """Say that a campaign uses the list until that day, the day included; what was said before is replaced."""
    actor.require(Capability.LISTS_EDIT)
    with transaction.atomic():
        before = told(_locked(lists))
        after = {"campaign": campaign, "until": until.isoformat()}
        if before == after:
            return
        Use.objects.update_or_create(
            case_list=lists,
            defaults={
                "campaign": campaign,
                "until": until,
                "by_id": actor.id,
                "by_name": actor.name[:200],
                "at": timezone.now(),
            },
        )
        target = Target("case_list", lists.pk, lists.name)
        recorder.fact(
            actor, Action.CASE_LIST_IN_USE, target, before=before or None, after=after, reason=reason
        )


def end(actor: Actor, lists: CaseList, *, reason: str) -> None:
    """Say that no campaign uses the list any more; nothing happens when none does."""
    actor.require(Capability.LISTS_EDIT)
    with transaction.atomic():
        before = told(_locked(lists))
        if not before:
            return
        Use.objects.filter(case_list=lists).delete()
        target = Target("case_list", lists.pk, lists.name)
        recorder.fact(actor, Action.CASE_LIST_NOT_IN_USE, target, before=before, after={}, reason=reason)


def _locked(lists: CaseList) -> Use | None:
    CaseList.objects.select_for_update().get(pk=lists.pk)
    return of(lists.pk)


def told(use: Use | None) -> dict[str, str]:
    """A use as the record keeps it; {} for none."""
    return {"campaign": use.campaign, "until": use.until.isoformat()} if use else {}
