"""Whom the rows of a file may be about, as the directory knows them: a few queries for any number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clients_ui import normal
from clients_ui.imports.mapping import ID
from clients_ui.models import Client
from kayse_admin.among import Among

#: The fields that are a client's identity in another system.
EXTERNAL_ID = ("external_source", "external_source_id")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Here:
    """The clients by id, and by external source and id: more than one may have the same, and some are deleted."""

    by_id: Mapping[int, list[Client]]
    by_key: Mapping[Key | None, list[Client]]

    def found(self, pk: int | None, key: Key | None) -> list[Client]:
        """Whom a row means that has this Kayse id, or else this external source and id."""
        return self.by_id.get(pk, []) if pk else self.by_key.get(key, []) if key else []

    def other_than(self, client: Client, values: Mapping[str, Any]) -> Client | None:
        """Somebody else who has the external source and id among these values, and is not deleted."""
        key = normal.identity(values)
        others = self.by_key.get(key, []) if key else []
        return next((one for one in others if one.pk != client.pk and not one.gone_at), None)


def here(values: Iterable[Mapping[str, Any]]) -> Here:
    """The clients whom rows with these values are about, and who has the external ids in them, in two queries."""
    rows = list(values)
    ids = {pk for one in rows if (pk := one.get(ID))}
    by_id = {client.pk: [client] for client in Client.objects.filter(Among("id", ids))}
    by_key: defaultdict[Key | None, list[Client]] = defaultdict(list)
    keys = {normal.key(_external_id(one, by_id)) for one in rows} - {""}
    for client in Client.objects.filter(Among("external_key", keys)).order_by("pk"):
        by_key[normal.identity(vars(client))].append(client)
    return Here(by_id, by_key)


def _external_id(values: Mapping[str, Any], by_id: Mapping[int, list[Client]]) -> str | None:
    """The external id of a row, or the known one of the client whom its id names: its source may change alone."""
    if (told := values.get("external_source_id")) or "external_source" not in values:
        return told
    known = by_id.get(values.get(ID) or 0)
    return known[0].external_source_id if known else None


def twins(mails: set[str], phones: set[str]) -> Mapping[tuple[str, str], list[tuple[int, str]]]:
    """Known clients by e-mail and by phone: id and name of each."""
    found: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    living = Client.objects.filter(gone_at=None).order_by("pk")
    for kind, keys in (("email", mails), ("phone", phones)):
        columns = ("id", "first_name", "last_name", f"{kind}_key")
        for pk, first, last, key in living.filter(Among(f"{kind}_key", keys)).values_list(*columns):
            found[(kind, key)].append((pk, name_of({"first_name": first, "last_name": last})))
    return found


def name_of(values: Mapping[str, Any]) -> str:
    """First and last name, as far as they are there."""
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name")))) or "somebody"
