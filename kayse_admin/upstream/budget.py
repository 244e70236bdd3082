"""The hourly budget: who may send a request now, and until when the others wait.

One row a key, taken by an atomic conditional update, so that any number of processes grant together what one would.
The vendor's own headers correct it after each answer. People may use the whole hour; jobs and background refreshes
leave `settings.KAYSE_RESERVE` to people.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import CharField, F
from django.db.models.functions import Greatest
from django.utils import timezone

from kayse_admin.built_once import Given, Question
from kayse_admin.upstream import usage
from kayse_admin.upstream.models import Budget

HOUR = timedelta(hours=1)
#: Two tellings of the same reset differ by rounding; more than this is another hour.
SAME_RESET = timedelta(seconds=5)


class Purpose(Enum):
    """On whose behalf a request is sent."""

    PERSON = "person"
    BACKGROUND = "background"
    JOB = "job"


def key_digest() -> str:
    """Names the key (and the vendor's address) without telling it: 64 hex digits."""
    told = f"{settings.KAYSE_API_URL}\n{settings.KAYSE_API_KEY}"
    return hashlib.sha256(told.encode()).hexdigest()


def current() -> Budget:
    """The row of the key in use, made at first need; its hour is begun anew when the last one has ended."""
    now = timezone.now()
    digest = key_digest()
    row = next(iter(_of_key(digest=digest)), None)
    if row is None:
        try:
            with transaction.atomic():
                return Budget.objects.create(
                    key_digest=digest, limit=settings.KAYSE_HOURLY_LIMIT, reset_at=now + HOUR
                )
        except IntegrityError:
            row = Budget.objects.get(key_digest=digest)
    if row.reset_at <= now:
        Budget.objects.filter(key_digest=digest, reset_at__lte=now).update(used=0, reset_at=now + HOUR)
        row.refresh_from_db()
    return row


_of_key = Question(lambda: Budget.objects.filter(key_digest=Given("digest", CharField())))


def take(purpose: Purpose) -> datetime | None:
    """Take one request. None when it is granted, else the moment at which the next hour begins."""
    digest = key_digest()
    left = Budget.objects.filter(key_digest=digest, used__lt=F("limit") - kept(purpose))
    # Inside the transaction of an intent this is a part of it: a savepoint would only cost two statements more.
    with transaction.atomic(savepoint=False):
        # Nearly always the hour runs, and nothing has to be asked before it is charged.
        if not left.filter(reset_at__gt=timezone.now()).update(used=F("used") + 1):
            row = current()
            if not left.update(used=F("used") + 1):
                return row.reset_at
        usage.count(purpose.value)
    return None


def kept(purpose: Purpose) -> int:
    """How many requests of an hour are not for this purpose."""
    reserve: int = settings.KAYSE_RESERVE
    return 0 if purpose is Purpose.PERSON else reserve


def give_back(purpose: Purpose) -> None:
    """Return one request that surely never left."""
    with transaction.atomic():
        Budget.objects.filter(key_digest=key_digest(), used__gt=0).update(used=F("used") - 1)
        usage.count(purpose.value, -1)


def told(limit: int | None, remaining: int | None, reset_at: datetime | None) -> None:
    """Correct the row by an answer's headers.

    Inside one hour only upward, because requests under way are counted here and not yet there; a reset that has moved
    on is a new hour, which is taken over as told.
    """
    if reset_at is None or remaining is None:
        return
    row = current()
    ceiling = limit if limit and limit > 0 else row.limit
    used = max(0, ceiling - remaining)
    rows = Budget.objects.filter(key_digest=row.key_digest)
    now = timezone.now()
    if row.told_at is None or abs(reset_at - row.reset_at) > SAME_RESET:
        rows.filter(reset_at=row.reset_at).update(limit=ceiling, used=used, reset_at=reset_at, told_at=now)
    elif (ceiling, used) != (row.limit, row.used):
        # Usually the two counts agree: then nothing is written, and no disk is waited for.
        rows.update(limit=ceiling, used=Greatest(F("used"), used), told_at=now)


def spent_until(until: datetime) -> None:
    """The vendor said 429: nobody sends anything before that moment."""
    row = current()
    Budget.objects.filter(key_digest=row.key_digest).update(
        used=F("limit"), reset_at=until, told_at=timezone.now()
    )
