"""The circuit breaker: stop calling a vendor that is down, and stop at once when it refuses the key.

Five transport failures or 5xx answers within a minute open it for 30 seconds; while those failures are young, one more
opens it again, and one good answer forgets them. A 401 opens it until an administrator says to try again, and nothing
else closes it: a good answer that arrives later was asked for earlier.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField
from django.utils import timezone

from kayse_admin.built_once import Given, Question
from kayse_admin.upstream.budget import key_digest
from kayse_admin.upstream.models import Circuit

FAILURES = 5
WITHIN = timedelta(minutes=1)
OPEN_FOR = timedelta(seconds=30)


def state() -> Circuit:
    """The breaker's row for the key in use; an unsaved fresh one before the first failure."""
    digest = key_digest()
    return next(iter(_of_key(digest=digest)), None) or Circuit(key_digest=digest)


_of_key = Question(lambda: Circuit.objects.filter(key_digest=Given("digest", CharField())))


def open_until(row: Circuit | None = None) -> datetime | None:
    """Until when nothing is sent because the vendor is failing; None while calls may go out."""
    row = row or state()
    return row.open_until if row.open_until and row.open_until > timezone.now() else None


def failed() -> None:
    """Note a transport failure or a 5xx answer."""
    now = timezone.now()
    with transaction.atomic():
        Circuit.objects.get_or_create(key_digest=key_digest())
        row = Circuit.objects.select_for_update().get(key_digest=key_digest())
        recent = [at for at in row.failures if at > (now - WITHIN).timestamp()]
        row.failures = [*recent, now.timestamp()][-FAILURES:]
        if len(row.failures) >= FAILURES:
            row.open_until = now + OPEN_FOR
        row.changed_at = now
        row.save()


def succeeded() -> None:
    """Note a good answer: the failures before it are forgotten. Writes only when there were any.

    A refused key stays refused: this answer may have been under way when the key was revoked.
    """
    row = state()
    if row.failures or row.open_until:
        Circuit.objects.filter(key_digest=row.key_digest).update(
            failures=[], open_until=None, changed_at=timezone.now()
        )


def refused() -> None:
    """Note a 401: the key is not accepted, and every further call would be in vain."""
    now = timezone.now()
    Circuit.objects.update_or_create(key_digest=key_digest(), defaults={"refused_at": now, "changed_at": now})


def try_again() -> None:
    """An administrator acted: the key may be tried once more."""
    Circuit.objects.filter(key_digest=key_digest()).update(
        refused_at=None, open_until=None, failures=[], changed_at=timezone.now()
    )
