"""Case lists: the records behind the nine endpoints of the vendor's Case lists page."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from . import membership
from .config import Switches
from .errors import not_found
from .query import ListQuery
from .schema import CaseListCreate, CaseListRowUpdate, check
from .store import Store

ORIGIN = "public_api"
COLUMNS = ("name", "description", "external_source", "external_source_id", "filter", "is_obo")
KEYS = ("id", "name", "description", "case_count", "origin", "update_origin")


def page(store: Store, switches: Switches, query: ListQuery) -> dict[str, Any]:
    """One page of lists by ascending id. ``total`` counts lists or pages, by switch."""
    with store.transaction():
        found = store.rows(
            "SELECT * FROM lists WHERE instr(casefold(name), casefold(?)) ORDER BY id", (query.key,)
        )
        if query.hide_empty:
            found = [record for record in found if membership.count(store, record["id"])]
        shown = found[query.offset : query.offset + query.page_size]
        data = [as_json(store, record) for record in shown]
    pages = -(-len(found) // query.page_size)
    return {"data": data, "page": query.page, "total": len(found) if switches.total == "lists" else pages}


def get(store: Store, list_id: int) -> dict[str, Any]:
    """One list as the API shows it; 404 when there is none."""
    with store.transaction():
        return as_json(store, _existing(store, list_id))


def as_json(store: Store, record: sqlite3.Row) -> dict[str, Any]:
    """The six keys that the vendor shows; the count is computed from the members."""
    count = membership.count(store, record["id"])
    return {key: count if key == "case_count" else record[key] for key in KEYS}


def create(store: Store, definition: dict[str, Any]) -> int:
    """Make a list, fill it, and return its id."""
    with store.transaction():
        made = store.write("INSERT INTO lists (name, origin) VALUES (?, ?)", (definition["name"], ORIGIN))
        list_id = made.lastrowid
        assert list_id is not None
        _define(store, list_id, definition)
    return list_id


def update(store: Store, list_id: int, definition: dict[str, Any]) -> None:
    """Change the given fields and set the members anew.

    The filter (the given one, else the stored one) is applied again and every hand-made attach and detach is
    dropped; only the include_ids and exclude_ids of this request count.
    """
    with store.transaction():
        _existing(store, list_id)
        _define(store, list_id, definition)
        _touch(store, list_id)


def bulk_upsert(store: Store, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Create the definitions without an id and update the others; all of them or none."""
    results = []
    with store.transaction():
        for index, row in enumerate(rows):
            where = f"lists[{index}]"
            if "id" in row:
                change = check(CaseListRowUpdate, row, where)
                update(store, change.id, change.given())
                results.append({"id": change.id, "action": "updated"})
            else:
                made = create(store, check(CaseListCreate, row, where).given())
                results.append({"id": made, "action": "created"})
    return {"results": results}


def override(store: Store, list_id: int, selection: dict[str, Any], *, member: bool) -> None:
    """Attach (``member``) or detach a selection of cases."""
    with store.transaction():
        _existing(store, list_id)
        membership.override(store, list_id, selection, member=member)
        _touch(store, list_id)


def override_clients(store: Store, list_id: int, client_ids: list[int], *, member: bool) -> tuple[int, int]:
    """Attach or detach the clients' cases; returns how many clients are known and their cases' number."""
    with store.transaction():
        _existing(store, list_id)
        known, cases = membership.cases_of(store, client_ids)
        membership.override_ids(store, list_id, cases, member=member)
        _touch(store, list_id)
    return known, len(cases)


def duplicate(store: Store, list_id: int) -> int:
    """Copy a list with its filter and its overrides, and return the copy's id."""
    with store.transaction():
        source = _existing(store, list_id)
        name = f"{source['name'][:248]} (copy)"
        made = store.write(
            "INSERT INTO lists (name, description, filter, is_obo, origin) VALUES (?, ?, ?, ?, ?)",
            (name, source["description"], source["filter"], source["is_obo"], ORIGIN),
        )
        store.write(
            "INSERT INTO overrides (list_id, case_id, member)"
            " SELECT ?, case_id, member FROM overrides WHERE list_id = ?",
            (made.lastrowid, list_id),
        )
    assert made.lastrowid is not None
    return made.lastrowid


def delete(store: Store, ids: list[int]) -> list[int]:
    """Delete the lists that exist and return their ids in the order given; no case is touched."""
    deleted = []
    with store.transaction():
        for list_id in dict.fromkeys(ids):
            if store.write("DELETE FROM lists WHERE id = ?", (list_id,)).rowcount:
                store.write("DELETE FROM overrides WHERE list_id = ?", (list_id,))
                deleted.append(list_id)
    return deleted


def _define(store: Store, list_id: int, definition: dict[str, Any]) -> None:
    changes = {name: definition[name] for name in COLUMNS if name in definition}
    if "filter" in changes:
        changes["filter"] = json.dumps(changes["filter"])
    if changes:
        assignments = ", ".join(f"{name} = ?" for name in changes)
        store.write(f"UPDATE lists SET {assignments} WHERE id = ?", (*changes.values(), list_id))  # noqa: S608
    membership.redefine(store, list_id, definition.get("include_ids", ()), definition.get("exclude_ids", ()))
    if "is_obo" in definition:
        membership.propagate_obo(store, list_id, definition["is_obo"])


def _touch(store: Store, list_id: int) -> None:
    store.write("UPDATE lists SET update_origin = ? WHERE id = ?", (ORIGIN, list_id))


def _existing(store: Store, list_id: int) -> sqlite3.Row:
    found = store.row("SELECT * FROM lists WHERE id = ?", (list_id,))
    if found is None:
        raise not_found("case list", list_id)
    return found
