"""Clients: the records behind the six endpoints of the vendor's Clients page."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from .config import Switches
from .errors import ApiError, not_found
from .schema import CLIENT_FIELDS, ClientCreate, ClientRowUpdate, check
from .store import Store

ORIGIN = "public_api"
REQUIRED = ("external_source", "external_source_id", "first_name", "last_name")
COLUMNS = tuple(name for name in CLIENT_FIELDS if name != "case_ids")

# The keys of each example answer, for the switch answers=sparse. The bulk example elides its clients: the
# leanest example stands for it.
GET_KEYS = (
    "id",
    "email",
    "mobile",
    "first_name",
    "last_name",
    "city",
    "state",
    "origin",
    "update_origin",
)
CREATE_KEYS = (
    "id",
    "email",
    "mobile",
    "external_source",
    "external_source_id",
    "first_name",
    "last_name",
    "city",
    "state",
    "voice_calls_opted_out",
    "case_ids",
    "origin",
    "update_origin",
)
ALL_KEYS = ("id", *CLIENT_FIELDS, "origin", "update_origin")


def get(store: Store, client_id: int, keys: Iterable[str] = ALL_KEYS) -> dict[str, Any]:
    """One client as JSON with the given keys; 404 when there is none or it was deleted."""
    with store.transaction():
        record = as_json(_live(store, client_id), case_ids(store, client_id))
    return {key: record[key] for key in keys}


def create(store: Store, fields: dict[str, Any]) -> int:
    """Make a client and return its id. Nothing is compared with existing ones: the API is not idempotent."""
    values = [fields.get(name, False if name == "voice_calls_opted_out" else None) for name in COLUMNS]
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    with store.transaction():
        made = store.write(
            f"INSERT INTO clients ({', '.join(COLUMNS)}, origin) VALUES ({marks})",  # noqa: S608
            (*values, ORIGIN),
        )
        client_id = made.lastrowid
        assert client_id is not None
        link(store, client_id, fields.get("case_ids", []))
    return client_id


def update(store: Store, client_id: int, fields: dict[str, Any], *, replace: bool = False) -> None:
    """Change the given fields; with ``replace`` the optional fields that were not given become empty."""
    if replace:
        empty = {name: None for name in COLUMNS if name not in REQUIRED}
        fields = {**empty, "voice_calls_opted_out": False, "case_ids": [], **fields}
    changes = {name: fields[name] for name in COLUMNS if name in fields} | {"update_origin": ORIGIN}
    with store.transaction():
        _live(store, client_id)
        assignments = ", ".join(f"{name} = ?" for name in changes)
        store.write(f"UPDATE clients SET {assignments} WHERE id = ?", (*changes.values(), client_id))  # noqa: S608
        if "case_ids" in fields:
            link(store, client_id, fields["case_ids"])


def delete(store: Store, client_ids: Iterable[int], *, force: bool = False) -> list[int]:
    """Delete the clients that exist and return their ids in the order given.

    A deleted client keeps its row unless ``force`` is set; its cases stay what they are in both.
    """
    deleted = []
    with store.transaction():
        for client_id in dict.fromkeys(client_ids):
            if not _is_live(store, client_id):
                continue
            deleted.append(client_id)
            if force:
                store.write("DELETE FROM clients WHERE id = ?", (client_id,))
                store.write("DELETE FROM links WHERE client_id = ?", (client_id,))
            else:
                store.write("UPDATE clients SET deleted = 1 WHERE id = ?", (client_id,))
    return deleted


def delete_one(store: Store, client_id: int) -> None:
    """Delete softly; 404 when there is no such client."""
    if not delete(store, [client_id]):
        raise not_found("client", client_id)


def bulk_upsert(store: Store, switches: Switches, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Create the rows without an id and update the others, in order.

    With bulk=per_row a bad row is told in ``failed`` and the others go on; with bulk=abort_batch it is a 400
    for the lot and nothing is changed.
    """
    keys = GET_KEYS if switches.answers == "sparse" else ALL_KEYS
    done: list[int] = []
    failed: list[dict[str, Any]] = []
    slow = switches.bulk_row_ms / 1000 if switches.bulk == "per_row" else 0
    with nullcontext() if slow else store.transaction():
        for index, row in enumerate(rows):
            try:
                with store.transaction():
                    done.append(_upsert(store, row, f"clients[{index}]"))
                time.sleep(slow)
            except ApiError as problem:
                if switches.bulk == "abort_batch":
                    raise ApiError(400, f"Row {index}: {problem.message} Nothing was changed.") from None
                failed.append(_failure(index, row, problem))
        shown = [get(store, client_id, keys) for client_id in done]
    return {"clients": shown, "successful_ids": done, "failed": failed}


def _upsert(store: Store, row: dict[str, Any], where: str) -> int:
    if "id" not in row:
        return create(store, check(ClientCreate, row, where).given())
    change = check(ClientRowUpdate, row, where)
    update(store, change.id, change.given())
    return change.id


def _failure(index: int, row: dict[str, Any], problem: ApiError) -> dict[str, Any]:
    identifier, external = row.get("id"), row.get("external_source_id")
    return {
        "index": index,
        "id": identifier if type(identifier) is int else None,
        "external_source_id": external if isinstance(external, str) else None,
        **problem.body,
    }


def link(store: Store, client_id: int, cases: list[int]) -> None:
    """Replace the client's links. An id that no case has is kept: it is echoed and is in no list."""
    store.write("DELETE FROM links WHERE client_id = ?", (client_id,))
    store.write_many(
        "INSERT INTO links (client_id, position, case_id) VALUES (?, ?, ?)",
        [(client_id, position, case_id) for position, case_id in enumerate(dict.fromkeys(cases))],
    )


def case_ids(store: Store, client_id: int) -> list[int]:
    """The client's case ids in the order in which they were given."""
    found = store.rows("SELECT case_id FROM links WHERE client_id = ? ORDER BY position", (client_id,))
    return [row["case_id"] for row in found]


def as_json(record: sqlite3.Row, cases: list[int]) -> dict[str, Any]:
    """A row of the clients table as the API shows it, with every documented field."""
    shown = {name: record[name] for name in ("id", *COLUMNS)}
    shown["voice_calls_opted_out"] = bool(shown["voice_calls_opted_out"])
    return shown | {"case_ids": cases, "origin": record["origin"], "update_origin": record["update_origin"]}


def _live(store: Store, client_id: int) -> sqlite3.Row:
    found = store.row("SELECT * FROM clients WHERE id = ? AND NOT deleted", (client_id,))
    if found is None:
        raise not_found("client", client_id)
    return found


def _is_live(store: Store, client_id: int) -> bool:
    return store.row("SELECT 1 FROM clients WHERE id = ? AND NOT deleted", (client_id,)) is not None
