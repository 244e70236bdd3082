"""The exact number of cases of a selection: make a scratch list, read its count, delete it. Two requests.

The vendor has no other way. Only where an administrator has allowed it (`KAYSE_EXACT_COUNT`), only when somebody asks,
and the same selection is not counted twice within five minutes. A scratch list that a failure left behind is found by
its name, which holds the id of its operation.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from caselists_ui import in_use, local, services
from caselists_ui.definition import Definition, Selection
from caselists_ui.models import CaseList, Night
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation, Stage
from kayse_admin.kayse_api.outcomes import Applied
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read

PREFIX = "[Count, deleted at once] "
REASON = "Exact count"
KEPT = 5 * 60
#: A scratch list that is older than this is nobody's any more.
ORPHANED = timedelta(minutes=10)
_NAME = re.compile(re.escape(PREFIX) + "([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Count:
    """How many cases match, and when that was so; `problem` says why nobody knows."""

    cases: int | None
    at: datetime
    problem: str = ""


def allowed() -> bool:
    """Whether an administrator has allowed it."""
    return bool(settings.KAYSE_EXACT_COUNT)


def count(actor: Actor, selection: Selection) -> Count:
    """Count the cases of a selection; a create and a delete in the record, or the count of the last five minutes."""
    actor.require(Capability.LISTS_EDIT)
    if not allowed():
        raise PermissionDenied
    told = json.dumps(selection.payload(), sort_keys=True)
    name = f"caselists:count:{sha256(told.encode()).hexdigest()}"
    if kept := cache.get(name):
        return Count(kept[0], datetime.fromisoformat(kept[1]))
    found = _count(actor, selection)
    if found.cases is not None:
        cache.set(name, (found.cases, found.at.isoformat()), KEPT)
    return found


def _count(actor: Actor, selection: Selection) -> Count:
    operation, now = uuid.uuid4(), timezone.now()
    scratch = Definition(f"{PREFIX}{operation.hex}", selection=selection)
    made = services.create(actor, scratch, operation=operation, reason=REASON)
    if not isinstance(made, Applied):
        return Count(None, now, made.sentence)
    lists = CaseList.objects.get(pk=made.value.id)
    services.delete(actor, lists, operation=uuid.uuid5(operation, "delete"), reason=REASON)
    if made.value.case_count is None:
        return Count(None, now, "Kayse did not tell the number.")
    return Count(made.value.case_count, now)


def sweep_if_due() -> int:
    """Sweep, if a scratch list may have been left behind as far as is known here, and not more often than that can be.

    Costs nothing while none is. Returns how many went.
    """
    now = timezone.now()
    if not _left_behind(now):
        return 0
    # Whoever moves the row has the sweep.
    Night.objects.get_or_create(pk=Night.SWEEP, defaults={"due_at": now})
    mine = Night.objects.filter(pk=Night.SWEEP, due_at__lte=now).update(due_at=now + ORPHANED)
    return sweep() if mine else 0


def _left_behind(now: datetime) -> bool:
    """Whether a scratch list is there that is not deleted, or may be there because nobody knows what became of it."""
    there = CaseList.objects.filter(gone_at=None, name__startswith=PREFIX)
    used = in_use.of_many(lists.pk for lists in there)
    if any(_is_orphan(lists.name) for lists in there if lists.pk not in used):
        return True
    # Recovery finds such a list within minutes; when it could not ask, a day is long enough to have been able to.
    return OpenOperation.objects.filter(
        action=Action.CASE_LIST_CREATE,
        target_label__startswith=PREFIX,
        opened_at__range=(now - timedelta(days=1), now - ORPHANED),
    ).exists()


def sweep() -> int:
    """Delete the scratch lists that a failure left behind; one request, and one for each. Returns how many went."""
    actor = Actor(
        id=None, name="Sweep of scratch lists", role="System", capabilities=frozenset({Capability.LISTS_EDIT})
    )
    began = timezone.now()
    found = read(lambda client: client.case_lists.list(PREFIX.strip(), 1, 100), purpose=Purpose.BACKGROUND)
    if not isinstance(found, Applied):
        return 0
    orphans = [row for row in found.value.data if _is_orphan(row.name or "")]
    with transaction.atomic():
        local.remember(orphans, began)
    gone, ids = 0, {row.id for row in orphans}
    for lists in CaseList.objects.filter(pk__in=ids - in_use.of_many(ids).keys()):
        outcome = services.delete(
            actor,
            lists,
            operation=uuid.uuid4(),
            reason="Left behind by an exact count",
            purpose=Purpose.BACKGROUND,
        )
        gone += isinstance(outcome, Applied)
    return gone


def _is_orphan(name: str) -> bool:
    """Whether it is a list of ours that was made long enough ago."""
    match = _NAME.fullmatch(name)
    if not match:
        return False
    begun = Event.objects.filter(operation=uuid.UUID(match[1]), stage=Stage.INTENT).first()
    return begun is not None and timezone.now() - begun.at > ORPHANED
