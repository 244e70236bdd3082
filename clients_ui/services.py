"""What people do with clients at the vendor: create, edit, delete, look again.

Every change takes the one write path (`upstream.operations.perform`). Each function checks the actor's permission
itself, names what it costs in requests, and hands the vendor's result on: a caller handles all five.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.template.defaultfilters import pluralize
from django.utils import timezone

from clients_ui import directory, editing, knowledge
from clients_ui.fields import DOCUMENTED, FIELDS, WRITABLE, Kind, is_empty
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.audit.fields import label_of
from kayse_admin.audit.masking import looks_secret
from kayse_admin.audit.models import Event, Stage
from kayse_admin.audit.records import Target
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected
from kayse_admin.kayse_api.schemas import Client as Told
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read
from kayse_admin.upstream.operations import Settled, perform

logger = logging.getLogger("clients_ui")


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at one client: the vendor's result, the client as known now (None: never known), what is new."""

    outcome: Outcome[Told]
    client: Client | None
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit that was sent, and what its answer says.

    merged: fields that others changed meanwhile and that stay theirs. lost: fields that had a value and are empty at
    the vendor now. different: fields that the vendor keeps otherwise than they were sent. unconfirmed: changed fields
    that no answer shows.
    """

    outcome: Outcome[Told]
    merged: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clashed:
    """Nothing was sent: somebody else changed the same fields. `now` is the state to decide on."""

    clashes: tuple[editing.Clash, ...]
    now: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Untold:
    """Nothing was sent: Kayse has never told these fields, and taking the edit as the whole client would empty them."""

    names: tuple[str, ...]
    now: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Nothing was sent: the client could not be read before the edit."""

    outcome: Outcome[Told]


def is_edit_of(operation: uuid.UUID, changes: Mapping[str, Any]) -> bool:
    """Whether the edit of this operation id changed just these fields to these values."""
    begun = Event.objects.filter(operation=operation, stage=Stage.INTENT).first()
    if begun is None:
        return False
    sent, before = begun.payload or {}, begun.before or {}
    changed = {name for name in sent if not editing.same(name, sent[name], before.get(name, NOT_TOLD))}
    as_sent = all(name in sent and editing.same(name, sent[name], changes[name]) for name in changes)
    return as_sent and changed <= set(changes)


def refresh(actor: Actor, pk: int, *, purpose: Purpose = Purpose.PERSON) -> Looked:
    """Read one client from the vendor into the directory. One request; an id that was not known here is added."""
    actor.require(Capability.CLIENTS_VIEW)
    at = timezone.now()
    outcome = read(lambda kayse: kayse.clients.get(pk), purpose=purpose)
    if isinstance(outcome, Applied):
        client, changed = directory.learn(outcome.value, at)
        return Looked(outcome, client, frozenset(changed))
    if isinstance(outcome, Rejected) and outcome.is_not_found:
        directory.mark_gone(pk, at)
    return Looked(outcome, directory.find(pk))


def create(actor: Actor, values: Mapping[str, Any], operation: uuid.UUID, reason: str = "") -> Outcome[Told]:
    """Create a client from the fields that were filled in. One request.

    Raises `AlreadyPerformed` for a form that was sent before.
    """
    actor.require(Capability.CLIENTS_EDIT)
    at = timezone.now()

    def settle(outcome: Outcome[Told]) -> Settled:
        if not isinstance(outcome, Applied):
            return Settled()
        client, _ = directory.learn(outcome.value, at)
        # A client that is new has nothing in what was left empty; what Kayse makes of flags and links it has to tell.
        left_empty = {field.name: None for field in FIELDS if field.kind not in (Kind.FLAG, Kind.IDS)}
        _take_over(client, {**left_empty, **values}, outcome.value.told, actor)
        return Settled(target_of(client), client.known())

    return perform(
        actor,
        Action.CLIENT_CREATE,
        Target("client", None, name_of(values)),
        operation=operation,
        payload=dict(values),
        send=lambda kayse: kayse.clients.create(values),
        settle=settle,
        reason=reason,
    )


