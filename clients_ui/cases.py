"""Whose cases these are, as far as it is known here: the vendor tells a client's cases, and never a case's clients."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import connection

from clients_ui import directory
from clients_ui.models import Client

#: No index leads from a case to its clients; among more clients than this, looking through all takes too long
#: (40 ms for 100,000).
MOST_KNOWN = 300_000

_CLIENTS = {
    "sqlite": "EXISTS (SELECT 1 FROM json_each(case_ids) WHERE value IN (SELECT value FROM json_each(%s)))",
    "postgresql": "case_ids @> ANY (SELECT jsonb_array_elements(%s::jsonb))",
}


def clients_of(case_ids: Sequence[int], most: int) -> list[tuple[int, Client]] | None:
    """Some of these cases with a client who has them, one client a case; None in a directory too large for it."""
    if directory.known_count() > MOST_KNOWN:
        return None
    sql = (
        f"SELECT id FROM {connection.ops.quote_name(Client._meta.db_table)} "  # noqa: S608  (our own name)
        f"WHERE gone_at IS NULL AND case_ids <> '[]' AND {_CLIENTS[connection.vendor]} ORDER BY id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(list(case_ids)), most])
        ids = [row[0] for row in cursor.fetchall()]
    wanted, found = set(case_ids), dict[int, Client]()
    for client in Client.objects.filter(pk__in=ids).order_by("pk"):
        for case in client.case_ids or ():
            if case in wanted:
                found.setdefault(case, client)
    return sorted(found.items())[:most]
