"""Freezing who is selected, ticking more and fewer, and reading it back. Costs no request."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clients_ui import keyset
from clients_ui.keyset import Condition, Section
from clients_ui.models import Client
from clients_ui.selection.models import Picked, Selection
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.json_text import encode

#: Rows that one insert takes; a page has no more.
BATCH = 1_000
SAMPLES = 10
#: How long a worker may be away before it makes the rows of a job.
KEPT = timedelta(days=7)


class TooMany(Exception):
    """More clients match than one selection may hold."""


def freeze(
    actor: Actor, sections: Sequence[Section], also: Sequence[Condition], *, words: Iterable[str], query: str
) -> Selection:
    """Select everybody who matches at this moment, in the order of the list. Raises `TooMany`.

    One statement reads them all, so that they are of one moment; after it nobody comes in or drops out by itself.
    """
    actor.require(Capability.CLIENTS_VIEW)
    found = keyset.ids(sections, also, settings.SELECTION_MOST + 1)
    if len(found) > settings.SELECTION_MOST:
        raise TooMany
    with transaction.atomic():
        made = _new(actor, words=", ".join(words) or "Everybody known here", query=query, count=len(found))
        _insert(made, found)
    return made


def tick(
    actor: Actor, selection: Selection | None, shown: Collection[int], ticked: Collection[int]
) -> Selection | None:
    """Take over the boxes of one page: of the clients that it showed, exactly the ticked ones are selected now.

    A selection is made at the first tick; None without one.
    """
    actor.require(Capability.CLIENTS_VIEW)
    if selection is None and not ticked:
        return None
    with transaction.atomic():
        held = _locked(selection) if selection else None
        mine = held or _new(actor)
        there = here(mine, shown)
        known = Client.objects.filter(pk__in=ticked).values_list("pk", flat=True)
        wanted = set(known) & set(shown)
        _insert(mine, [pk for pk in shown if pk in wanted - there])
        gone, _ = mine.picked.filter(client__in=there - wanted).delete()
        mine.count += len(wanted - there) - gone
        mine.edits += there != wanted
        mine.expires_at = _expiry()
        mine.save(update_fields=["count", "edits", "expires_at"])
    return mine


def kept_for_job(ids: Sequence[int]) -> Selection:
    """A selection that is nobody's, for the worker that makes the rows of a job; in one statement for all."""
    made = Selection.objects.create(owner_id=0, expires_at=timezone.now() + KEPT, count=len(ids))
    source = (
        "unnest(%s::bigint[]) WITH ORDINALITY AS told (value, place) ORDER BY place"
        if connection.vendor == "postgresql"
        else "json_each(%s) ORDER BY key"
    )
    values = list(ids) if connection.vendor == "postgresql" else encode(list(ids))
    token = made.pk if connection.vendor == "postgresql" else made.pk.hex
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Picked._meta.db_table} (selection_id, client) SELECT %s, value FROM {source}",  # noqa: S608
            [token, values],
        )
    return made


def find(actor: Actor, token: uuid.UUID | None) -> Selection | None:
    """The person's own selection of this token; None for another's, for one that has expired, and for none."""
    if token is None:
        return None
    return Selection.objects.filter(pk=token, owner_id=actor.id or 0, expires_at__gt=timezone.now()).first()


def drop(selection: Selection) -> None:
    """Forget a selection."""
    selection.delete()


def forget_expired() -> None:
    """Delete what has expired."""
    Selection.objects.filter(expires_at__lte=timezone.now()).delete()


def ids(selection: Selection) -> list[int]:
    """Who is selected, in order."""
    return list(selection.picked.order_by("id").values_list("client", flat=True))


def is_as(selection: Selection) -> bool:
    """Whether it is still as it was read; what was read of it before this question is of that state."""
    return Selection.objects.filter(pk=selection.pk, edits=selection.edits).exists()


def here(selection: Selection, shown: Collection[int]) -> set[int]:
    """Which of these clients are selected."""
    return set(selection.picked.filter(client__in=shown).values_list("client", flat=True))


def clients(selection: Selection) -> QuerySet[Client]:
    """The selected clients as far as they are known here."""
    return Client.objects.filter(pk__in=selection.picked.values("client"))


def samples(selection: Selection) -> list[Client]:
    """The first of them."""
    first = list(selection.picked.order_by("id").values_list("client", flat=True)[:SAMPLES])
    found = Client.objects.in_bulk(first)
    return [found[pk] for pk in first if pk in found]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a selection is made of: all, those deleted at Kayse, those opted out of calls."""

    count: int
    gone: int
    opted_out: int

    @property
    def living(self) -> int:
        """Those that something can be done to."""
        return self.count - self.gone

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence about those that are, if there are any."""
        if not self.gone:
            return ()
        return (f"Left out, because they are deleted at Kayse already: {self.gone:,}.",)


def shape(selection: Selection) -> Shape:
    """Count who is in it; what is not known here any more counts as deleted."""
    living = clients(selection).filter(gone_at=None)
    return Shape(
        selection.count,
        selection.count - living.count(),
        living.filter(voice_calls_opted_out=True).count(),
    )


def _locked(selection: Selection) -> Selection | None:
    return Selection.objects.select_for_update().filter(pk=selection.pk).first()


def _new(actor: Actor, *, words: str = "", query: str = "", count: int = 0) -> Selection:
    return Selection.objects.create(
        owner_id=actor.id or 0, expires_at=_expiry(), words=words, query=query, count=count
    )


def _insert(selection: Selection, found: Sequence[int]) -> None:
    Picked.objects.bulk_create((Picked(selection=selection, client=pk) for pk in found), batch_size=BATCH)


def _expiry() -> datetime:
    return timezone.now() + timedelta(hours=settings.SELECTION_HOURS)
