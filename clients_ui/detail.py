"""What the page of one client shows, prepared: sections with values and ages, warnings, history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings

from clients_ui import normal
from clients_ui.fields import BY_NAME, FIELDS, Kind
from clients_ui.forms import national
from clients_ui.models import NEVER, Client
from kayse_admin.actors import Actor
from kayse_admin.audit import queries, recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.fields import label_of, masked
from kayse_admin.audit.models import OpenOperation
from kayse_admin.templatetags.ui import day, shown

HISTORY = 10

#: What `origin` and `update_origin` are called; others are shown as they came.
ORIGINS = {
    "public_api": "Through the API (this dashboard or another program)",
    "integration": "An integration of Kayse",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field on the page. `age` only where it differs from the rest of the record; `told` False: never told."""

    name: str
    label: str
    value: str
    told: bool
    age: datetime | None
    warning: str = ""
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation on this client that is under way, or whose outcome nobody knows."""

    operation: Any
    label: str
    opened_at: datetime
    unknown: bool
    next_look: datetime | None


def context_of(actor: Actor, client: Client) -> dict[str, Any]:
    """Everything that the page needs: a handful of queries, whatever the client holds."""
    return {
        "client": client,
        "sections": _sections(client),
        "origin": [_line(client, name) for name in ("origin", "update_origin")],
        "extra": [(label_of("", name), _words(name, value)) for name, value in sorted(client.extra.items())],
        "lost": _lost(client),
        "waiting": waiting(client.pk),
        "history": queries.page(queries.Filters(kind="client", target=client.pk), size=HISTORY).operations,
        "changed_at": None if client.changed_at == NEVER else client.changed_at,
        "not_told": client.not_told(),
        "actor": actor,
    }


def _sections(client: Client) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for field in FIELDS:
        found.setdefault(field.section, []).append(_line(client, field.name))
    return list(found.items())


def _line(client: Client, name: str) -> Line:
    age = client.age(name)
    value = getattr(client, name)
    kind = BY_NAME[name].kind if name in BY_NAME else Kind.TEXT
    words = _value(name, kind, value)
    warning = (
        "Kayse has this as text that is no phone number." if kind is Kind.PHONE and _is_odd(value) else ""
    )
    differs = age if age != client.told_at else None
    return Line(name, label_of("client", name), words, age is not None, differs, warning, kind.value)


def _is_odd(value: str | None) -> bool:
    return bool(value) and normal.e164(str(value), settings.PHONE_REGION) is None


def _value(name: str, kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind is Kind.PHONE:
        return national(str(value))
    if kind is Kind.FLAG:
        return "Opted out: do not call" if value else "May be called"
    if kind is Kind.DATE:
        return _day(str(value))
    if name in ("origin", "update_origin"):
        return ORIGINS.get(value, str(value))
    return str(masked(shown(value)))


def _day(value: str) -> str:
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value


def _words(name: str, value: Any) -> str:
    """An undocumented value as text; anything like a social security number is blotted out."""
    safe = masked(value, name)
    return json.dumps(safe, ensure_ascii=False) if isinstance(safe, dict | list) else shown(safe)


def _lost(client: Client) -> list[tuple[str, str, datetime]]:
    """Label, last known value and moment of each field that an edit lost."""
    return [
        (BY_NAME[name].label, shown(mark["was"]), datetime.fromtimestamp(mark["at"], UTC))
        for name, mark in (client.lost or {}).items()
    ]


def waiting(pk: int) -> list[Waiting]:
    """Operations on the client that nobody has finished."""
    rows = OpenOperation.objects.filter(target_kind="client", target_id=pk).order_by("opened_at")
    return [
        Waiting(
            row.operation,
            Action(row.action).label,
            row.opened_at,
            row.state == OpenOperation.State.UNKNOWN,
            row.next_try_at if recovery.verifiable(row.action) and row.tries < recovery.MOST_LOOKS else None,
        )
        for row in rows
    ]
