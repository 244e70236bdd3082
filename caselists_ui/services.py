"""Changing case lists at the vendor: each function is one operation, checked, recorded, and merged into the local copy.

All take an `Actor` who needs `lists_edit`, and an `operation` id that makes a double click one operation: used before,
it raises `AlreadyPerformed` and nothing is sent. A set, a delete and each change of members of a list in use need its
name and a reason, or raise `in_use.NotConfirmed`, and nothing is begun. Vendor page: "Case Lists".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from caselists_ui import in_use, labels, ledger, listing, local
from caselists_ui.definition import Definition
from caselists_ui.known import Step
from caselists_ui.models import CaseList
from caselists_ui.words import Labels, sentence
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.kayse_api import schemas
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, NotSent, NotSentReason, Outcome, Rejected, Unknown
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.operations import Settled, perform

Json = Any

#: The reason of a copy that was made before an edit.
CHECKPOINT = "Checkpoint before an edit"
#: Most clients in one append or removal; the vendor names no number.
MOST_CLIENTS = 500


def create(
    actor: Actor, definition: Definition, *, operation: uuid.UUID, reason: str = ""
) -> Outcome[schemas.CaseList]:
    """Make a list: POST /v1/case_lists. Its id and its count come back."""
    actor.require(Capability.LISTS_EDIT)
    payload, asked = definition.payload(), timezone.now()
    listing.note_before(operation)

    def settle(outcome: Outcome[schemas.CaseList]) -> Settled:
        if not isinstance(outcome, Applied):
            return _unsettled(outcome)
        made = created(outcome.value, definition)
        local.remember([made], asked, operation)
        keep(actor, CaseList.objects.get(pk=made.id), definition, operation, reason, is_new=True)
        return Settled(Target("case_list", made.id, definition.name), recorded(definition))

    return perform(
        actor,
        Action.CASE_LIST_CREATE,
        Target("case_list", None, definition.name),
        operation=operation,
        payload=payload,
        reason=reason,
        send=lambda client: client.case_lists.create(payload),
        settle=settle,
    )


def created(told: schemas.CaseList, definition: Definition) -> schemas.CaseList:
    """The vendor's answer to a create, with name and description as they were sent where it does not tell them."""
    sent = {"name": definition.name, "description": definition.description}
    return schemas.CaseList.read(sent | told.told | told.extra)


def edit(
    actor: Actor,
    lists: CaseList,
    definition: Definition,
    *,
    operation: uuid.UUID,
    before: Definition | None,
    reason: str = "",
    typed: str = "",
    recount: bool = True,
) -> Outcome[list[schemas.Upserted]]:
    """Set a list to this definition: POST /v1/case_lists/bulk with one entry, which replaces the members.

    `before` is the definition as it is known (None: made elsewhere); then only what is filled in is sent. `typed`: the
    list's name as it is called now, for a list in use.
    """
    actor.require(Capability.LISTS_EDIT)
    payload = {"id": lists.pk, **definition.payload(before)}

    def settle(outcome: Outcome[list[schemas.Upserted]]) -> Settled:
        if not isinstance(outcome, Applied):
            return _unsettled(outcome)
        now_known = changed(lists, payload, before)
        if now_known:
            keep(actor, lists, now_known, operation, reason)
        listing.drop()
        return Settled(
            Target("case_list", lists.pk, definition.name), recorded(now_known) if now_known else payload
        )

    outcome = perform(
        actor,
        Action.CASE_LIST_UPDATE,
        Target("case_list", lists.pk, lists.name),
        operation=operation,
        payload=payload,
        before=recorded(before) if before else {"name": lists.name, "description": lists.description or ""},
        reason=reason,
        send=lambda client: client.case_lists.bulk_upsert([payload]),
        settle=settle,
        together=partial(in_use.require, lists, typed, reason),
    )
    if recount and isinstance(outcome, Applied):
        listing.reread(lists.pk, definition.name, operation)
    return outcome


