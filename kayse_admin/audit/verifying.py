"""Is the record what it was when it was sealed? The first thing that is wrong, if anything is."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils import timezone

from kayse_admin.audit.models import Event, Purge, Seal, SealedEvent
from kayse_admin.audit.seals import digest_of, members, root_of, signature_of, signature_of_purge
from kayse_admin.processes import in_order

#: A record with fewer seals is read by one process: to start others takes longer.
WORTH = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong first: a sentence, the seal and, when it can be told, the event."""

    sentence: str
    seal: int | None = None
    event: int | None = None


@dataclass(slots=True)
class Verdict:
    """What `verify` saw: numbers, and the first fault (None: the record is whole)."""

    seals: int = 0
    events: int = 0
    unsealed: int = 0
    fault: Fault | None = None


def verify(kept_head: str = "", *, up_to: int | None = None, processes: int = 1) -> Verdict:
    """Read every seal and every sealed event again, and compare. `kept_head`: a head that was kept elsewhere.

    The chain begins behind the last purge. `up_to`: only the seals up to this number. `processes`: so many read the
    events of a long record at the same time; the first fault is the same, and so is the memory that one needs.
    """
    verdict, purged = Verdict(), Purge.objects.order_by("-number").first()
    verdict.fault = _purges_fault()
    expected, previous = (purged.last_seal + 1, purged.anchor) if purged else (1, "")
    found = Seal.objects.filter(number__lte=up_to) if up_to else Seal.objects.all()
    if verdict.fault is None:
        chain = _chain(found.order_by("number").iterator(), expected, previous)
        if found.count() < WORTH:
            processes = 1
        for (seal, _), fault in in_order(_fault, chain, processes):
            if fault:
                verdict.fault = fault
                return verdict
            expected = seal.number + 1
            verdict.seals, verdict.events = verdict.seals + 1, verdict.events + seal.count
    if verdict.fault is None and up_to is None:
        verdict.fault = _stray_fault(expected - verdict.seals, expected - 1)
        verdict.fault = verdict.fault or _head_fault(kept_head, expected - 1)
        verdict.unsealed = Event.objects.count() - verdict.events
    return verdict


#: A seal, and what is wrong with its place in the chain.
_Link = tuple[Seal, Fault | None]


def _chain(seals: Iterable[Seal], expected: int, previous: str) -> Iterator[_Link]:
    """The seals in their order, up to the first that does not belong there."""
    for number, seal in enumerate(seals, start=expected):
        fault = _chain_fault(seal, number, previous)
        yield seal, fault
        if fault:
            return
        previous = seal.signature


def _fault(link: _Link) -> Fault | None:
    """What is wrong with a seal: its place, or the first of its events that is not what it was."""
    seal, fault = link
    return fault or _events_fault(seal)


def _purges_fault() -> Fault | None:
    """The first purge that nobody with the key made, or that does not go on where the last one ended."""
    ended = 0
    for number, purge in enumerate(Purge.objects.order_by("number"), start=1):
        words = f"Purge {purge.number}, of seals {purge.first_seal} to {purge.last_seal},"
        if not hmac.compare_digest(purge.signature, signature_of_purge(purge)):
            return Fault(f"{words} is not ours: its signature is another.", purge.first_seal)
        if (purge.number, purge.first_seal) != (number, ended + 1):
            return Fault(f"{words} does not follow the purge before it.", purge.first_seal)
        ended = purge.last_seal
    return None


def _chain_fault(seal: Seal, expected: int, previous: str) -> Fault | None:
    if seal.number != expected:
        return Fault(f"Seal {expected} is missing.", expected)
    if not hmac.compare_digest(seal.signature, signature_of(seal)):
        return Fault(f"Seal {seal.number} was changed: its signature is not ours.", seal.number)
    if seal.previous != previous:
        return Fault(f"Seal {seal.number} does not follow the seal before it.", seal.number)
    return None


def _events_fault(seal: Seal) -> Fault | None:
    """The first event of the seal that is not what it was."""
    told: list[tuple[int, bytes]] = []
    for pk, digest, *row in members(seal.number):
        told.append((pk, bytes(digest)))
        if row[0] is None:
            return Fault(f"Event {pk} was deleted.", seal.number, pk)
        if digest_of(row) != told[-1][1]:
            return Fault(f"Event {pk} was changed.", seal.number, pk)
    if len(told) != seal.count:
        between = f"between event {seal.first_id} and event {seal.last_id}"
        return Fault(
            f"Seal {seal.number} covered {seal.count} events and {len(told)} are left, {between}.",
            seal.number,
        )
    if root_of(told) != seal.root:
        return Fault(f"The events of seal {seal.number} are not those that it covered.", seal.number)
    return None


def _stray_fault(first: int, last: int) -> Fault | None:
    """Membership of a seal that is not there: seals were cut off and the rows of their events left."""
    members = SealedEvent.objects.order_by("seal", "event_id")
    stray = members.filter(seal__gt=last).first() or members.filter(seal__lt=first).first()
    return Fault(f"Seal {stray.seal} is missing.", stray.seal, stray.event_id) if stray else None


def _head_fault(kept: str, last: int) -> Fault | None:
    """The head that was kept elsewhere is not in the chain: its end was cut off, or it was made anew."""
    if not kept:
        return None
    number, _, signature = kept.strip().partition(":")
    if not number.isascii() or not number.isdecimal() or not signature:
        return Fault("The head that was given is none: it looks like 12:3f9a….")
    purge = Purge.objects.filter(last_seal__gte=int(number)).order_by("number").first()
    if purge and purge.last_seal != int(number):
        when = f"{timezone.localtime(purge.at):%Y-%m-%d}"
        return Fault(f"Seal {number} was purged on {when}: compare with a newer head.", int(number))
    if purge and purge.anchor == signature:
        return None
    if int(number) > last:
        return Fault(f"Seal {number} was there and is missing: the end of the record was cut off.", last + 1)
    if not Seal.objects.filter(number=int(number), signature=signature).exists():
        return Fault(f"Seal {number} is not the one that was there.", int(number))
    return None
