"""Taking a whole client export into the directory: raw bulk upserts, because a firm may have a million clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

from django.db import connection, transaction

from clients_ui import directory, knowledge, normal
from clients_ui.editing import OPT_OUT
from clients_ui.export_file import BadRow, Row
from clients_ui.fields import DOCUMENTED
from clients_ui.models import NEVER, Client
from kayse_admin import many_rows
from kayse_admin.actors import Actor
from kayse_admin.among import Among

BATCH = 10_000
#: Bad rows that are kept with their reason; the others are only counted.
MOST_TOLD = 1_000

#: What is written of each client behind the id and the fields that are told.
COLUMNS = (
    "told_at", "told", "extra", "known_since", "changed_at", "changed_by", *knowledge.KEYS, *normal.PARTS,
)  # fmt: skip


@dataclass(slots=True)
class Loaded:
    """What became of a file: rows taken, how many of them were new here, rows that were refused (the first named)."""

    taken: int = 0
    added: int = 0
    refused: int = 0
    bad: list[BadRow] = field(default_factory=list)

    def refuse(self, row: BadRow) -> None:
        """Count a bad row, and name it while there are not too many."""
        self.refused += 1
        if len(self.bad) < MOST_TOLD:
            self.bad.append(row)


def load(rows: Iterable[Row | BadRow], at: datetime) -> Loaded:
    """Take rows into the directory as told at that moment; what is known from later is not overwritten."""
    at = at.replace(microsecond=0)
    loaded = Loaded()
    with _roomy_cache():
        batches = _batches(_good(rows, loaded))
        first = next(batches, [])
        is_first_load = len(first) == BATCH and not Client.objects.exists()
        with _indexed_afterwards() if is_first_load else nullcontext():
            for batch in chain([first], batches):
                with transaction.atomic():
                    loaded.added += take(batch, at)
                loaded.taken += len(batch)
    if loaded.taken >= BATCH:
        _settle()
    directory.forget_count()
    return loaded


def _settle() -> None:
    """Tell PostgreSQL now, and not when its own vacuum comes by, that everybody may see the rows.

    Counts of a search then come from its index alone: a tenth of the time at a million clients.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(f'VACUUM (ANALYZE) "{Client._meta.db_table}"')


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


@contextmanager
def _indexed_afterwards() -> Iterator[None]:
    """Make the indexes in one go behind the rows: three times as fast as entry by entry.

    Only for the first load of a directory: one transaction for all of it, so that whatever happens in between leaves an
    empty directory with its indexes.
    """
    editor = connection.schema_editor()
    with transaction.atomic(), connection.cursor() as cursor:
        for index in Client._meta.indexes:
            cursor.execute(f'DROP INDEX "{index.name}"')
        yield
        for index in Client._meta.indexes:
            cursor.execute(str(index.create_sql(Client, editor)))


def _good(rows: Iterable[Row | BadRow], loaded: Loaded) -> Iterator[Row]:
    seen: set[int] = set()
    for row in rows:
        if isinstance(row, Row) and row.pk in seen:
            row = BadRow(row.line, f"Client {row.pk} is in the file twice; the first row was taken.")
        if isinstance(row, BadRow):
            loaded.refuse(row)
        else:
            seen.add(row.pk)
            yield row


def take(batch: Sequence[Row], at: datetime, by: Actor | None = None) -> int:
    """Upsert rows that tell the same fields; returns how many clients were not known before.

    `by`: who changed them at that moment through this dashboard; None when the rows only tell what is.
    """
    if not batch:
        return 0
    at = at.replace(microsecond=0)  # as everything that is told: what a read tells in the same second counts
    here = _known_here([row.pk for row in batch])
    names = tuple(batch[0].told)
    untold = json.dumps({name: None for name in DOCUMENTED if name not in names})
    told_at, changed_at = (connection.ops.adapt_datetimefield_value(one) for one in (at, at if by else NEVER))
    changed_by = by.id if by else None
    has_extra = any(row.extra for row in batch)
    plain, tolds, extras = [], [], []
    for row in batch:
        known = here.get(row.pk)
        if known is None:
            tolds.append(untold)
        elif _is_plain(known, names, at):
            tolds.append(_told_after(known, names, at))
        else:
            _merge(row, at, by)
            continue
        plain.append(row)
        # "{}" is a new client's; of one that is known nothing is written over where nothing was told.
        kept = knowledge.with_extra(known.extra if known else {}, row.extra) if has_extra else None
        extras.append(json.dumps(kept) if kept else "{}")
    if plain:
        also = ("changed_at", "changed_by") if by else ()
        values = _values(plain, names, tolds, extras, told_at, changed_at, changed_by)
        _write(names, (*also, *(("extra",) if has_extra else ())), values)
    return len(batch) - len(here)


class Known(NamedTuple):
    """What a load has to know of a client that is here; `marked`: lost or deleted, which needs a closer look."""

    told_at: datetime
    told: dict[str, int | None]
    extra: dict[str, Any]
    marked: bool


