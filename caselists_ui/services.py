"""Changing case lists at the vendor: each function is one operation, checked, recorded, and merged into the local copy.

All take an `Actor` who needs `lists_edit`, and an `operation` id that makes a double click one operation: used before,
it raises `AlreadyPerformed` and nothing is sent. Vendor page: "Case Lists".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from django.utils import timezone

from caselists_ui import labels, ledger, listing, local
from caselists_ui.definition import Definition, Selection
from caselists_ui.ledger import Step
from caselists_ui.models import CaseList
from caselists_ui.words import sentence
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.kayse_api import schemas
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected, Unknown
from kayse_admin.upstream.operations import Settled, perform

Json = Any
T = TypeVar("T")

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

    def settle(outcome: Outcome[schemas.CaseList]) -> Settled:
        if not isinstance(outcome, Applied):
            return _unsettled(outcome)
        made = created(outcome.value, definition)
        local.remember([made], asked, operation)
        _keep(actor, CaseList.objects.get(pk=made.id), definition, operation, reason, is_new=True)
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
    recount: bool = True,
) -> Outcome[list[schemas.Upserted]]:
    """Set a list to this definition: POST /v1/case_lists/bulk with one entry, which replaces the members.

    `before` is the definition as it is known (None: made elsewhere); then only what is filled in is sent.
    """
    actor.require(Capability.LISTS_EDIT)
    payload = {"id": lists.pk, **definition.payload(before)}

    def settle(outcome: Outcome[list[schemas.Upserted]]) -> Settled:
        if not isinstance(outcome, Applied):
            return _unsettled(outcome)
        now_known = changed(lists, payload, before)
        if now_known:
            _keep(actor, lists, now_known, operation, reason)
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
    )
    if recount and isinstance(outcome, Applied):
        listing.reread(lists.pk, definition.name, operation)
    return outcome


def changed(lists: CaseList, payload: dict[str, Json], before: Definition | None) -> Definition | None:
    """Merge an applied set into the local copy. Returns the definition, if the list's definition is known by it."""
    lists.name = payload["name"]
    lists.description = payload.get("description", lists.description)
    lists.told_at = timezone.now()
    lists.save(update_fields=["name", "description", "told_at"])
    return ledger.after_set(before, payload) if "filter" in payload else None


def attach(
    actor: Actor, lists: CaseList, selection: Selection, *, operation: uuid.UUID, reason: str = ""
) -> Outcome[schemas.ListOperation]:
    """Put cases on a list: PATCH /v1/case_lists/{id}/attach."""
    payload = selection.payload()
    return _members(
        actor,
        Action.CASE_LIST_ATTACH,
        lists,
        payload,
        lambda client: client.case_lists.attach(lists.pk, **payload),
        operation=operation,
        reason=reason,
    )


def detach(
    actor: Actor, lists: CaseList, selection: Selection, *, operation: uuid.UUID, reason: str = ""
) -> Outcome[schemas.ListOperation]:
    """Take cases off a list: PATCH /v1/case_lists/{id}/detach."""
    payload = selection.payload()
    return _members(
        actor,
        Action.CASE_LIST_DETACH,
        lists,
        payload,
        lambda client: client.case_lists.detach(lists.pk, **payload),
        operation=operation,
        reason=reason,
    )


def append_clients(
    actor: Actor, lists: CaseList, client_ids: Iterable[int], *, operation: uuid.UUID, reason: str = ""
) -> Outcome[schemas.ClientsMatched]:
    """Put all cases of these clients on a list: POST /v1/case_lists/{id}/clients/append."""
    ids = list(client_ids)
    return _members(
        actor,
        Action.CASE_LIST_APPEND_CLIENTS,
        lists,
        {"client_ids": ids},
        lambda client: client.case_lists.append_clients(lists.pk, ids),
        operation=operation,
        reason=reason,
    )


def remove_clients(
    actor: Actor, lists: CaseList, client_ids: Iterable[int], *, operation: uuid.UUID, reason: str = ""
) -> Outcome[schemas.ClientsMatched]:
    """Take all cases of these clients off a list: POST /v1/case_lists/{id}/clients/remove."""
    ids = list(client_ids)
    return _members(
        actor,
        Action.CASE_LIST_REMOVE_CLIENTS,
        lists,
        {"client_ids": ids},
        lambda client: client.case_lists.remove_clients(lists.pk, ids),
        operation=operation,
        reason=reason,
    )


def do_again(
    actor: Actor, lists: CaseList, steps: Iterable[Step], *, operation: uuid.UUID, reason: str = ""
) -> tuple[uuid.UUID, Outcome[Any]] | None:
    """Do changes of members again, in their order, after a set that could not carry them; one request each.

    Each is an operation of its own, whose id follows from the set's. Stops at the first that is not applied and
    returns its id and outcome; None when all were. The number of cases is read once at the end.
    """
    last = operation
    for place, step in enumerate(steps):
        last = uuid.uuid5(operation, f"again {place}")
        outcome = _members(
            actor,
            step.action,
            lists,
            step.payload,
            partial(_repeat, lists.pk, step),
            operation=last,
            reason=reason,
            recount=False,
        )
        if not isinstance(outcome, Applied):
            return last, outcome
    listing.reread(lists.pk, lists.name, last)
    return None


def _repeat(pk: int, step: Step, client: KayseClient) -> Outcome[Any]:
    lists = client.case_lists
    if step.client_ids:
        by_clients = (
            lists.append_clients if step.action is Action.CASE_LIST_APPEND_CLIENTS else lists.remove_clients
        )
        return by_clients(pk, step.client_ids)
    by_cases = lists.attach if step.action is Action.CASE_LIST_ATTACH else lists.detach
    return by_cases(pk, **step.payload)


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
            _keep(
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
    actor: Actor, lists: CaseList, *, operation: uuid.UUID, reason: str = ""
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
    )


def recorded(definition: Definition) -> dict[str, Json]:
    """A definition as the record keeps it: with its sentence, for people."""
    return {"in_words": str(sentence(definition.selection, labels.current())), **definition.export()}


def _members(
    actor: Actor,
    action: Action,
    lists: CaseList,
    payload: dict[str, Json],
    send: Callable[[KayseClient], Outcome[T]],
    *,
    operation: uuid.UUID,
    reason: str,
    recount: bool = True,
) -> Outcome[T]:
    actor.require(Capability.LISTS_EDIT)
    outcome = perform(
        actor,
        action,
        Target("case_list", lists.pk, lists.name),
        operation=operation,
        payload=payload,
        reason=reason,
        send=send,
        settle=_unsettled,
    )
    if recount and isinstance(outcome, Applied):
        # The answer does not say what changed: the new count is the only evidence.
        listing.reread(lists.pk, lists.name, operation)
    return outcome


def _unsettled(outcome: Outcome[Any]) -> Settled:
    """Nothing that the local copy holds has changed; what was cached of the vendor may have."""
    if isinstance(outcome, Applied | Unknown):
        listing.drop()
    return Settled()


def _keep(
    actor: Actor,
    lists: CaseList,
    definition: Definition,
    operation: uuid.UUID,
    reason: str,
    steps: Iterable[Step] = (),
    *,
    is_new: bool = False,
) -> None:
    local.add_version(
        lists,
        definition,
        operation=operation,
        author_id=actor.id,
        author_name=actor.name,
        reason=reason,
        steps=steps,
        is_new=is_new,
    )
    listing.drop()
