"""Finding out, by one read, what became of an edit or a delete whose answer never came.

A create cannot be found out: Kayse has no way to look for a client by anything but its id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from clients_ui import directory, editing, knowledge
from clients_ui.fields import BY_NAME
from clients_ui.models import Client
from kayse_admin.audit import recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Finding
from kayse_admin.kayse_api.outcomes import Applied, Rejected
from kayse_admin.kayse_api.schemas import Client as Told
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read


def register() -> None:
    """Name the looks for the recovery of operations."""
    recovery.register(Action.CLIENT_UPDATE, look_at_update)
    recovery.register(Action.CLIENT_DELETE, look_at_delete)


def look_at_update(begun: Event) -> Finding | None:
    """Whether the changed fields are at the vendor as they were sent. One request; None when it could not look."""

    def found(client: Client, told: Applied[Told], at: datetime) -> Finding:
        changes = changed(begun.before or {}, begun.payload or {})
        result, detail = judge(changes, told.value.told)
        if result == "applied":
            knowledge.merge(client, {n: v for n, v in changes.items() if n not in told.value.told}, at)
            client.changed_at, client.changed_by = at, begun.actor_id
            client.save()
        return Finding(result, detail, after=client.known(), requests=told.requests)

    return _look(begun, found, gone=("not_applied", "The client is deleted at Kayse."))


def look_at_delete(begun: Event) -> Finding | None:
    """Whether the vendor still knows the client. One request; None when it could not look."""

    def found(client: Client, told: Applied[Told], at: datetime) -> Finding:
        return Finding("not_applied", "Kayse still has the client.", requests=told.requests)

    return _look(begun, found, gone=("applied", "Kayse does not know the client any more."))


def _look(
    begun: Event, found: Callable[[Client, Applied[Told], datetime], Finding], gone: tuple[Any, str]
) -> Finding | None:
    """Read the client, learn what it is now, and judge: `gone` is said of one that Kayse does not have any more."""
    at, pk = timezone.now(), begun.target_id or 0
    outcome = read(lambda kayse: kayse.clients.get(pk), purpose=Purpose.BACKGROUND)
    if isinstance(outcome, Rejected) and outcome.is_not_found:
        directory.mark_gone(pk, at)
        return Finding(*gone, requests=outcome.requests)
    if not isinstance(outcome, Applied):
        return None
    client, _ = directory.learn(outcome.value, at)
    return found(client, outcome, at)


def changed(before: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a sent body that differ from the state before it."""
    return {
        name: value
        for name, value in payload.items()
        if name in BY_NAME and not editing.same(name, value, before.get(name, NOT_TOLD))
    }


def judge(changes: Mapping[str, Any], told: Mapping[str, Any]) -> tuple[Any, str]:
    """The result that a read shows, and a sentence: all changed fields as sent, none of them, or neither."""
    shown = {name: editing.same(name, value, told[name]) for name, value in changes.items() if name in told}
    if not shown and changes:
        return "unknown", f"Kayse does not show these fields: {editing.labels(changes)}."
    if all(shown.values()):
        return "applied", "Kayse has the values that were sent."
    if not any(shown.values()):
        return "not_applied", "Kayse has none of the values that were sent."
    missing = [name for name, is_there in shown.items() if not is_there]
    return "unknown", f"Kayse has some of the values that were sent, but not: {editing.labels(missing)}."
