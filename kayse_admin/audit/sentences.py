"""What somebody did, in one sentence: "Paula Legal edited the city of client Ana García from Austin to Dallas"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import Change, Kind
from kayse_admin.audit.fields import KINDS
from kayse_admin.audit.masking import HIDDEN, masked
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Json

#: The longest value that is told inside a sentence; the diff tells the rest.
LONGEST = 40
#: Fields named one by one; more are counted.
MOST_FIELDS = 3

#: The verb after "tried to" for what is sent to the vendor; the past tense is `Action.phrase`. What is done in this
#: house alone hardly fails; `Action.label` is an imperative and serves.
_TO: dict[Action, str] = {
    Action.CLIENT_CREATE: "create",
    Action.CLIENT_UPDATE: "edit",
    Action.CLIENT_DELETE: "delete",
    Action.CASE_LIST_CREATE: "create",
    Action.CASE_LIST_UPDATE: "change",
    Action.CASE_LIST_ATTACH: "attach cases to",
    Action.CASE_LIST_DETACH: "detach cases from",
    Action.CASE_LIST_APPEND_CLIENTS: "append clients to",
    Action.CASE_LIST_REMOVE_CLIENTS: "remove clients from",
    Action.CASE_LIST_DUPLICATE: "duplicate",
    Action.CASE_LIST_DELETE: "delete",
    Action.CASE_LISTS_BULK_UPSERT: "change lists by",
    Action.CASE_LISTS_BULK_DELETE: "delete lists by",
    Action.CASE_LISTS_DUPLICATE: "duplicate lists by",
    Action.CLIENTS_BULK_UPSERT: "change clients in",
    Action.CLIENTS_BULK_DELETE: "delete clients in",
    Action.CLIENTS_BULK_PURGE: "delete clients for good in",
}
#: How a sentence ends when it did not simply happen; "" while it is under way.
_ENDS: dict[str, str] = {
    "rejected": "Kayse refused it",
    "not_sent": "it was not sent",
    "rate_limited": "not sent, the hourly budget was used up",
    "unknown": "nobody knows yet whether it happened",
    "not_applied": "it did not happen",
    "": "still under way",
}
#: Facts about the person alone: no target is named.
_ALONE = frozenset({Action.SIGN_IN, Action.SIGN_OUT, Action.KEY_RETRY})
#: Told beside the fields that they follow from.
_DERIVED = frozenset({"in_words", "case_count"})
#: What was done to a job, by what its event says.
_CONTROLLED = {"Paused.": "paused", "Resumed.": "resumed", "Cancelled.": "cancelled"}
_EDITS = frozenset({Action.CLIENT_UPDATE, Action.CASE_LIST_UPDATE})
#: The key of the payload that holds what the action is about, and the word that is counted.
_COUNTED: dict[Action, tuple[str, str]] = {
    Action.CASE_LIST_ATTACH: ("include_ids", "cases"),
    Action.CASE_LIST_DETACH: ("include_ids", "cases"),
    Action.CASE_LIST_APPEND_CLIENTS: ("client_ids", "clients"),
    Action.CASE_LIST_REMOVE_CLIENTS: ("client_ids", "clients"),
    Action.CLIENTS_BULK_UPSERT: ("clients", "clients"),
    Action.CLIENTS_BULK_DELETE: ("client_ids", "clients"),
    Action.CLIENTS_BULK_PURGE: ("client_ids", "clients"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """The parts of a sentence, for a page to set them apart: who, did what to, a kind of thing, which one, the rest.

    `rest` and `end` bring their own separators: " from Austin to Dallas", ": it was not sent", or nothing.
    """

    person: str
    verb: str
    kind: str = ""
    target: str = ""
    rest: str = ""
    end: str = ""

    def __str__(self) -> str:
        return (
            " ".join(part for part in (self.person, self.verb, self.kind, self.target) if part)
            + self.rest
            + self.end
        )


def sentence(
    opening: Event,
    closing: Event | None,
    changes: Sequence[Change] = (),
    shown: Callable[[Any], Any] = masked,
) -> Sentence:
    """What an operation was, from the event that opened it, the newest one that told its outcome, and its changes.

    `shown` blots out of its target's name what may not be seen.
    """
    action, result = _action(opening), (closing or opening).result
    person = opening.actor_name
    if action is Action.SIGN_IN_FAILED:
        return Sentence("Somebody", "failed to sign in as", target=shown(opening.target_label))
    if action is None:
        return Sentence(person, f"did “{opening.action}”", target=shown(opening.target_label))
    if action in _ALONE:
        return Sentence(person, action.phrase)
    verb, rest = _said(action, opening, closing, changes)
    kind, target = _target(opening, closing, shown)
    end = "" if result == "applied" else f": {_ENDS.get(result, result)}"
    return Sentence(person, verb, kind, target, f" {rest}" if rest else "", end)


def _action(event: Event) -> Action | None:
    """The action, or None for one that this version does not know: the record outlives the enum."""
    return Action(event.action) if event.action in Action._value2member_map_ else None


def _target(opening: Event, closing: Event | None, shown: Callable[[Any], Any]) -> tuple[str, str]:
    known = opening
    if closing and closing.target_label and not opening.target_label:
        known = closing
    label = shown(known.target_label)
    if not label and known.target_id:
        label = f"number {known.target_id}"
    if known.target_kind == "label":
        return "", label
    return KINDS.get(known.target_kind, known.target_kind.replace("_", " ")), label


def _said(
    action: Action, opening: Event, closing: Event | None, changes: Sequence[Change]
) -> tuple[str, str]:
    """The verb with what it is about, and what follows the target: "edited the city of", "from Austin to Dallas"."""
    done = (closing or opening).result == "applied"
    changes = [change for change in changes if change.field not in _DERIVED]
    verb = action.phrase if done else f"tried to {_TO.get(action) or _lower(action.label)}"
    if action is Action.JOB_CONTROL and done:
        return _CONTROLLED.get(opening.detail, "decided about a row of"), ""
    if action is Action.LABELS_CHANGE and done and opening.target_label.endswith(" labels"):
        return "changed", ""
    if action in _EDITS and changes:
        return _edited(changes, done=done)
    if action in _COUNTED:
        key, noun = _COUNTED[action]
        return verb.replace(noun, _counted(opening.payload, key, noun), 1), ""
    if action is Action.CASE_LIST_DUPLICATE and closing and closing.target_id != opening.target_id:
        return verb, f"as number {closing.target_id}"
    return verb, ""


def _edited(changes: Sequence[Change], *, done: bool) -> tuple[str, str]:
    edited = "edited" if done else "tried to edit"
    if len(changes) > MOST_FIELDS:
        return f"{edited} {len(changes)} fields of", ""
    names = [_lower(change.label) for change in changes]
    fields = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if len(changes) > 1:
        return f"{edited} the {fields} of", ""
    return _one(changes[0], fields, edited, done=done)


def _one(change: Change, name: str, edited: str, *, done: bool) -> tuple[str, str]:
    """One field: with its values when they fit into a sentence."""
    before, after = _value(change.before), _value(change.after)
    if change.kind is Kind.REMOVED:
        return f"{'cleared' if done else 'tried to clear'} the {name} of", f"(was {before})" if before else ""
    if change.kind is Kind.ADDED and after:
        return f"{'set' if done else 'tried to set'} the {name} of", f"to {after}"
    if change.kind is Kind.CHANGED and before and after:
        return f"{edited} the {name} of", f"from {before} to {after}"
    return f"{edited} the {name} of", ""


def _value(value: Any) -> str:
    """A value as a sentence quotes it; "" for one that does not fit into a sentence, or that nobody may see."""
    if value == HIDDEN:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        text = " ".join(str(value).split())
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return ""


def _lower(label: str) -> str:
    """A label inside a sentence; abbreviations keep their capitals."""
    return label if label[:2].isalpha() and label[:2].isupper() else label[:1].lower() + label[1:]


def _counted(payload: Json, key: str, noun: str) -> str:
    """ "3 cases", "1 client", "cases by filter", or the noun alone when the payload does not tell."""
    if not isinstance(payload, Mapping):
        return noun
    found = payload.get(key)
    if isinstance(found, list) and found:
        counted = f"{len(found):,} {noun if len(found) > 1 else noun[:-1]}"
        return f"{counted} and more by filter" if payload.get("filter") else counted
    return f"{noun} by filter" if payload.get("filter") else noun
