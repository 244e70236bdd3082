"""Clients known here who may be the one that somebody is about to create a second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from clients_ui import normal
from clients_ui.models import Client

MOST = 5


def find(values: Mapping[str, Any]) -> list[tuple[Client, str]]:
    """Up to five clients with the same external id, e-mail address or phone number, and which of them it is.

    Compared by search keys, so that another normal form, case or punctuation hides nobody.
    """
    wanted = {
        "external_key": normal.key(values.get("external_source_id")),
        "email_key": normal.email_key(values.get("email")),
        "phone_key": normal.phone_key(values.get("mobile"), settings.PHONE_REGION),
    }
    found: dict[int, tuple[Client, str]] = {}
    for column, words in _WORDS.items():
        if wanted[column]:
            rows = Client.objects.filter(**{column: wanted[column]}, gone_at=None).order_by("id")[:MOST]
            for client in rows:
                found.setdefault(client.pk, (client, words))
    return list(found.values())[:MOST]


_WORDS = {
    "external_key": "same external id",
    "email_key": "same e-mail address",
    "phone_key": "same phone number",
}
