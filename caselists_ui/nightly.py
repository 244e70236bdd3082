"""The nightly look at every list: once a night, whoever keeps house.

It costs 1 request for 100 lists and leaves to people what is kept for them. A look that fails is tried again after an
hour, until the morning.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from caselists_ui import listing
from caselists_ui.models import CaseList, Night, Reading
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.kayse_api.outcomes import Applied
from kayse_admin.upstream.budget import Purpose

#: After so many hours the night is over, and the next one is waited for.
LONG = 5
AGAIN = timedelta(hours=1)


def look_if_due(now: datetime | None = None) -> bool:
    """Look at every list if this night's look is due and nobody else has begun it; True when it was done."""
    hour = settings.KAYSE_LOOK_HOUR
    if not 0 <= hour <= 23:
        return False
    now = now or timezone.now()
    row, new = Night.objects.get_or_create(pk=Night.LOOK, defaults={"due_at": next_night(now, hour)})
    # Whoever moves the row has the look; when it dies over it, somebody tries again.
    if new or not Night.objects.filter(pk=Night.LOOK, due_at=row.due_at, due_at__lte=now).update(
        due_at=now + AGAIN
    ):
        return False
    if not is_night(now, hour):
        Night.objects.filter(pk=Night.LOOK).update(due_at=next_night(now, hour))
        return False
    done = _look()
    if done or not is_night(now + AGAIN, hour):
        Night.objects.filter(pk=Night.LOOK).update(due_at=next_night(now, hour))
    return done


def next_night(now: datetime, hour: int) -> datetime:
    """The next moment at which it is this hour where the firm is."""
    local = timezone.localtime(now)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return at if at > local else at + timedelta(days=1)


def is_night(now: datetime, hour: int) -> bool:
    """Whether the look may still be done: a dashboard that was off all night does not look at noon."""
    return (timezone.localtime(now).hour - hour) % 24 < LONG


def _look() -> bool:
    began = timezone.now()
    outcome = listing.look(Purpose.BACKGROUND)
    done = isinstance(outcome, Applied)
    known = CaseList.objects.filter(gone_at=None)
    moved = Reading.objects.filter(at__gte=began, moved_outside=True).count()
    gone = CaseList.objects.filter(gone_at__gte=began).count()
    detail = f"{known.count():,} lists: {moved:,} moved outside, {gone:,} gone." if done else outcome.sentence
    recorder.fact(
        Actor.system("Housekeeping"),
        Action.CASE_LISTS_LOOK,
        Target("case_list", None, "at Kayse"),
        result=outcome.result,
        detail=detail,
    )
    return done
