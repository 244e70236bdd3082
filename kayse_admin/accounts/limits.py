"""How often something may be tried: counted in the database, by one conditional update, for all processes together.

A try is taken before the password is looked at and given back when it was right, so that any number of processes and
threads let through together what one would. A window begins with its first try and is not moved by later ones.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from kayse_admin.accounts.models import Tries


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries in `seconds`, each counted for one subject: an address, a name, a person."""

    name: str
    most: int
    seconds: int


#: Wrong sign-ins: of one network address, of one name from one address, of one name from anywhere.
ADDRESS = Limit("address", 20, 60)
NAME_AT_ADDRESS = Limit("name at address", 10, 300)
NAME = Limit("name", 60, 3600)
#: Wrong codes of a person's second factor: a code has a million values, of which three are right.
CODE = Limit("code", 5, 300)
CODE_DAILY = Limit("code a day", 40, 86_400)
#: A code of an authenticator app counts once in the time in which it would be right.
CODE_USED = Limit("code used", 1, 180)

Counted = tuple[Limit, str]


def take(counted: Iterable[Counted]) -> bool:
    """Take one try of each; False, and nothing taken, when one of them is used up."""
    taken: list[Counted] = []
    for limit, subject in counted:
        if not _take(limit, subject):
            give_back(taken)
            return False
        taken.append((limit, subject))
    return True


def give_back(counted: Iterable[Counted]) -> None:
    """Return one try of each: it was right, or was not made."""
    for limit, subject in counted:
        Tries.objects.filter(key=_key(limit, subject), used__gt=0).update(used=F("used") - 1)


def free_at(counted: Iterable[Counted]) -> datetime | None:
    """When all of them can be tried again; None when they can be now."""
    full = [
        until
        for limit, subject in counted
        for until in Tries.objects.filter(
            key=_key(limit, subject), until__gt=timezone.now(), used__gte=limit.most
        ).values_list("until", flat=True)
    ]
    return max(full, default=None)


def forget_old() -> int:
    """Delete the windows that have ended; returns how many."""
    return Tries.objects.filter(until__lte=timezone.now()).delete()[0]


def sign_in(name: str, address: str) -> list[Counted]:
    """What a try to sign in counts for. IPv6 addresses count by their /64, which one household or office has."""
    network, folded = network_of(address), name.strip().casefold()
    return [(ADDRESS, network), (NAME_AT_ADDRESS, f"{folded}\n{network}"), (NAME, folded)]


def second_factor(person: int) -> list[Counted]:
    """What a code typed by this person counts for."""
    return [(CODE, str(person)), (CODE_DAILY, str(person))]


def network_of(address: str) -> str:
    """The address by which tries are counted."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network(f"{found}/64", strict=False).network_address)
    return str(found)


def _take(limit: Limit, subject: str) -> bool:
    key, now = _key(limit, subject), timezone.now()
    until = now + timedelta(seconds=limit.seconds)
    rows = Tries.objects.filter(key=key)
    for _ in range(3):  # somebody else may begin the window between our looks
        if rows.filter(until__gt=now, used__lt=limit.most).update(used=F("used") + 1):
            return True
        if rows.filter(until__lte=now).update(used=1, until=until):
            return True
        if rows.filter(until__gt=now, used__gte=limit.most).exists():
            return False
        try:
            with transaction.atomic():
                Tries.objects.create(key=key, until=until)
        except IntegrityError:
            continue
        return True
    return False


def _key(limit: Limit, subject: str) -> str:
    """What people type (a password in the wrong box) must not be readable in the table."""
    text = f"{limit.name}\n{subject}".encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), text, "sha256").hexdigest()