def edit(
    actor: Actor,
    pk: int,
    *,
    base: Mapping[str, Any],
    changes: Mapping[str, Any],
    operation: uuid.UUID,
    reason: str = "",
    may_empty: Collection[str] = (),
) -> Edited | Clashed | Untold | NotCompared:
    """Change fields of a client, unless somebody else changed the same ones since `base`. Two requests.

    A field that Kayse has never told cannot be sent, so that it may be emptied there: without its name in `may_empty`
    nothing is sent.

    Reads the client, compares, sends every field that is known with the changes, and compares the answer. A third
    request is made when the answer leaves out a changed field that the first read showed.
    Raises `AlreadyPerformed` for a form that was sent before, without any request; ValueError for lifting an opt-out
    without a reason.
    """
    actor.require(Capability.CLIENTS_EDIT)
    if editing.lifts_opt_out(base, changes):
        actor.require(Capability.CLIENTS_OPT_IN)
        if not reason:
            raise ValueError("lifting an opt-out needs a reason")
    if recorder.is_begun(operation):
        raise recorder.AlreadyPerformed(operation)
    looked = refresh(actor, pk)
    if not isinstance(looked.outcome, Applied) or looked.client is None:
        return NotCompared(looked.outcome)
    now = _writable(looked.client)
    comparison = editing.compare(base, now, changes)
    if comparison.clashes:
        return Clashed(comparison.clashes, now)
    as_told = {name: value for name, value in looked.outcome.value.odd.items() if name in WRITABLE}
    untold = tuple(name for name in WRITABLE if name not in {*now, *as_told, *changes})
    if not set(untold) <= set(may_empty):
        return Untold(untold, now)
    edited = _send(actor, looked.client, now, changes, operation, reason, as_told)
    hidden = set(edited.unconfirmed) & set(looked.outcome.value.told)
    if hidden:
        edited = _look_again(actor, pk, editing.expected(now, changes), edited)
    if edited.lost:
        _raise_alarm(actor, pk, edited.lost, operation)
    return Edited(edited.outcome, comparison.merged, edited.lost, edited.different, edited.unconfirmed)


def _send(
    actor: Actor,
    client: Client,
    now: Mapping[str, Any],
    changes: Mapping[str, Any],
    operation: uuid.UUID,
    reason: str,
    as_told: Mapping[str, Any],
) -> Edited:
    """The write itself, settled against its answer.

    `as_told`: fields that Kayse tells in a form that nobody can read; they go back exactly as they came.
    """
    at = timezone.now()
    body = {**as_told, **editing.body(now, changes)}
    wanted = editing.expected(now, changes)
    finding = editing.Finding((), ())

    def settle(outcome: Outcome[Told]) -> Settled:
        nonlocal finding
        if isinstance(outcome, Rejected) and outcome.is_not_found:
            directory.mark_gone(client.pk, at)
        if not isinstance(outcome, Applied):
            return Settled()
        told = outcome.value.told
        finding = editing.check(wanted, told)
        emptied = tuple(name for name in as_told if name not in wanted and is_empty(told.get(name, NOT_TOLD)))
        finding = editing.Finding(finding.lost + emptied, finding.different)
        known, _ = directory.learn(outcome.value, at)
        _take_over(known, changes, told, actor, {name: {**as_told, **wanted}[name] for name in finding.lost})
        return Settled(target_of(known), known.known())

    outcome = perform(
        actor,
        Action.CLIENT_UPDATE,
        target_of(client),
        operation=operation,
        payload=body,
        before=client.known(),
        send=lambda kayse: kayse.clients.update(client.pk, body),
        settle=settle,
        reason=reason,
    )
    told = outcome.value.told if isinstance(outcome, Applied) else changes
    unconfirmed = tuple(name for name in changes if name not in told)
    return Edited(outcome, (), finding.lost, finding.different, unconfirmed)


def _take_over(
    client: Client,
    values: Mapping[str, Any],
    told: Mapping[str, Any],
    actor: Actor,
    lost: Mapping[str, Any] | None = None,
) -> None:
    """Note what the vendor took from us and does not tell back, who did it, and which values it dropped."""
    at = timezone.now().replace(microsecond=0)
    knowledge.merge(client, {name: value for name, value in values.items() if name not in told}, at)
    for name in values:
        knowledge.found(client, name)
    if lost:
        when = int(at.timestamp())
        client.lost = {
            **(client.lost or {}),
            **{name: {"was": was, "at": when} for name, was in lost.items()},
        }
    client.changed_at, client.changed_by = at, actor.id
    client.save()