def _known_here(pks: list[int]) -> dict[int, Known]:
    """Those of the ids that are known."""
    rows = Client.objects.filter(Among("id", pks))
    return {
        pk: Known(told_at, told, extra, bool(lost or gone))
        for pk, told_at, told, extra, lost, gone in rows.values_list(
            "id", "told_at", "told", "extra", "lost", "gone_at"
        )
    }


def _is_plain(known: Known, names: Sequence[str], at: datetime) -> bool:
    """Whether the file's values simply replace what is there."""
    latest = int(at.timestamp())
    if known.marked or known.told_at > at or len(set(knowledge.NAMES) & set(names)) == 1:
        return False  # half a name: the keys of the whole are made of what is here, too
    return all((known.told.get(name) or 0) <= latest for name in names)


def _told_after(known: Known, names: Sequence[str], at: datetime) -> str:
    base = int(known.told_at.timestamp())
    ages = {name: known.told.get(name, base) for name in DOCUMENTED if name not in names}
    return json.dumps({name: age for name, age in ages.items() if age != int(at.timestamp())})


def _values(
    rows: Sequence[Row],
    names: Sequence[str],
    tolds: Sequence[str],
    extras: Sequence[str],
    told_at: Any,
    changed_at: Any,
    changed_by: int | None,
) -> Iterator[tuple[Any, ...]]:
    """The parameters of the upsert, a row each: the id, the fields, and what `COLUMNS` names.

    Made column by column, which costs half of what it does row by row.
    """
    fields = {name: [row.told[name] for row in rows] for name in names}
    nothing: list[Any] = [None] * len(rows)
    keys = [map(make, fields[name]) if name in fields else repeat("") for name, make in _KEYS]
    parts = zip(*map(normal.parts, *(fields.get(name, nothing) for name in knowledge.NAMES)), strict=True)
    if "case_ids" in fields:
        fields["case_ids"] = [None if ids is None else json.dumps(ids) for ids in fields["case_ids"]]
    return zip(
        (row.pk for row in rows), *fields.values(), repeat(told_at), tolds, extras, repeat(told_at),
        repeat(changed_at), repeat(changed_by), *keys, *parts, strict=False,
    )  # fmt: skip


_KEYS = tuple(knowledge.KEYS.values())


def _write(names: Sequence[str], also: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    """Insert clients, or replace what the file tells of those that are known, and what is `also` new.

    PostgreSQL takes rows 5 times as fast by COPY into a table of the transaction's own.
    """
    table, written = Client._meta.db_table, ("id", *names, *COLUMNS)
    if connection.vendor != "postgresql":
        many_rows.insert(table, written, values, _on_conflict(names, also))
        return
    columns = ", ".join(f'"{name}"' for name in written)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TEMP TABLE loading (LIKE "{table}" INCLUDING DEFAULTS) ON COMMIT DROP')
        many_rows.insert("loading", written, values)
        rows = f"SELECT {columns} FROM loading"  # noqa: S608  (our own names, here and below)
        cursor.execute(f'INSERT INTO "{table}" ({columns}) {rows} {_on_conflict(names, also)}')
        cursor.execute("DROP TABLE loading")


def _on_conflict(names: Sequence[str], also: Sequence[str]) -> str:
    keys = [column for column, (name, _) in knowledge.KEYS.items() if name in names]
    parts = normal.PARTS if set(knowledge.NAMES) <= set(names) else ()
    changed = [*names, *also, *keys, *parts, "told_at", "told"]
    pairs = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in changed)
    if OPT_OUT in names:
        pairs += f", {_COUNT_OPT_OUT}"
    return "ON CONFLICT (id) DO UPDATE SET " + pairs  # nosec B608  # names of our own columns


_TABLE = Client._meta.db_table
#: As `knowledge.merge` counts it.
_COUNT_OPT_OUT = (
    f"opt_outs = CASE WHEN EXCLUDED.{OPT_OUT} AND NOT COALESCE({_TABLE}.{OPT_OUT}, FALSE) "
    f"THEN COALESCE({_TABLE}.opt_outs, 0) + 1 ELSE {_TABLE}.opt_outs END"
)


def _merge(row: Row, at: datetime, by: Actor | None) -> None:
    """The slow and exact way, for a client of whom something newer or something special is known."""
    client = directory.locked(row.pk)
    assert client is not None
    knowledge.merge(client, row.told, at, row.extra)
    if client.gone_at and client.gone_at < at:
        client.gone_at = None
    if by:
        client.changed_at, client.changed_by = at, by.id
    client.save()


@contextmanager
def _roomy_cache() -> Iterator[None]:
    """On SQLite: keep the indexes in memory while they grow at a thousand places at once."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        before = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("cache_size", "wal_autocheckpoint")
        ]
        cursor.execute("PRAGMA cache_size=-64000")
        cursor.execute("PRAGMA wal_autocheckpoint=50000")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size={int(before[0])}")
            cursor.execute(f"PRAGMA wal_autocheckpoint={int(before[1])}")