def changed(
    lists: CaseList, payload: dict[str, Json], before: Definition | None, at: datetime | None = None
) -> Definition | None:
    """Merge an applied set into the local copy. Returns the definition, if the list's definition is known by it.

    `at`: when it was sent, where that is found out late; what the vendor told since stays.
    """
    if at is None or lists.told_at <= at:
        lists.name = payload["name"]
        lists.description = payload.get("description", lists.description)
        lists.told_at = timezone.now()
        lists.save(update_fields=["name", "description", "told_at"])
    return ledger.after_set(before, payload) if "filter" in payload else None


def change_members(
    actor: Actor,
    lists: CaseList,
    step: Step,
    *,
    operation: uuid.UUID,
    reason: str = "",
    typed: str = "",
    recount: bool = True,
    held: bool = False,
) -> Outcome[schemas.ListOperation] | Outcome[schemas.ClientsMatched]:
    """Attach or detach cases, append or remove all cases of clients: one request, as the step says.

    `typed`: the list's name, for a list in use. The answer does not say what changed, so the number of cases is read
    afterwards, unless `recount` is off. `held`: it is not sent, and the record says so.
    """
    actor.require(Capability.LISTS_EDIT)
    outcome = perform(
        actor,
        step.action,
        Target("case_list", lists.pk, lists.name),
        operation=operation,
        payload=step.payload,
        before=_counted(lists),
        reason=reason,
        send=_hold if held else partial(_send_step, lists.pk, step),
        settle=_unsettled,
        together=partial(in_use.require, lists, typed, reason),
    )
    if recount and isinstance(outcome, Applied):
        listing.reread(lists.pk, lists.name, operation)
    return outcome


def _counted(lists: CaseList) -> dict[str, Json]:
    """The number of cases as it was told last, and when: what a change of members started from."""
    at = lists.counted_at.isoformat() if lists.counted_at else None
    return {"case_count": lists.case_count, "counted_at": at}


def _hold(client: KayseClient) -> Outcome[Any]:
    return NotSent(NotSentReason.BEHIND)


def _send_step(pk: int, step: Step, client: KayseClient) -> Outcome[Any]:
    lists = client.case_lists
    if step.action is Action.CASE_LIST_ATTACH:
        return lists.attach(pk, **step.payload)
    if step.action is Action.CASE_LIST_DETACH:
        return lists.detach(pk, **step.payload)
    if step.action is Action.CASE_LIST_APPEND_CLIENTS:
        return lists.append_clients(pk, step.client_ids)
    return lists.remove_clients(pk, step.client_ids)


def do_again(
    actor: Actor,
    lists: CaseList,
    steps: Iterable[Step],
    *,
    operation: uuid.UUID,
    reason: str = "",
    typed: str = "",
) -> tuple[uuid.UUID, ...]:
    """Do changes of members again, in their order, after a set that could not carry them; one request each.

    Each is an operation of its own, whose id follows from the set's. After the first that is not applied nothing more
    is sent: those behind it are on the record as not sent. Returns the operations that were not applied, oldest
    first. The number of cases is read once at the end, when all were: it is the set's.
    """
    left: list[uuid.UUID] = []
    for place, step in enumerate(steps):
        last = uuid.uuid5(operation, f"again {place}")
        outcome = change_members(
            actor, lists, step, operation=last, reason=reason, typed=typed, recount=False, held=bool(left)
        )
        if not isinstance(outcome, Applied):
            left.append(last)
    if not left:
        listing.reread(lists.pk, lists.name, operation)
    return tuple(left)


