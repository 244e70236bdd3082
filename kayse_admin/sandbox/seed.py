"""Deterministic seed data that looks like a US law firm's.

Client number n is the same in every seed. All phone numbers are in the range kept free for fiction
(555-01xx), all mail hosts in the domains kept free for examples.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from . import membership
from .clients import COLUMNS
from .seed_words import (
    CASE_TYPE_WEIGHTS,
    CASE_TYPES,
    FIRST_NAMES,
    LAST_NAMES,
    LISTS,
    MAIL_HOSTS,
    PLACES,
    SECOND_LINES,
    STATUS_WEIGHTS,
    STATUSES,
    STREETS,
)
from .store import Store

BATCH = 10_000
# Cases of eight clients in a row: 14, so 2,000 clients have 3,500.
CASES_OF = (1, 2, 1, 3, 1, 2, 0, 4)
HOUSEHOLD_EVERY = 40
FIRST_BIRTHDAY = date(1938, 1, 1)
BIRTHDAYS = tuple((FIRST_BIRTHDAY + timedelta(days=day)).isoformat() for day in range(68 * 365))
SOURCES = ("litify", "litify", "leaddocket", "leaddocket", "manual")
# The vendor's examples change and delete the lists 44 and 55: they can be sent as they stand.
LIST_IDS = (*range(1, 11), 44, 55)
ORIGINS = {"litify": "integration", "leaddocket": "integration", "manual": None}

Row = tuple[object, ...]
T = TypeVar("T")


@dataclass(slots=True)
class Batch:
    """Rows for the three tables, ready to insert."""

    clients: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)


def seed(store: Store, clients: int) -> None:
    """Fill a store that was never filled; one that was stays as it is, even if it is empty by now."""
    with store.transaction():
        if store.row("SELECT 1 FROM seeded"):
            return
        store.write("INSERT INTO seeded (clients) VALUES (?)", (clients,))
        labels = [("case_type", *item) for item in CASE_TYPES.items()]
        labels += [("status", *item) for item in STATUSES.items()]
        store.write_many("INSERT INTO labels (kind, id, name) VALUES (?, ?, ?)", labels)
        if clients:
            _people(store, clients)
            _lists(store)


def _people(store: Store, clients: int) -> None:
    columns = ("id", *COLUMNS, "origin")
    marks = ", ".join("?" * len(columns))
    for batch in batches(clients):
        store.write_many(f"INSERT INTO clients ({', '.join(columns)}) VALUES ({marks})", batch.clients)  # noqa: S608
        store.write_many("INSERT INTO cases (id, case_type_id, status_id) VALUES (?, ?, ?)", batch.cases)
        store.write_many("INSERT INTO links (client_id, position, case_id) VALUES (?, ?, ?)", batch.links)


def _lists(store: Store) -> None:
    for pk, (name, description, filter_, include, exclude, is_obo, origin) in zip(
        LIST_IDS, LISTS, strict=True
    ):
        store.write(
            "INSERT INTO lists (id, name, description, filter, is_obo, origin) VALUES (?, ?, ?, ?, ?, ?)",
            (pk, name, description, json.dumps(filter_), is_obo, origin),
        )
        membership.redefine(store, pk, include, exclude)
        if is_obo:
            membership.propagate_obo(store, pk, is_obo)


def batches(clients: int) -> Iterator[Batch]:
    """All rows for this many clients, in batches. Pure: the same number gives the same rows."""
    pick, case_id, batch = Picker(), 0, Batch()
    household: tuple[int, Row] | None = None
    for client_id in range(1, clients + 1):
        person = pick.person(client_id)
        if household is not None and client_id % HOUSEHOLD_EVERY == 0:
            shared_case, neighbour = household
            person = _same_household(person, neighbour)
            batch.links.append((client_id, 99, shared_case))
        first_case = case_id + 1
        for position in range(CASES_OF[client_id % len(CASES_OF)]):
            case_id += 1
            batch.cases.append((case_id, pick.case_type(), pick.status()))
            batch.links.append((client_id, position, case_id))
        household = (first_case, person) if case_id >= first_case else None
        batch.clients.append(person)
        if len(batch.clients) == BATCH:
            yield batch
            batch = Batch()
    yield batch


class Picker:
    """Draws people and cases from one seeded source of chance."""

    def __init__(self) -> None:
        self._chance = Random(2026).random  # noqa: S311  # seed data, not secrets
        self._types = _spread(tuple(CASE_TYPES), CASE_TYPE_WEIGHTS)
        self._statuses = _spread(tuple(STATUSES), STATUS_WEIGHTS)
        self._mail_names = {name: _mail_name(name) for name in (*FIRST_NAMES, *LAST_NAMES)}

    def one_of(self, choices: tuple[T, ...]) -> T:
        """Any of these, alike likely."""
        return choices[int(self._chance() * len(choices))]

    def case_type(self) -> int:
        """The type of a case, by how often firms have it."""
        return self.one_of(self._types)

    def status(self) -> int:
        """The status of a case, by how often it occurs."""
        return self.one_of(self._statuses)

    def person(self, client_id: int) -> Row:
        """A row for the clients table: id, COLUMNS, origin."""
        chance, one_of = self._chance, self.one_of
        first, last = one_of(FIRST_NAMES), one_of(LAST_NAMES)
        city, state, *zips, area = one_of(PLACES)
        source = one_of(SOURCES)
        mail = f"{self._mail_names[first]}.{self._mail_names[last]}{client_id}@{one_of(MAIL_HOSTS)}"
        return (
            client_id,
            mail if chance() > 0.12 else None,
            f"+1{area}55501{int(chance() * 100):02d}" if chance() > 0.06 else None,
            source,
            EXTERNAL_IDS[source](client_id),
            first,
            last,
            one_of(BIRTHDAYS) if chance() > 0.08 else None,
            city,
            state,
            zips[chance() > 0.5],
            f"{int(chance() * 9_800) + 100} {one_of(STREETS)}" if chance() > 0.04 else None,
            one_of(SECOND_LINES) if chance() > 0.8 else None,
            chance() < 0.05,
            ORIGINS[source],
        )


EXTERNAL_IDS: dict[str, Callable[[int], str]] = {
    "litify": lambda number: f"a0L5e{number:010X}",
    "leaddocket": lambda number: f"LD-{100_000 + number}",
    "manual": lambda number: f"M-{number:06d}",
}


def _same_household(person: Row, neighbour: Row) -> Row:
    """The last name, phone and address of the neighbour, everything else of the person."""
    shared = {"mobile", "last_name", "city", "state", "postal_code", "address_line1", "address_line2"}
    names = ("id", *COLUMNS, "origin")
    return tuple(
        theirs if name in shared else own for name, own, theirs in zip(names, person, neighbour, strict=True)
    )


def _spread(values: tuple[int, ...], weights: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(value for value, weight in zip(values, weights, strict=True) for _ in range(weight))


def _mail_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z-]", "", plain)[:30]
