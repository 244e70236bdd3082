"""Which cases are members of a list.

Members are the cases that match the list's filter now, plus those that were included or attached, minus those
that were excluded or detached. The latter are the list's overrides: one row for each case, in or out, and the
latest gesture wins. So the members are the matching cases without an override plus the overrides that say
"in".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .store import Store

Condition = tuple[str, tuple[object, ...]]

# How each evaluated key of a filter narrows the cases. Keys are joined by AND, the ids of a key by OR.
CLAUSES = {
    "case_type_ids": "case_type_id IN (SELECT value FROM json_each(?))",
    "status_ids": "status_id IN (SELECT value FROM json_each(?))",
    "client_ids": "id IN (SELECT case_id FROM links JOIN clients ON clients.id = client_id"
    " WHERE NOT deleted AND client_id IN (SELECT value FROM json_each(?)))",
    "is_obo": "is_obo = ?",
}
NOTHING: Condition = ("0", ())


def matching(filter_: dict[str, Any] | None) -> Condition:
    """A filter as a condition on the cases table.

    A filter that narrows nothing (none, ``{}``, only unknown keys, only empty arrays) matches no case: a list
    without criteria is one that was picked by hand, not the whole firm.
    """
    clauses, parameters = [], []
    for key, clause in CLAUSES.items():
        wanted = (filter_ or {}).get(key)
        if wanted is None or wanted == []:
            continue
        clauses.append(clause)
        parameters.append(json.dumps(wanted) if isinstance(wanted, list) else wanted)
    return (" AND ".join(clauses), tuple(parameters)) if clauses else NOTHING


def members_query(store: Store, list_id: int) -> Condition:
    """A query that selects the ids of the list's members."""
    stored = store.value("SELECT filter FROM lists WHERE id = ?", (list_id,))
    condition, parameters = matching(json.loads(stored) if stored else None)
    sql = (
        f"SELECT id FROM cases WHERE {condition} AND NOT EXISTS"  # noqa: S608  # clauses are the constants above
        " (SELECT 1 FROM overrides WHERE list_id = ? AND case_id = cases.id)"
        " UNION ALL SELECT case_id FROM overrides JOIN cases ON cases.id = case_id"
        " WHERE list_id = ? AND member"
    )
    return sql, (*parameters, list_id, list_id)


def members(store: Store, list_id: int) -> list[int]:
    """The ids of the list's members, ascending."""
    with store.transaction():
        sql, parameters = members_query(store, list_id)
        return [row[0] for row in store.rows(f"{sql} ORDER BY 1", parameters)]


def count(store: Store, list_id: int) -> int:
    """How many cases the list has."""
    with store.transaction():
        sql, parameters = members_query(store, list_id)
        return int(store.value(f"SELECT count(*) FROM ({sql})", parameters))  # noqa: S608


def redefine(store: Store, list_id: int, include: Iterable[int], exclude: Iterable[int]) -> None:
    """Forget every override of the list and start from these; an id in both is out."""
    store.write("DELETE FROM overrides WHERE list_id = ?", (list_id,))
    override_ids(store, list_id, include, member=True)
    override_ids(store, list_id, exclude, member=False)


def override_ids(store: Store, list_id: int, ids: Iterable[int], *, member: bool) -> None:
    """Put these cases in or out. An id that no case has is kept and counts for nothing."""
    store.write_many(
        "INSERT OR REPLACE INTO overrides (list_id, case_id, member) VALUES (?, ?, ?)",
        [(list_id, case_id, member) for case_id in ids],
    )


def override(store: Store, list_id: int, selection: dict[str, Any], *, member: bool) -> None:
    """Put a selection (filter, include_ids, exclude_ids) in or out, as its cases are at this moment."""
    condition, parameters = matching(selection.get("filter"))
    found = store.rows(f"SELECT id FROM cases WHERE {condition}", parameters)  # noqa: S608
    wanted = {row["id"] for row in found} | set(selection.get("include_ids", ()))
    override_ids(store, list_id, wanted - set(selection.get("exclude_ids", ())), member=member)


def cases_of(store: Store, client_ids: list[int]) -> tuple[int, list[int]]:
    """How many of the clients exist, and the ids of their existing cases."""
    wanted = json.dumps(client_ids)
    live = "NOT deleted AND clients.id IN (SELECT value FROM json_each(?))"
    known = store.value(f"SELECT count(*) FROM clients WHERE {live}", (wanted,))  # noqa: S608
    found = store.rows(
        "SELECT DISTINCT cases.id FROM clients JOIN links ON client_id = clients.id"  # noqa: S608
        f" JOIN cases ON cases.id = case_id WHERE {live}",
        (wanted,),
    )
    return int(known), [row["id"] for row in found]


def propagate_obo(store: Store, list_id: int, is_obo: bool) -> None:
    """Give the list's flag to every case that is a member now."""
    ids = json.dumps(members(store, list_id))
    store.write("UPDATE cases SET is_obo = ? WHERE id IN (SELECT value FROM json_each(?))", (is_obo, ids))