def duplicate(
    actor: Actor, lists: CaseList, *, operation: uuid.UUID, reason: str = ""
) -> Outcome[schemas.Duplicated]:
    """Copy a list with its filter and its members: POST /v1/case_lists/{id}/duplicate. The vendor names the copy."""
    actor.require(Capability.LISTS_EDIT)
    known = ledger.known(lists.pk)

    def settle(outcome: Outcome[schemas.Duplicated]) -> Settled:
        if not isinstance(outcome, Applied):
            return _unsettled(outcome)
        copy = duplicated(lists, outcome.value.id)
        if known.definition:
            keep(
                actor,
                copy,
                known.definition,
                operation,
                reason or f"Copy of list {lists.pk}",
                known.steps,
                is_new=True,
            )
        listing.drop()
        return Settled(Target("case_list", copy.pk, copy.name), {"copy_of": lists.pk})

    outcome = perform(
        actor,
        Action.CASE_LIST_DUPLICATE,
        Target("case_list", lists.pk, lists.name),
        operation=operation,
        payload=None,
        reason=reason,
        send=lambda client: client.case_lists.duplicate(lists.pk),
        settle=settle,
    )
    if isinstance(outcome, Applied):
        # The answer tells neither the copy's name nor its count.
        listing.reread(outcome.value.id, lists.name, operation)
    return outcome


def duplicated(lists: CaseList, copy_id: int) -> CaseList:
    """The copy in the local copy, under a name of our own until the vendor tells its name."""
    copy, _ = CaseList.objects.get_or_create(
        pk=copy_id, defaults={"name": f"{lists.name} (copy)", "description": lists.description}
    )
    return copy


def delete(
    actor: Actor,
    lists: CaseList,
    *,
    operation: uuid.UUID,
    reason: str = "",
    typed: str = "",
    purpose: Purpose = Purpose.PERSON,
) -> Outcome[schemas.Deleted]:
    """Delete a list: POST /v1/case_lists/bulk_delete with one id. No case is touched, and nothing brings it back."""
    actor.require(Capability.LISTS_EDIT)
    before = ledger.known(lists.pk).carried

    def settle(outcome: Outcome[schemas.Deleted]) -> Settled:
        if isinstance(outcome, Applied) and lists.pk in outcome.value.deleted_ids:
            local.forget(lists.pk)
        listing.drop()
        return Settled()

    def send(client: KayseClient) -> Outcome[schemas.Deleted]:
        outcome = client.case_lists.bulk_delete([lists.pk])
        if isinstance(outcome, Applied) and lists.pk not in outcome.value.deleted_ids:
            # A 2xx that does not name the list: the vendor did not find it, which is what a 404 says.
            return Rejected(404, "not_found", "", outcome.requests, outcome.duration_ms)
        return outcome

    return perform(
        actor,
        Action.CASE_LIST_DELETE,
        Target("case_list", lists.pk, lists.name),
        operation=operation,
        payload={"ids": [lists.pk]},
        before=recorded(before) if before else {"name": lists.name, "description": lists.description or ""},
        reason=reason,
        send=send,
        settle=settle,
        purpose=purpose,
        together=partial(in_use.require, lists, typed, reason),
    )


def recorded(definition: Definition, names: Labels | None = None) -> dict[str, Json]:
    """A definition as the record keeps it: with its sentence, for people. `names`: the labels, if they are at hand."""
    words = str(sentence(definition.selection, names or labels.current()))
    return {"in_words": words, **definition.export()}


def _unsettled(outcome: Outcome[Any]) -> Settled:
    """Nothing that the local copy holds has changed; what was cached of the vendor may have."""
    if isinstance(outcome, Applied | Unknown):
        listing.drop()
    return Settled()


def keep(
    actor: Actor,
    lists: CaseList,
    definition: Definition,
    operation: uuid.UUID,
    reason: str,
    steps: Iterable[Step] = (),
    *,
    at: datetime | None = None,
    is_new: bool = False,
) -> None:
    """Keep a definition that was applied by this operation as the list's newest version; `at`: when, if not now."""
    local.add_version(
        lists,
        definition,
        operation=operation,
        author_id=actor.id,
        author_name=actor.name,
        reason=reason,
        steps=steps,
        at=at,
        is_new=is_new,
    )
    listing.drop()
