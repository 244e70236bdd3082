"""Retention: what is older than the firm keeps its record is deleted for good, a whole sealed month at a time.

Each month goes in one transaction of its own: its seals are verified, a fact tells who deleted how much under which
seals, a signed `Purge` keeps the last signature that went, so that the chain goes on from there, and only then the
rows go; the triggers let go of nothing else. A seal that reaches into a month that is kept is kept as a whole, and so
is everything from the month on in which an operation was begun that nobody has finished yet, or that a room still
needs (`hold`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, seals, verifying
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation, Purge, Seal, SealedEvent
from kayse_admin.audit.records import Target


class NotWhole(Exception):
    """What was to be deleted is not what was sealed: nothing was deleted, somebody has to look first."""


_holders: dict[str, Callable[[], datetime | None]] = {}


def hold(name: str, oldest_needed: Callable[[], datetime | None]) -> None:
    """Let a room keep what it reads from the record: `oldest_needed` tells the moment of the oldest such event."""
    _holders[name] = oldest_needed


@dataclass(frozen=True, slots=True)
class Due:
    """A month that may go: what was sealed before `before`, and its newest seal."""

    before: datetime
    last_seal: int


def due(months: int) -> list[Due]:
    """The months that have to go when so many whole months are kept besides the present one, oldest first; 0: none."""
    oldest = Seal.objects.order_by("number").first()
    if months < 1 or oldest is None:
        return []
    ends = [
        Due(end, last) for end in _ends(oldest.at, _cutoff(months)) if (last := _last_before(end)) is not None
    ]
    # A month without seals has nothing that could go.
    return [one for earlier, one in pairwise([Due(oldest.at, 0), *ends]) if one.last_seal > earlier.last_seal]


def _cutoff(months: int) -> datetime:
    """The beginning of the first month that is kept, by the firm's clock."""
    waiting = OpenOperation.objects.order_by("opened_at").values_list("opened_at", flat=True).first()
    needed = [waiting, *(oldest() for oldest in _holders.values())]
    return min([_month(timezone.now(), -months), *(_month(moment) for moment in needed if moment)])


def _ends(since: datetime, cutoff: datetime) -> Iterator[datetime]:
    """The ends of the months from a moment on, up to the cutoff."""
    end = _month(since, 1)
    while end <= cutoff:
        yield end
        end = _month(end, 1)


def _month(moment: datetime, away: int = 0) -> datetime:
    """The beginning of the month of a moment, or of one so many months later."""
    local = timezone.localtime(moment)
    months = local.year * 12 + local.month - 1 + away
    return timezone.make_aware(datetime(months // 12, months % 12 + 1, 1))  # noqa: DTZ001  (made aware at once)


def _last_before(end: datetime) -> int | None:
    """The newest seal up to which everything was sealed before the moment; never the newest of all."""
    kept = Seal.objects.filter(at__gte=end).order_by("number").values_list("number", flat=True).first()
    newest = Seal.objects.order_by("-number").values_list("number", flat=True)[0]
    gone = Seal.objects.filter(number__lt=newest if kept is None else kept)
    return gone.order_by("-number").values_list("number", flat=True).first()


def purge(actor: Actor, month: Due) -> Purge:
    """Delete a month that is due, on the record. Raises `NotWhole`, and then nothing was deleted."""
    verdict = verifying.verify(up_to=month.last_seal)
    if verdict.fault:
        raise NotWhole(verdict.fault.sentence)
    with transaction.atomic():
        done = _record(actor, month, verdict.events)
        members = SealedEvent.objects.filter(seal__lte=month.last_seal)
        Event.objects.filter(pk__in=members.values("event_id")).delete()
        members.delete()
        Seal.objects.filter(number__lte=month.last_seal).delete()
    return done


def _record(actor: Actor, month: Due, count: int) -> Purge:
    """The fact for people and the signed row for the chain."""
    last, anchor = Purge.objects.order_by("-number").first(), Seal.objects.get(number=month.last_seal)
    first_seal = last.last_seal + 1 if last else 1
    day = f"{timezone.localtime(month.before):%Y-%m-%d}"
    told = {
        "sealed_before": day, "events": count, "first_seal": first_seal, "last_seal": month.last_seal,
        "anchor": f"{anchor.number}:{anchor.signature}", "head": seals.head(),
    }  # fmt: skip
    event = recorder.fact(actor, Action.AUDIT_PURGE, Target("audit", None, f"before {day}"), payload=told)
    done = Purge(
        number=last.number + 1 if last else 1,
        operation=event.operation,
        first_seal=first_seal,
        last_seal=month.last_seal,
        count=count,
        before=month.before,
        anchor=anchor.signature,
    )
    done.signature = seals.signature_of_purge(done)
    done.save(force_insert=True)
    return done
