"""Looks at the vendor that tell what became of a change of a case list whose outcome nobody knows.

A create is found by its exact name where the list can be no other, an edit by the name and description that it gave, a
delete by the list being gone. What happened to members no look can tell.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from caselists_ui import listing, local
from caselists_ui.definition import Definition, parse
from caselists_ui.models import CaseList, Version
from caselists_ui.services import changed, created, recorded
from kayse_admin.audit import recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import CLOSING
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Finding
from kayse_admin.kayse_api import schemas
from kayse_admin.kayse_api.outcomes import Applied
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import client


def register() -> None:
    """Tell recovery which look belongs to which action."""
    recovery.register(Action.CASE_LIST_CREATE, verify_create)
    recovery.register(Action.CASE_LIST_UPDATE, verify_update)
    recovery.register(Action.CASE_LIST_DELETE, verify_delete)


class _Look:
    """Every list whose name holds `key`, as the vendor has it now; `lists` is None when it could not be seen whole."""

    def __init__(self, key: str) -> None:
        self.requests = 0
        self.began = timezone.now()
        self.lists: dict[int, schemas.CaseList] | None = {}
        for outcome in client(Purpose.BACKGROUND).case_lists.iter_all(key[:255]):
            self.requests += outcome.requests
            if not isinstance(outcome, Applied) or outcome.value.unreadable:
                self.lists = None
                return
            self.lists |= {row.id: row for row in outcome.value.data}

    def merge(self) -> None:
        """Take what was seen into the local copy."""
        local.remember((self.lists or {}).values(), self.began)
        listing.drop()


def verify_create(begun: Event) -> Finding | None:
    """Applied when exactly one list of this name is there that was surely not there before the call.

    That is so where all lists were told just before the call and this one's id is higher than theirs, or where the name
    holds the id of the operation. A list that merely was not known here may be somebody else's: a person has to say.
    """
    definition = parse(begun.payload)
    look = _Look(definition.name)
    if look.lists is None:
        return None
    known = set(CaseList.objects.filter(first_told_at__lt=begun.at).values_list("pk", flat=True))
    known |= set(Version.objects.exclude(operation=begun.operation).values_list("case_list_id", flat=True))
    new = [row for row in look.lists.values() if row.name == definition.name and row.id not in known]
    with transaction.atomic():
        look.merge()
        if not new:
            return Finding("not_applied", "Kayse has no new list of this name.", requests=look.requests)
        if len(new) > 1:
            ids = ", ".join(str(row.id) for row in new)
            text = f"Kayse has {len(new)} new lists of this name ({ids}): somebody has to say which it is."
            return _say_once(begun, text, look.requests)
        if not _is_ours(begun, definition, new[0]):
            text = (
                f"Kayse has a list of this name: {new[0].id}. It may be this one, or have been made by somebody else: "
                "look whether its cases are those of this one, and say so."
            )
            return _say_once(begun, text, look.requests)
        local.remember([created(new[0], definition)], look.began)
        _keep(begun, new[0].id, definition, is_new=True)
    text = f"Kayse has a new list of exactly this name: {new[0].id}."
    return Finding("applied", text, recorded(definition), look.requests)


def _is_ours(begun: Event, definition: Definition, row: schemas.CaseList) -> bool:
    """Whether a list that has the name of one that was sent can be no other."""
    if begun.operation.hex in definition.name:
        return True
    highest = listing.highest_before(begun.operation)
    same = "description" not in row.told or (row.description or "") == definition.description
    return highest is not None and row.id > highest and same


def _say_once(begun: Event, detail: str, requests: int) -> Finding | None:
    """What a look found that does not settle the matter: said once, to those who can."""
    said = Event.objects.filter(CLOSING, operation=begun.operation, detail=detail[:500]).exists()
    return None if said else Finding("unknown", detail, requests=requests)


def verify_update(begun: Event) -> Finding | None:
    """Told by name and description: as sent means applied, as before means not. Equal in both: no look can tell."""
    before, payload = begun.before or {}, begun.payload or {}
    was = (before.get("name"), before.get("description") or "")
    sent = (payload["name"], payload.get("description", was[1]))
    if sent == was:
        return _cannot_tell(
            begun, "Name and description were not changed, and Kayse tells no more of a list."
        )
    for key in dict.fromkeys((sent[0], was[0] or "")):
        look = _Look(key)
        if look.lists is None:
            return None
        if begun.target_id in look.lists:
            return _compare(begun, look, was, sent)
    return _cannot_tell(begun, "Kayse shows the list neither under its old name nor under its new one.")


def _compare(begun: Event, look: _Look, was: tuple[str | None, str], sent: tuple[str, str]) -> Finding | None:
    row = (look.lists or {})[begun.target_id or 0]
    now = (row.name, row.description or "")
    with transaction.atomic():
        look.merge()
        if now == sent:
            before = parse(begun.before) if "filter" in (begun.before or {}) else None
            lists = CaseList.objects.select_for_update().get(pk=row.id)
            definition = changed(lists, begun.payload or {}, before, begun.at)
            if definition and not local.overtaken(row.id, begun.at):
                _keep(begun, row.id, definition)
            return Finding("applied", "The list is called as it was sent.", begun.payload, look.requests)
    if now == was:
        return Finding("not_applied", "The list is called as it was before.", requests=look.requests)
    return _cannot_tell(begun, "The list was changed by somebody else meanwhile.", look.requests)


def _cannot_tell(begun: Event, detail: str, requests: int = 0) -> Finding | None:
    """Say once that no look can tell; after that there is nothing to add to the record."""
    said = Event.objects.filter(CLOSING, operation=begun.operation).exists()
    return None if said else Finding("unknown", detail, requests=requests)


def verify_delete(begun: Event) -> Finding | None:
    """Applied when Kayse does not show the list, under whatever name."""
    list_id = begun.target_id or 0
    outcome, there = listing.whether_there(list_id, Purpose.BACKGROUND, timezone.now())
    if there is None:
        return None
    if there:
        return Finding("not_applied", "Kayse still has the list.", requests=outcome.requests)
    local.forget(list_id)
    return Finding("applied", "Kayse does not have the list any more.", requests=outcome.requests)


def _keep(begun: Event, list_id: int, definition: Definition, *, is_new: bool = False) -> None:
    """The version that the operation would have kept, dated to when it was sent."""
    local.add_version(
        CaseList.objects.get(pk=list_id),
        definition,
        operation=begun.operation,
        author_id=begun.actor_id,
        author_name=begun.actor_name,
        reason=begun.reason,
        at=begun.at,
        is_new=is_new,
    )
