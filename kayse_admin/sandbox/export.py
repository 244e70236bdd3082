"""The CSV files that a firm has beside the API: its clients, and the names of its types and statuses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from .clients import COLUMNS
from .schema import CLIENT_FIELDS
from .store import Store

BATCH = 5_000
HEADER = ("id", *CLIENT_FIELDS)


def clients_csv(store: Store) -> Iterator[str]:
    """All clients that are not deleted: ``id`` first, then every documented field; ``case_ids`` with spaces.

    Read in batches by id, so that memory stays small and nobody else waits for the whole of it.
    """
    yield _lines([HEADER])
    columns = ", ".join(
        "CASE voice_calls_opted_out WHEN 1 THEN 'true' ELSE 'false' END"
        if name == "voice_calls_opted_out"
        else name
        for name in COLUMNS
    )
    query = (
        f"SELECT id, {columns}, (SELECT group_concat(case_id, ' ') FROM"  # noqa: S608  # names from the schema
        " (SELECT case_id FROM links WHERE client_id = clients.id ORDER BY position))"
        " FROM clients WHERE id > ? AND NOT deleted ORDER BY id LIMIT ?"
    )
    last = 0
    while found := store.rows(query, (last, BATCH)):
        last = found[-1][0]
        yield _lines(found)


def labels_csv(store: Store) -> Iterator[str]:
    """``kind,id,name`` with kind ``case_type`` or ``status``."""
    yield _lines([("kind", "id", "name")])
    yield _lines(store.rows("SELECT kind, id, name FROM labels ORDER BY kind, id"))


def _lines(rows: Iterable[Iterable[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
