"""Who of this dashboard changed what a form clashes with."""

from __future__ import annotations

from collections.abc import Collection

from clients_ui import editing
from clients_ui.editing import Clash
from kayse_admin.audit import queries
from kayse_admin.audit.filters import Filters

#: Operations on the client that are looked through, newest first.
LATEST = 10


def of_clashes(pk: int, clashes: Collection[Clash]) -> str:
    """The names of those who set, in this dashboard, what Kayse has now; empty when it was done elsewhere."""
    latest = queries.page(Filters(kind="client", target=pk), size=LATEST).operations
    names = [
        one.opening.actor_name
        for one in latest
        if one.result == "applied"
        for clash in clashes
        if any(
            change.field == clash.field and editing.same(clash.field, change.after, clash.theirs)
            for change in one.changes
        )
    ]
    return ", ".join(dict.fromkeys(names))
