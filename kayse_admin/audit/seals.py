"""Tamper evidence: signed statements about what the events were, each naming the one before it.

A seal covers events that were in no seal yet, found by what is missing and not by a range of ids, because PostgreSQL
shows rows out of the order of their ids. It holds a digest over the digests of its events, its number, the signature of
the seal before it, and its own signature, whose key is outside the database. Who can write to the database alone can
then neither change nor remove a sealed event unnoticed; only cutting off the newest seals together with their events
leaves a chain that looks whole. For that the head, "number:signature", is kept elsewhere (`audit.heads`):
`manage.py audit_verify --head` compares (`audit.verifying`).

The digests are of the rows as this kind of database stores them: moving from SQLite to PostgreSQL begins a new chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
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
#: Ids of the next events behind an id that are in no seal. The bound is told of both tables: PostgreSQL merges the two
#: indexes, and would read that of the sealed ones from its beginning.
_UNSEALED = f"""
    SELECT o.id FROM {_EVENTS} o LEFT JOIN {_SEALED} s ON s.event_id = o.id AND s.event_id > %s
    WHERE s.event_id IS NULL AND o.id > %s ORDER BY o.id LIMIT %s"""  # noqa: S608  (our own names)


def seal_all(*, behind: int | None = None, most: int | None = None) -> int:
    """Seal the committed events that are in no seal, no more than about `most`; returns how many.

    It looks back from the newest seal, or at all `behind` an id (0: the entire record), and goes on where each
    seal ended. It stops after a seal that is not full: what came in meanwhile is the next round's, however busy the
    record is.
    """
    low = _newest_sealed() - LOOK_BACK if behind is None else behind
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
            rows = list(_read(f"WHERE e.id IN ({_UNSEALED}) ORDER BY e.id", [low, low, MOST]))
            if rows:
                _write(rows, last)
            return [pk for pk, _ in rows]
    except IntegrityError:
        return []  # two rounds at once: the other one has sealed these


def _write(rows: list[tuple[int, bytes]], last: Seal | None) -> None:
    number = last.number + 1 if last else 1
    _note(number, rows)
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


def _note(number: int, rows: Sequence[tuple[int, bytes]]) -> None:
    """Which events are in the seal: without instances of the model, which cost five times as much as the rows."""
    with connection.cursor() as cursor:
        into = f"INSERT INTO {_SEALED} (event_id, seal, digest)"  # our own names
        if connection.vendor == "postgresql":
            ids, digests = [pk for pk, _ in rows], [digest for _, digest in rows]
            told = "SELECT unnest(%s::bigint[]), %s, unnest(%s::bytea[])"
            cursor.execute(f"{into} {told}", [ids, number, digests])
        else:
            cursor.executemany(f"{into} VALUES (%s, %s, %s)", [(pk, number, digest) for pk, digest in rows])


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


def members(seal: int) -> list[Any]:
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
