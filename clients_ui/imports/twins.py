"""What a person has to see before they say who a row is: what it tells, and what it would change of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients_ui.fields import BY_NAME, WRITABLE
from clients_ui.forms import as_text
from clients_ui.imports import services
from clients_ui.imports.models import TWIN, Import
from clients_ui.imports.reading import Record
from clients_ui.models import Client
from kayse_admin.actors import Actor
from kayse_admin.jobs.models import Row

#: Characters of a value that are shown.
MOST = 60


@dataclass(frozen=True, slots=True)
class Maybe:
    """A client whom a row may be about. `changes`: label, value now and value then of what it would change."""

    pk: int
    name: str
    changes: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A row about which a person decides: what it tells, and whom it may be about."""

    told: list[str]
    clients: list[Maybe]


def asked(actor: Actor, kept: Import, rows: Sequence[Row]) -> Mapping[int, Asked]:
    """Those of the rows that wait for a decision, by their key. One query."""
    open_rows = [row for row in rows if row.flag == TWIN]
    if not open_rows:
        return {}
    clients = Client.objects.in_bulk([pk for row in open_rows for pk in _twins(row)])
    checker = services.checker_of(actor, kept)
    found = {}
    for row in open_rows:
        record = Record(row.line, (row.source or {}).get("cells", []))
        maybe = [
            Maybe(pk, client.name, _changes(client, checker.changes(record, client)))
            for pk in _twins(row)
            if (client := clients.get(pk))
        ]
        # In an order of our own: PostgreSQL does not keep that of the file.
        told = [text for name in WRITABLE if (text := _text(name, row.body.get(name)))]
        found[row.pk] = Asked(told, maybe)
    return found


def _twins(row: Row) -> list[int]:
    return list((row.source or {}).get("twins", []))


def _changes(client: Client, values: Mapping[str, object]) -> list[tuple[str, str, str]]:
    now = client.known()
    return [
        (BY_NAME[name].label, _text(name, now.get(name)), _text(name, value))
        for name, value in values.items()
    ]


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "opted out" if value else "may be called"
    return as_text(name, value)[:MOST]
