"""Tamper evidence: signed statements about what the events were, each naming the one before it.

A seal covers events that were in no seal yet, found by what is missing and not by a range of ids, because PostgreSQL
shows rows out of the order of their ids. It holds a digest over the digests of its events, its number, the signature of
the seal before it, and its own signature, whose key is outside the database. Who can write to the database alone can
then neither change nor remove a sealed event unnoticed; only cutting off the newest seals together with their events
leaves a chain that looks whole. For that the head, "number:signature", is kept elsewhere (`audit.heads`):
`manage.py audit_verify --head` compares.

The digests are of the rows as this kind of database stores them: moving from SQLite to PostgreSQL begins a new chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from kayse_admin.audit import heads
from kayse_admin.audit.models import Event, Purge, Seal, SealedEvent

#: Events in one seal.
MOST = 1_000
#: How far below the newest sealed id the usual round looks for events that became visible late.
LOOK_BACK = 100_000

_EVENTS, _SEALED = Event._meta.db_table, SealedEvent._meta.db_table


def seal_all(*, whole: bool = False, most: int | None = None) -> int:
    """Seal the committed events that are in no seal, no more than about `most`; returns how many.

    It looks back from the newest seal, `whole` through the entire record, and goes on where each seal ended. It stops
    after a seal that is not full: what came in meanwhile is the next round's, however busy the record is.
    """
    low = 0 if whole else _newest_sealed() - LOOK_BACK
    ids = _seal_next(low)
    done = len(ids)
    while len(ids) == MOST and (most is None or done < most):
        ids = _seal_next(ids[-1])
        done += len(ids)
    if done:
        heads.publish(head())
    return done


def _newest_sealed() -> int:
    return SealedEvent.objects.order_by("-event_id").values_list("event_id", flat=True).first() or 0


def _seal_next(low: int) -> list[int]:
    """One more seal, of at most `MOST` events behind the id `low`; returns their ids.

    There are none when nothing is left, or when somebody else is at it.
    """
    try:
        with transaction.atomic():
            last = Seal.objects.order_by("-number").first()
            rows = list(_read(f"LEFT JOIN {_SEALED} s ON s.event_id = e.id WHERE s.event_id IS NULL AND e.id > %s "
                              "ORDER BY e.id LIMIT %s", [low, MOST]))  # fmt: skip
            if rows:
                _write(rows, last)
            return [pk for pk, _ in rows]
    except IntegrityError:
        return []  # two rounds at once: the other one has sealed these


def _write(rows: list[tuple[int, bytes]], last: Seal | None) -> None:
    number = last.number + 1 if last else 1
    SealedEvent.objects.bulk_create(
        SealedEvent(event_id=pk, seal=number, digest=digest) for pk, digest in rows
    )
    seal = Seal(
        number=number,
        at=timezone.now(),
        count=len(rows),
        first_id=rows[0][0],
        last_id=rows[-1][0],
        root=root_of(rows),
        previous=last.signature if last else "",
    )
    seal.signature = signature_of(seal)
    seal.save(force_insert=True)


def root_of(rows: Sequence[tuple[int, bytes]]) -> str:
    """The digest over ids and digests of the events, in the order of their ids; 64 hex digits."""
    whole = hashlib.sha256()
    for pk, digest in rows:
        whole.update(b"%d:" % pk)
        whole.update(digest)
    return whole.hexdigest()


def signature_of(seal: Seal) -> str:
    """The signature over everything that the seal says; 64 hex digits."""
    return _signed(
        [
            seal.number,
            seal.at.timestamp(),
            seal.count,
            seal.first_id,
            seal.last_id,
            seal.root,
            seal.previous,
        ]
    )


def signature_of_purge(purge: Purge) -> str:
    """The signature over everything that the purge says; 64 hex digits."""
    whole = [purge.number, purge.first_seal, purge.last_seal, purge.count]
    moments = [purge.at.timestamp(), purge.before.timestamp()]
    return _signed(["purge", *whole, *moments, str(purge.operation), purge.anchor])


def _signed(told: list[Any]) -> str:
    return hmac.new(_key(), json.dumps(told).encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    """The key, from the environment: its own, or one that follows from the secret key."""
    told = settings.AUDIT_SEAL_KEY or f"audit seals:{settings.SECRET_KEY}"
    return hashlib.sha256(told.encode()).digest()


def head() -> str:
    """The newest seal as "number:signature"; "" when nothing is sealed yet."""
    last = Seal.objects.order_by("-number").first()
    return f"{last.number}:{last.signature}" if last else ""


def unsealed() -> int:
    """How many events are newer than the newest sealed one; a late one below it is found by the next rounds."""
    return Event.objects.filter(pk__gt=_newest_sealed()).count()


# --- Reading rows as they are stored --------------------------------------------------------------------------


def _select() -> str:
    """The columns of an event in the model's order, each in the spelling in which this database keeps it."""
    # On SQLite a plus takes away the column's type, and with it the driver's wish to convert the text.
    as_text = {
        "sqlite": {"DateTimeField": "+e.{0}", "BooleanField": "+e.{0}"},
        "postgresql": {
            "DateTimeField": "to_char(e.{0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
            "UUIDField": "e.{0}::text",
            "JSONField": "e.{0}::text",
        },
    }[connection.vendor]
    fields = Event._meta.concrete_fields
    return ", ".join(as_text.get(field.get_internal_type(), "e.{0}").format(field.column) for field in fields)


