"""Reading and writing the local directory. Nothing here calls the vendor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import transaction

from clients_ui import knowledge
from clients_ui.models import Client
from kayse_admin.actors import Actor
from kayse_admin.kayse_api.schemas import Client as Told

_COUNT = "clients_ui.known"
_COUNT_TTL = 60


def known_count() -> int:
    """How many clients are known here; counted at most once a minute, because a million takes its time."""
    found: int = cache.get_or_set(_COUNT, Client.objects.count, _COUNT_TTL)  # type: ignore[assignment]
    return found


def forget_count() -> None:
    """Let the next reader count again."""
    cache.delete(_COUNT)


def find(pk: int) -> Client | None:
    """The client as known here, or None."""
    return Client.objects.filter(pk=pk).first()


def locked(pk: int) -> Client | None:
    """The same, held against other writers until the transaction ends."""
    return Client.objects.select_for_update().filter(pk=pk).first()


def learn(told: Told, at: datetime) -> tuple[Client, set[str]]:
    """Take over a record that the vendor told at that moment; the client and the fields that are new to us.

    A client that was not known is added; one that was marked as deleted before that moment is there again.
    """
    with transaction.atomic():
        client = locked(told.id)
        is_new = client is None
        if client is None:
            client = knowledge.blank(told.id, at)
            forget_count()
        changed = knowledge.merge(client, told.told, at, told.extra)
        changed |= knowledge.unreadable(client, told.odd, at)
        if client.gone_at and client.gone_at < at:
            client.gone_at = None
        client.save(force_insert=is_new)
    return client, changed


def mark_gone(pk: int, at: datetime) -> None:
    """Kayse does not know the client any more; what was known of it stays here."""
    Client.objects.filter(pk=pk, gone_at=None).update(gone_at=at)


def sent(client: Client, values: Mapping[str, Any], at: datetime, by: Actor) -> None:
    """Note that the vendor took these values from us at that moment. Does not save."""
    knowledge.merge(client, values, at)
    client.changed_at, client.changed_by = at, by.id
