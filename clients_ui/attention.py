"""Who has a client open: who is editing it at this moment, and who has looked at it. No request to the vendor.

Neither belongs into the sealed record. Who edits is forgotten after 45 seconds. Who looked is many times more than
everything that was ever changed, and has to go when its own time is over (`settings.VIEW_LOG_DAYS`), while nothing can
be taken out of the record's chain. So both are plain tables, and nothing here is ever shown as proof.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from clients_ui.models import Opened, Presence
from kayse_admin.actors import Actor

#: Somebody who has not been heard of for so long has closed the form. Their page speaks up every `HEARTBEAT` seconds.
GONE_AFTER = timedelta(seconds=45)
HEARTBEAT = 20
#: A person who opens a client several times in so many seconds has opened it once.
ONCE_IN = 300
#: Rows that are deleted in one go, so that nobody waits for long.
BATCH = 5_000


def _person(actor: Actor) -> int:
    return actor.id or 0


def editing(actor: Actor, pk: int) -> None:
    """Note that somebody has the edit form of a client open: one statement."""
    row = Presence(
        client_id=pk, person_id=_person(actor), person_name=actor.name[:200], seen_at=timezone.now()
    )
    Presence.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["client_id", "person_id"],
        update_fields=["person_name", "seen_at"],
    )


def done(actor: Actor, pk: int) -> None:
    """Note that somebody is through with the edit form."""
    Presence.objects.filter(client_id=pk, person_id=_person(actor)).delete()


def others(actor: Actor, pk: int) -> list[str]:
    """The names of those who have the edit form of a client open, oneself left out."""
    since = timezone.now() - GONE_AFTER
    found = Presence.objects.filter(client_id=pk, seen_at__gte=since).exclude(person_id=_person(actor))
    return list(found.order_by("person_name").values_list("person_name", flat=True))


def opened(actor: Actor, pk: int) -> None:
    """Note that somebody has looked at a client: one statement, and nothing when they did within five minutes.

    A page that cannot note it is not shown: what raises here is answered by "the database is away".
    """
    if not settings.VIEW_LOG_DAYS:
        return
    at = timezone.now()
    mine = Opened.objects.filter(client_id=pk, person_id=_person(actor))
    if mine.filter(at__gt=at - timedelta(seconds=ONCE_IN)).exists():
        return
    slot = int(at.timestamp()) // ONCE_IN
    row = Opened(client_id=pk, person_id=_person(actor), person_name=actor.name[:200], at=at, slot=slot)
    Opened.objects.bulk_create([row], ignore_conflicts=True)


def forget_old() -> int:
    """Delete who looked before the time that the firm keeps it, and who edited long ago; returns how many looks."""
    now = timezone.now()
    Presence.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()
    old = Opened.objects.filter(at__lt=now - timedelta(days=settings.VIEW_LOG_DAYS)).order_by("at")
    return Opened.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