def _read(rest: str, params: list[Any]) -> Iterator[tuple[int, bytes]]:
    """Id and digest of events; `rest` is the query behind the table's name (alias e)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_select()} FROM {_EVENTS} e {rest}", params)  # noqa: S608  (our own names)
        for row in cursor.fetchall():
            yield row[0], digest_of(row)


def _members(seal: int) -> list[Any]:
    """What a seal covers, in the order of the ids: event's id, its digest then, and its columns now (NULL: gone)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.event_id, s.digest, {_select()} FROM {_SEALED} s LEFT JOIN {_EVENTS} e ON e.id = s.event_id "  # noqa: S608
            "WHERE s.seal = %s ORDER BY s.event_id",
            [seal],
        )
        return list(cursor.fetchall())


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def digest_of(row: Sequence[Any]) -> bytes:
    """The digest of an event's columns in the model's order; 32 bytes."""
    return hashlib.sha256(_encode(row).encode("utf-8", "surrogatepass")).digest()


# --- Verifying ------------------------------------------------------------------------------------------------


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


def verify(kept_head: str = "", *, up_to: int | None = None) -> Verdict:
    """Read every seal and every sealed event again, and compare. `kept_head`: a head that was kept elsewhere.

    The chain begins behind the last purge. `up_to`: only the seals up to this number.
    """
    verdict, purged = Verdict(), Purge.objects.order_by("-number").first()
    verdict.fault = _purges_fault()
    expected, previous = (purged.last_seal + 1, purged.anchor) if purged else (1, "")
    seals = Seal.objects.filter(number__lte=up_to) if up_to else Seal.objects.all()
    for seal in seals.order_by("number").iterator():
        verdict.fault = verdict.fault or _chain_fault(seal, expected, previous) or _events_fault(seal)
        if verdict.fault:
            return verdict
        expected, previous = expected + 1, seal.signature
        verdict.seals, verdict.events = verdict.seals + 1, verdict.events + seal.count
    if verdict.fault is None and up_to is None:
        verdict.fault = _stray_fault(expected - verdict.seals, expected - 1)
        verdict.fault = verdict.fault or _head_fault(kept_head, expected - 1)
        verdict.unsealed = Event.objects.count() - verdict.events
    return verdict


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
    for pk, digest, *row in _members(seal.number):
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