def _look_again(actor: Actor, pk: int, wanted: Mapping[str, Any], edited: Edited) -> Edited:
    """One more read, for changed fields that the answer left out."""
    looked = refresh(actor, pk)
    if not isinstance(looked.outcome, Applied):
        return edited
    told = looked.outcome.value.told
    hidden = {name: wanted[name] for name in edited.unconfirmed if name in told}
    finding = editing.check(hidden, told)
    if finding.lost:
        with transaction.atomic():
            client = directory.locked(pk)
            if client is not None:
                _take_over(client, {}, told, actor, {name: wanted[name] for name in finding.lost})
    left = tuple(name for name in edited.unconfirmed if name not in told)
    return Edited(edited.outcome, (), edited.lost + finding.lost, edited.different + finding.different, left)


def _raise_alarm(actor: Actor, pk: int, lost: tuple[str, ...], operation: uuid.UUID) -> None:
    """Say it in the log, without any value, and in the record, where Home finds it."""
    logger.error("client %s: empty at Kayse after an edit that sent a value: %s", pk, ", ".join(lost))
    client = directory.find(pk)
    recorder.fact(
        actor,
        Action.FIELD_LOST,
        target_of(client) if client else Target("client", pk, f"Client {pk}"),
        payload={"fields": list(lost), "operation": str(operation)},
        detail=f"Empty at Kayse after the edit: {editing.labels(lost)}.",
    )


def seen(actor: Actor, pk: int) -> None:
    """Put the alarm about lost fields to rest: somebody has looked and leaves them empty. Recorded; 0 requests."""
    actor.require(Capability.CLIENTS_EDIT)
    with transaction.atomic():
        client = directory.locked(pk)
        if client is None or not client.lost:
            return
        names = [name for name in WRITABLE if name in client.lost]
        client.lost = None
        client.save(update_fields=["lost"])
        recorder.fact(
            actor,
            Action.FIELD_LOST,
            target_of(client),
            payload={"fields": names, "seen": True},
            detail=f"Looked at, and left empty: {editing.labels(names)}.",
        )


def reveal(actor: Actor, pk: int, name: str) -> tuple[Client, Any]:
    """The client, and the value of a field that is blotted out on its page; on the record first. 0 requests.

    Raises `LookupError` for a field in which nothing is blotted out.
    """
    actor.require(Capability.CLIENTS_REVEAL)
    client = directory.find(pk)
    value = client and (getattr(client, name) if name in DOCUMENTED else client.extra.get(name))
    if client is None or not looks_secret("" if name in DOCUMENTED else name, value):
        raise LookupError(name)
    label = label_of("client" if name in DOCUMENTED else "", name)
    recorder.fact(
        actor,
        Action.CLIENT_REVEAL,
        target_of(client),
        payload={"field": name},
        detail=f"{label[:200]} was shown.",
    )
    return client, value


def delete(actor: Actor, pk: int, operation: uuid.UUID, reason: str = "") -> Outcome[str]:
    """Delete a client at the vendor, softly; here it stays, marked. One request.

    A client that the vendor does not know any more is marked as well. Raises `AlreadyPerformed`.
    """
    actor.require(Capability.CLIENTS_DELETE)
    client = directory.find(pk)
    at = timezone.now()

    def settle(outcome: Outcome[str]) -> Settled:
        gone = isinstance(outcome, Applied) or (isinstance(outcome, Rejected) and outcome.is_not_found)
        if gone:
            directory.mark_gone(pk, at)
            Client.objects.filter(pk=pk).update(changed_at=at, changed_by=actor.id)
        return Settled()

    return perform(
        actor,
        Action.CLIENT_DELETE,
        target_of(client) if client else Target("client", pk, f"Client {pk}"),
        operation=operation,
        payload={"id": pk},
        before=client.known() if client else None,
        send=lambda kayse: kayse.clients.delete(pk),
        settle=settle,
        reason=reason,
    )


def record_export(actor: Actor, *, query: str, words: Sequence[str], count: int) -> None:
    """Note that somebody takes so many clients out of the house, by which search and filters."""
    actor.require(Capability.CLIENTS_VIEW)
    recorder.fact(
        actor,
        Action.CLIENT_EXPORT,
        Target("directory", None, ", ".join(words) or "all clients"),
        payload={"query": query, "count": count},
        detail=f"{count:,} client{pluralize(count)} exported.",
    )


def target_of(client: Client) -> Target:
    """The client as the record names it."""
    return Target("client", client.pk, client.name)


def name_of(values: Mapping[str, Any]) -> str:
    """The name in a form's values."""
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name")))) or "New client"


def _writable(client: Client) -> dict[str, Any]:
    known = client.known()
    return {name: known[name] for name in WRITABLE if name in known}
