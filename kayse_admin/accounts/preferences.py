"""What a person has chosen for themselves, by name. A choice that nobody made is None."""

from __future__ import annotations

from typing import Any

from kayse_admin.accounts.models import Preference


def read(person: int | None, name: str) -> Any:
    """The choice as it was written; None when there is none."""
    found = Preference.objects.filter(person_id=person, name=name)  # one at most: it needs no order
    return next(iter(found.values_list("value", flat=True)), None)


def write(person: int, name: str, value: Any) -> None:
    """Keep a choice; None forgets it."""
    if value is None:
        Preference.objects.filter(person_id=person, name=name).delete()
    else:
        Preference.objects.update_or_create(person_id=person, name=name, defaults={"value": value})
