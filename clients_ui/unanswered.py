"""Creates that Kayse never answered: who looks like one of them, and which client one of them has become.

A person who tries again is about to create somebody twice, and the directory cannot know: nobody told it the id.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from clients_ui import bulk, directory, editing, normal, services
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, remarks
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation, Stage
from kayse_admin.audit.records import Finding
from kayse_admin.jobs.models import Chunk, Row
from kayse_admin.kayse_api.outcomes import Applied, Rejected
from kayse_admin.upstream.client import read

#: Creates and rows that are held against a form; there is never a firm with so many.
MOST = 2_000
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A create without a known outcome: who sent it and when, what it has in common, where to settle it."""

    who: str
    at: datetime
    why: str
    url: str


def like(values: Mapping[str, Any]) -> list[Sent]:
    """Up to five creates without a known outcome that may be of the same person; 0 requests."""
    wanted = _keys(values)
    if not wanted:
        return []
    alike = ((body, who, at, url) for body, who, at, url in _sent() if wanted.items() & _keys(body).items())
    return [
        Sent(who, at, next(why for why, key in _keys(body).items() if wanted.get(why) == key), url)
        for body, who, at, url in islice(alike, MOST_SHOWN)
    ]


def _keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """What tells a person, by its words, as it is compared."""
    keys = {
        "same external id": normal.external(values),
        "same e-mail address": normal.email_key(values.get("email")),
        "same phone number": normal.phone_key(values.get("mobile"), settings.PHONE_REGION),
    }
    return {words: key for words, key in keys.items() if key}


def _sent() -> Iterator[tuple[Mapping[str, Any], str, datetime, str]]:
    """Body, sender, time and page of every create without a known outcome: of forms, then of jobs, those whose request
    is under way among them.
    """
    waiting = OpenOperation.objects.filter(action=Action.CLIENT_CREATE).values("operation")[:MOST]
    begun = Event.objects.filter(operation__in=waiting, stage=Stage.INTENT).order_by("-id")
    for operation, body, who, at in begun.values_list("operation", "payload", "actor_name", "at"):
        yield body or {}, who, at, reverse("clients_ui:made", args=[operation])
    rows = Row.objects.filter(target=None, job__kind=bulk.Upsert.name)
    columns = ("body", "job__owner_name", "job__created_at", "job")
    unknown = rows.filter(outcome=Row.Outcome.UNKNOWN).order_by("-id").values_list(*columns)[:MOST]
    under_way = Chunk.objects.filter(state=Chunk.State.SENDING, job__kind=bulk.Upsert.name)
    now_sent = (
        rows.filter(job=chunk.job_id, number__range=(chunk.first, chunk.last), outcome="").values_list(
            *columns
        )
        for chunk in under_way
    )
    for body, who, at, job in chain(unknown, *now_sent):
        yield body, who, at, reverse("jobs:detail", args=[job])


class NotThatClient(Exception):
    """The client that was named is not the one that was created; the message is a sentence for the person."""


def name(actor: Actor, operation: uuid.UUID, pk: int) -> Client:
    """Settle a create without a known outcome: the person found the client, and this is its id. One request.

    Raises `NotThatClient` with a sentence, `remarks.NotUnknown` when the outcome is known by now.
    """
    actor.require(Capability.CLIENTS_EDIT)
    begun = Event.objects.get(operation=operation, stage=Stage.INTENT, action=Action.CLIENT_CREATE)
    if Client.objects.filter(pk=pk, known_since__lt=begun.at.replace(microsecond=0)).exists():
        raise NotThatClient(f"Client {pk} was known here before this was sent: it is another one.")
    at = timezone.now()
    outcome = read(lambda kayse: kayse.clients.get(pk))
    if isinstance(outcome, Rejected) and outcome.is_not_found:
        raise NotThatClient(f"Kayse does not know a client {pk}.")
    if not isinstance(outcome, Applied):
        raise NotThatClient(f"Kayse could not be asked about client {pk}. {outcome.sentence}")
    if other := editing.differing(begun.payload or {}, outcome.value.told):
        raise NotThatClient(f"Client {pk} is not as it was sent: {editing.labels(other)}.")
    with transaction.atomic():
        remarks.require_unknown(operation)
        client, _ = directory.learn(outcome.value, at)
        found = Finding("applied", f"{actor.name} found it: client {pk}.", client.known(), outcome.requests)
        recorder.reconciled(begun, found, actor, target=services.target_of(client))
    return client
