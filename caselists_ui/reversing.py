"""Taking a change of a list back, where an exact inverse exists, and why not; doing one that was not done.

The vendor does not tell who was on a list, but it tells how many. An attach of three cases after which the number rose
by three put three new cases on the list: detaching them is its exact inverse. When it rose by less, some were members
before, and nobody knows which. A number that was old when the change was sent proves nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from caselists_ui import ledger
from caselists_ui.definition import Definition, parse
from caselists_ui.known import Step
from caselists_ui.ledger import CHANGES, Entry
from kayse_admin.audit import queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import Operation

#: How old the number of cases may be that a change started from: until then nobody is likely to have moved it.
FRESH = timedelta(minutes=10)
_INVERSE = {
    Action.CASE_LIST_ATTACH: Action.CASE_LIST_DETACH,
    Action.CASE_LIST_DETACH: Action.CASE_LIST_ATTACH,
    Action.CASE_LIST_APPEND_CLIENTS: Action.CASE_LIST_REMOVE_CLIENTS,
    Action.CASE_LIST_REMOVE_CLIENTS: Action.CASE_LIST_APPEND_CLIENTS,
}
_PAGES = {
    Action.CASE_LIST_ATTACH: "caselists_ui:attach",
    Action.CASE_LIST_DETACH: "caselists_ui:detach",
    Action.CASE_LIST_APPEND_CLIENTS: "caselists_ui:append",
    Action.CASE_LIST_REMOVE_CLIENTS: "caselists_ui:remove",
}


@dataclass(frozen=True, slots=True)
class Reversal:
    """How to take a change back: the page with the question, or "" and `why` it cannot be taken back exactly."""

    why: str
    url: str = ""
    words: str = "Reverse"
    step: Step | None = None


def again_url(operation: Operation) -> str:
    """The page that does a change of members which was not done, filled in; "" where it may have been done."""
    page = _PAGES.get(Action(operation.opening.action))
    if page is None or operation.result in ("", *ledger.HAPPENED):
        return ""
    return f"{reverse(page, args=[operation.target_id])}?again={operation.opening.operation}"


def again(list_id: int, operation: uuid.UUID) -> Step | None:
    """The change of members of a list that was not done; None for what may have been."""
    found = queries.one(operation)
    if found is None or found[0].target_id != list_id or not again_url(found[0]):
        return None
    return Step(Action(found[0].opening.action), found[0].opening.payload or {})


def of_history(list_id: int, entries: Sequence[Entry]) -> dict[uuid.UUID, Reversal]:
    """How each operation of a list's history can be taken back, by operation; `entries` are newest first."""
    found: dict[uuid.UUID, Reversal] = {}
    later: list[Entry] = []
    for entry in entries:
        if entry.operation.result == "applied" and (reversal := _of(list_id, entry, later)):
            found[entry.operation.opening.operation] = reversal
        if entry.operation.opening.action in CHANGES and entry.operation.result in ledger.HAPPENED:
            later.append(entry)
    return found


def one(list_id: int, operation: uuid.UUID) -> Reversal | None:
    """How this operation on this list can be taken back; None when it is not among the newest of the list."""
    return of_history(list_id, ledger.history(list_id)).get(operation)


def definition_before(operation: uuid.UUID) -> Definition:
    """What a set had replaced: the definition with everything that was changed by hand until then."""
    return parse(Event.objects.get(operation=operation, opens=True).before)


def _of(list_id: int, entry: Entry, later: Sequence[Entry]) -> Reversal | None:
    opening = entry.operation.opening
    if opening.action == Action.CASE_LIST_DUPLICATE:
        return _of_copy(entry)
    if opening.action == Action.CASE_LIST_UPDATE:
        return _of_set(list_id, entry, later)
    if opening.action in _INVERSE:
        return _of_members(list_id, entry, Step(Action(opening.action), opening.payload or {}), later)
    if opening.action == Action.CASE_LIST_DELETE:
        return Reversal("Kayse does not bring a list back.")
    return None


def _of_copy(entry: Entry) -> Reversal | None:
    after = entry.operation.last.after
    copy = after.get("copy") if isinstance(after, dict) else None
    copy = copy or (entry.operation.last.target_id if entry.operation.closing else None)
    if not copy or copy == entry.operation.opening.target_id:
        return None
    return Reversal(
        "Deleting the copy takes this back.", reverse("caselists_ui:delete", args=[copy]), "Delete the copy"
    )


def _of_set(list_id: int, entry: Entry, later: Sequence[Entry]) -> Reversal:
    if "filter" not in (entry.operation.opening.before or {}):
        return Reversal("What the list was made of before is not known here.")
    if later:
        return Reversal("The list was changed since. Bring a version back instead.")
    url = f"{reverse('caselists_ui:edit', args=[list_id])}?reverse={entry.operation.opening.operation}"
    return Reversal(
        "The definition before it is set again; members that were changed outside do not come back.", url
    )


def _of_members(list_id: int, entry: Entry, step: Step, later: Sequence[Entry]) -> Reversal:
    if not step.client_ids and not step.by_ids:
        return Reversal("Kayse decided which cases matched the filter, and does not tell.")
    if any(_touches(other, step) for other in later):
        return Reversal("Members were changed since, perhaps the same ones.")
    many = entry.matched if step.client_ids else len(step.selection.include_ids)
    before, after = _count_before(entry), entry.after.case_count if entry.after else None
    if many is None or before is None or after is None:
        return Reversal(
            "The number of cases just before it, or after it, is not known: it may have changed less."
        )
    joins = step.joins
    if (moved := after - before if joins else before - after) != many:
        verb = "on the list before" if joins else "not on the list before"
        if many == 1:
            return Reversal(f"The number of cases did not change by 1 but by {moved:,}: the case was {verb}.")
        return Reversal(
            f"Not all of the {many:,} cases changed (the number says {moved:,}): some were {verb}."
        )
    inverse = Step(_INVERSE[step.action], step.payload)
    url = f"{reverse(_PAGES[inverse.action], args=[list_id])}?reverse={entry.operation.opening.operation}"
    more = " As long as the clients still have the same cases." if step.client_ids else ""
    by_hand = "off" if joins else "on"
    why = (
        f"Exact: the number of cases {'rose' if joins else 'fell'} by {'all ' if many > 1 else ''}{many:,}.{more} "
        f"What is done by hand stays: these cases are {by_hand} the list then, whatever a filter finds later."
    )
    return Reversal(why, url, step=inverse)


def _count_before(entry: Entry) -> int | None:
    """The number of cases that was known when the change was sent, if it was fresh."""
    opening = entry.operation.opening
    told = opening.before if isinstance(opening.before, dict) else {}
    at = parse_datetime(told.get("counted_at") or "")
    if at is None or opening.at - at > FRESH:
        return None
    count = told.get("case_count")
    return count if isinstance(count, int) else None


def _touches(other: Entry, step: Step) -> bool:
    """Whether a later change may be about the same cases."""
    opening = other.operation.opening
    if opening.action == Action.CASE_LIST_UPDATE or step.client_ids:
        return True
    later = Step(Action(opening.action), opening.payload or {})
    return not later.by_ids or bool(set(later.selection.include_ids) & set(step.selection.include_ids))
