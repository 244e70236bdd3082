"""Merging what the vendor tells into what is known: a missing key never wipes, an old telling never wins.

Pure: nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from clients_ui import normal
from clients_ui.fields import DOCUMENTED, is_empty, kept
from clients_ui.models import Client


def blank(pk: int, at: datetime) -> Client:
    """A client of whom nothing is told yet but the id."""
    at = at.replace(microsecond=0)
    return Client(id=pk, told_at=at, told=dict.fromkeys(DOCUMENTED), known_since=at)


def merge(
    client: Client, told: Mapping[str, Any], at: datetime, extra: Mapping[str, Any] | None = None
) -> set[str]:
    """Take over the documented keys that were told at that moment, and the unknown ones; returns what changed.

    A field that is known from a later telling keeps it. A field that was lost and has a value again is no longer lost.
    """
    at = at.replace(microsecond=0)
    ages = {name: client.age(name) for name in DOCUMENTED}
    changed = set()
    was_opted_out = client.voice_calls_opted_out
    for name in DOCUMENTED:
        age = ages[name]
        if name not in told or (age is not None and age > at):
            continue
        value = kept(name, told[name])
        if age is None or getattr(client, name) != value:
            changed.add(name)
        setattr(client, name, value)
        ages[name] = at
        if not is_empty(value):
            found(client, name)
        if name in client.extra:  # it could not be read when it was told the last time
            client.extra = {key: kept for key, value in client.extra.items() if key != name}
    if client.voice_calls_opted_out and not was_opted_out:
        client.opt_outs = (client.opt_outs or 0) + 1
    if extra and at >= client.told_at:
        client.extra = with_extra(client.extra, extra)
    _write_ages(client, ages, max(at, client.told_at))
    if changed:
        index(client, changed)
    return changed


def unreadable(client: Client, odd: Mapping[str, Any], at: datetime) -> set[str]:
    """Note documented keys that were told in a form that nobody can read; returns those that were known until then.

    What was known of them is not so any more, and what was told instead is kept as it came, among the unknown keys.
    """
    at = at.replace(microsecond=0)
    ages = {name: client.age(name) for name in DOCUMENTED}
    lost = {name for name in DOCUMENTED if name in odd and not ((age := ages[name]) and age > at)}
    for name in lost:
        setattr(client, name, None)
    if lost:
        client.extra = with_extra(client.extra, {name: odd[name] for name in lost})
        _write_ages(client, {**ages, **dict.fromkeys(lost)}, client.told_at)
        index(client, lost)
    return {name for name in lost if ages[name]}


def found(client: Client, name: str) -> None:
    """Forget that this field was lost: it has a value again, or somebody has dealt with it."""
    left = {field: was for field, was in (client.lost or {}).items() if field != name}
    client.lost = left or None


def _write_ages(client: Client, ages: Mapping[str, datetime | None], base: datetime) -> None:
    client.told_at = base
    client.told = {
        name: None if age is None else int(age.timestamp()) for name, age in ages.items() if age != base
    }


def with_extra(known: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that nobody documents, with those that were told now."""
    return {**known, **_storable(told)}


def _storable(value: Any) -> Any:
    """The same JSON without what a database refuses in text."""
    if isinstance(value, str):
        return normal.storable(value)
    if isinstance(value, Mapping):
        return {normal.storable(str(name)): _storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return value


def index(client: Client, changed: Set[str]) -> None:
    """Make the search keys of these fields anew."""
    for column, (name, make) in KEYS.items():
        if name in changed:
            setattr(client, column, make(getattr(client, name)))
    if not changed.isdisjoint(NAMES):
        for column, part in zip(normal.PARTS, normal.parts(client.first_name, client.last_name), strict=True):
            setattr(client, column, part)


def _phone_key(value: str | None) -> str:
    return normal.phone_key(value, settings.PHONE_REGION)


#: The fields that the keys in `normal.PARTS` are made of together.
NAMES: Final = ("first_name", "last_name")

#: For each other key column: the field that it is made of, and how.
KEYS: Final[Mapping[str, tuple[str, Callable[[str | None], str]]]] = {
    "last_key": ("last_name", normal.key),
    "first_key": ("first_name", normal.key),
    "city_key": ("city", normal.key),
    "state_key": ("state", normal.state_key),
    "postal_key": ("postal_code", normal.key),
    "source_key": ("external_source", normal.key),
    "external_key": ("external_source_id", normal.key),
    "email_key": ("email", normal.email_key),
    "domain_key": ("email", normal.domain_key),
    "phone_key": ("mobile", _phone_key),
}
