"""Taking a whole client export into the directory: raw bulk upserts, because a firm may have a million clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db import connection, transaction

from clients_ui import directory, knowledge
from clients_ui.export_file import BadRow, Row
from clients_ui.fields import DOCUMENTED
from clients_ui.models import NEVER, Client

BATCH = 10_000
#: Bad rows that are kept with their reason; the others are only counted.
MOST_TOLD = 1_000

CASES = DOCUMENTED.index("case_ids")
COLUMNS = ("id", *DOCUMENTED, "told_at", "told", "extra", "known_since", "changed_at", *knowledge.KEYS)


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
    directory.forget_count()
    return loaded


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


def take(batch: Sequence[Row], at: datetime) -> int:
    """Upsert rows that tell the same fields; returns how many clients were not known before."""
    if not batch:
        return 0
    here = _known_here([row.pk for row in batch])
    names = tuple(batch[0].told)
    untold = json.dumps({name: None for name in DOCUMENTED if name not in names})
    moments = [connection.ops.adapt_datetimefield_value(one) for one in (at, NEVER)]
    values = []
    for row in batch:
        known = here.get(row.pk)
        if known is None or _is_plain(known, names, at):
            told = untold if known is None else _told_after(known, names, at)
            values.append(_values(row, told, *moments))
        else:
            _merge(row, at)
    if values:
        _write(names, values)
    return len(batch) - len(here)


Known = tuple[datetime, dict[str, int | None], bool]


def _known_here(pks: list[int]) -> dict[int, Known]:
    """For each of the ids that is known: told_at, told, and whether its lost or deleted marks need a closer look."""
    found = {}
    for start in range(0, len(pks), 500):
        rows = Client.objects.filter(pk__in=pks[start : start + 500])
        for pk, told_at, told, lost, gone in rows.values_list("id", "told_at", "told", "lost", "gone_at"):
            found[pk] = (told_at, told, bool(lost or gone))
    return found


def _is_plain(known: Known, names: Sequence[str], at: datetime) -> bool:
    """Whether the file's values simply replace what is there."""
    told_at, told, marked = known
    latest = int(at.timestamp())
    return not marked and told_at <= at and all((told.get(name) or 0) <= latest for name in names)


def _told_after(known: Known, names: Sequence[str], at: datetime) -> str:
    told_at, told, _ = known
    base = int(told_at.timestamp())
    ages = {name: told.get(name, base) for name in DOCUMENTED if name not in names}
    return json.dumps({name: age for name, age in ages.items() if age != int(at.timestamp())})


def _values(row: Row, told: str, at: Any, never: Any) -> list[Any]:
    """The parameters of the upsert, in the order of `COLUMNS`."""
    fields = [row.told.get(name) for name in DOCUMENTED]
    if row.told.get("case_ids") is not None:
        fields[CASES] = json.dumps(row.told["case_ids"])
    keys = [make(row.told.get(name)) for name, make in knowledge.KEYS.values()]
    return [row.pk, *fields, at, told, "{}", at, never, *keys]


def _write(names: Sequence[str], values: Sequence[list[Any]]) -> None:
    """Insert clients, or replace what the file tells of those that are known.

    PostgreSQL takes rows 5 times as fast by COPY into a table of the transaction's own.
    """
    table, columns = f'"{Client._meta.db_table}"', ", ".join(f'"{name}"' for name in COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"CREATE TEMP TABLE loading (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP")
            with cursor.copy(f"COPY loading ({columns}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
            rows = f"SELECT {columns} FROM loading"  # noqa: S608  (our own names, here and below)
            cursor.execute(f"INSERT INTO {table} ({columns}) {rows} {_on_conflict(names)}")
            cursor.execute("DROP TABLE loading")
        else:
            marks = ", ".join(["%s"] * len(COLUMNS))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks}) {_on_conflict(names)}"  # noqa: S608
            cursor.executemany(statement, values)


def _on_conflict(names: Sequence[str]) -> str:
    keys = [column for column, (name, _) in knowledge.KEYS.items() if name in names]
    changed = [*names, *keys, "told_at", "told"]
    return "ON CONFLICT (id) DO UPDATE SET " + ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in changed)


def _merge(row: Row, at: datetime) -> None:
    """The slow and exact way, for a client of whom something newer or something special is known."""
    client = directory.locked(row.pk)
    assert client is not None
    knowledge.merge(client, row.told, at)
    if client.gone_at and client.gone_at < at:
        client.gone_at = None
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
        cursor.execute("PRAGMA cache_size=-200000")
        cursor.execute("PRAGMA wal_autocheckpoint=50000")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size={int(before[0])}")
            cursor.execute(f"PRAGMA wal_autocheckpoint={int(before[1])}")
