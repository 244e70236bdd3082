"""What the page of one client shows, prepared: sections with values and ages, warnings, history."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings

from clients_ui import attention, editing, in_jobs, normal, purged
from clients_ui.fields import BY_NAME, DOCUMENTED, FIELDS, Kind
from clients_ui.forms import national
from clients_ui.models import NEVER, Client, Opened
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import queries, recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.fields import label_of
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.masking import looks_secret, masked
from kayse_admin.audit.models import OpenOperation
from kayse_admin.templatetags.ui import day, shown

HISTORY = 10
LOOKS = 5

#: What `origin` and `update_origin` are called; others are shown as they came.
ORIGINS = {
    "public_api": "Through the API (this dashboard or another program)",
    "integration": "An integration of Kayse",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field on the page. `age` only where it differs from the rest of the record; `told` False: never told.

    `changed`: a look at Kayse a moment ago brought another value than this page showed. `secret`: part of the value is
    blotted out, and can be revealed.
    """

    name: str
    label: str
    value: str
    told: bool
    age: datetime | None
    warning: str = ""
    kind: str = "text"
    changed: bool = False
    secret: bool = False


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
        **record_of(actor, client),
        "history": queries.page(Filters(kind="client", target=client.pk), size=HISTORY).operations,
        "in_jobs": in_jobs.of(client.pk, HISTORY),
        "names": attention.others(actor, client.pk),
        "heartbeat": attention.HEARTBEAT,
        "looked": _looked(client.pk) if actor.can(Capability.AUDIT_VIEW) else [],
    }


def record_of(actor: Actor, client: Client, changed: Collection[str] = ()) -> dict[str, Any]:
    """What the page shows of the client itself; the fields in `changed` are marked."""
    return {
        "client": client,
        "sections": _sections(client, changed),
        "origin": [_line(client, name, changed) for name in ("origin", "update_origin")],
        "extra": [
            _told_besides(name, value)
            for name, value in sorted(client.extra.items())
            if name not in DOCUMENTED
        ],
        "calls_unreadable": _unreadable(client, editing.OPT_OUT),
        "lost": _lost(client),
        "purged": purged.job_of(client),
        "waiting": waiting(client.pk),
        "changed_at": None if client.changed_at == NEVER else client.changed_at,
        "not_told": client.not_told(),
        "actor": actor,
    }


#: What a quick view shows.
QUICK = (
    "mobile", "email", "voice_calls_opted_out", "date_of_birth", "city", "state", "external_source",
    "external_source_id", "case_ids",
)  # fmt: skip


def quick_of(client: Client) -> dict[str, Any]:
    """What the panel beside the list shows; no query."""
    return {"client": client, "lines": [_line(client, name, ()) for name in QUICK]}


def values_of(client: Client) -> list[tuple[str, str]]:
    """Label and value of every field that has one, in words."""
    return [(line.label, line.value) for _, lines in _sections(client, ()) for line in lines if line.value]


def _sections(client: Client, changed: Collection[str]) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for field in FIELDS:
        found.setdefault(field.section, []).append(_line(client, field.name, changed))
    return list(found.items())


def _line(client: Client, name: str, changed: Collection[str]) -> Line:
    age = client.age(name)
    value = getattr(client, name)
    kind = BY_NAME[name].kind if name in BY_NAME else Kind.TEXT
    words = _value(name, kind, value)
    warning = _unreadable(client, name)
    if kind is Kind.PHONE and _is_odd(value):
        warning = "Kayse has this as text that is no phone number."
    differs = age if age != client.told_at else None
    return Line(
        name=name,
        label=label_of("client", name),
        value=words,
        told=age is not None,
        age=differs,
        warning=warning,
        kind=kind.value,
        changed=name in changed,
        secret=looks_secret("", value),
    )


def _told_besides(name: str, value: Any) -> Line:
    """A field that nobody documented."""
    words = in_words(masked(value, name))
    return Line(name, label_of("", name), words, True, None, secret=looks_secret(name, value))


def _unreadable(client: Client, name: str) -> str:
    """What is said of a documented field that was told in a form that nobody can read; "" for all others."""
    if name not in client.extra:
        return ""
    return f"Kayse tells something here that cannot be read: {in_words(masked(client.extra[name], name))}"


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


def in_words(value: Any) -> str:
    """An undocumented value as text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else shown(value)


def _lost(client: Client) -> list[tuple[str, str, datetime]]:
    """Label, last known value and moment of each field that an edit lost."""
    return [
        (BY_NAME[name].label, shown(mark["was"]), datetime.fromtimestamp(mark["at"], UTC))
        for name, mark in (client.lost or {}).items()
    ]


def _looked(pk: int) -> list[Opened]:
    """The last looks at the client, newest first."""
    return list(Opened.objects.filter(client_id=pk).order_by("-id")[:LOOKS])


def waiting(pk: int) -> list[Waiting]:
    """Operations on the client that nobody has finished."""
    rows = OpenOperation.objects.filter(target_kind="client", target_id=pk).order_by("opened_at")
    return [
        Waiting(
            row.operation,
            Action(row.action).label,
            row.opened_at,
            row.state == OpenOperation.State.UNKNOWN,
            recovery.next_look(row),
        )
        for row in rows
    ]
