"""What a change would do, told before it is done: the sentence, the exact payload, what is odd, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from caselists_ui.definition import Definition, Selection, write_json
from caselists_ui.ids import MOST_IDS, Pasted
from caselists_ui.known import Known, Step
from caselists_ui.models import CaseList
from caselists_ui.words import Labels, Lint, Sentence, lints, sentence
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import OpenOperation
from kayse_admin.templatetags.ui import moment

Json = Any


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands beside a form, and on the page that asks for a yes."""

    sentence: Sentence
    payload: dict[str, Json]
    lints: list[Lint]
    cost: str
    kind: str = ""
    meaning: str = ""

    @property
    def json(self) -> str:
        """The payload as it will be sent, laid out for people."""
        return write_json(_folded(self.payload))

    @property
    def bytes(self) -> int:
        """The size of the body."""
        return len(write_json(self.payload, indent=None).encode())


def of_definition(
    definition: Definition, labels: Labels, *, lists: CaseList | None = None, known: Known | None = None
) -> Summary:
    """A create (no `lists`), or a set of a list of which this is known."""
    selection = definition.selection
    if lists is not None and known is not None and known.definition is None and selection.is_empty:
        return _of_name(definition, lists)
    before = known.carried if known else None
    payload = definition.payload(before)
    if lists is not None:
        payload = {"id": lists.pk, **payload}
    found = lints(
        definition,
        labels,
        same_name=same_name(definition.name, lists),
        members=lists.case_count if lists else None,
    )
    if at := perhaps_made(definition.name):
        found.append(
            Lint(
                "warn",
                f"A list of this name was sent at {moment(at)}, and nobody knows yet whether it was made.",
            )
        )
    if selection.exclude_ids and not selection.narrows:
        found.append(Lint("warn", "Cases can only be left out of a filter, and there is none."))
    cost = "1 request." if lists is None else CHANGE_COST
    return Summary(
        sentence(selection, labels), payload, found, cost, selection.kind.label, selection.kind.meaning
    )


def of_selection(selection: Selection, labels: Labels) -> Summary:
    """An attach or a detach."""
    found = []
    if selection.exclude_ids and not selection.narrows:
        found.append(Lint("warn", "Cases can only be left out of a filter, and there is none."))
    both = set(selection.include_ids) & set(selection.exclude_ids)
    if both:
        found.append(Lint("warn", f"{len(both):,} of the ids are named and left out at once."))
    return Summary(sentence(selection, labels), selection.payload(), found, CHANGE_COST)


def _of_name(definition: Definition, lists: CaseList) -> Summary:
    """A set of a list whose definition is not known, without a filter or a case: only its name travels."""
    words = Sentence((("The filter stays as it is at Kayse, and is not known here.", False),))
    return Summary(words, {"id": lists.pk, **definition.payload()}, [], CHANGE_COST)


CHANGE_COST = "2 requests: the change, and a look at the new number of cases."


def same_name(name: str, lists: CaseList | None = None) -> list[int]:
    """The other lists of this name that are known here."""
    if not name:
        return []
    found = CaseList.objects.filter(name=name, gone_at=None)
    if lists is not None:
        found = found.exclude(pk=lists.pk)
    return list(found.order_by("pk").values_list("pk", flat=True)[:4])


def perhaps_made(name: str) -> datetime | None:
    """When a list of this name was sent last of which nobody knows whether it was made; None if none was."""
    sent = OpenOperation.objects.filter(action=Action.CASE_LIST_CREATE, target_label=name[:200])
    return sent.order_by("-opened_at").values_list("opened_at", flat=True).first() if name else None


@dataclass(frozen=True, slots=True)
class Loss:
    """What a set does to what is known: what travels in it, and what does not.

    `carried` to `lost_out`: cases that were changed by hand since the last set; `dropped` and `dropped_out`: cases
    that the definition itself includes or leaves out until now. `was`: the definition in words, when they change.
    """

    carried: tuple[int, ...]
    carried_out: tuple[int, ...]
    lost: tuple[int, ...]
    lost_out: tuple[int, ...]
    dropped: tuple[int, ...]
    dropped_out: tuple[int, ...]
    replay: tuple[Step, ...]
    was: Sentence | None = None


def loss(known: Known, selection: Selection, labels: Labels) -> Loss:
    """Compare what is known of the list with what a set to this selection sends."""
    by_hand, words, now = known.by_hand, known.words, known.after(selection)

    def told(member: bool, *, stays: bool, hand: bool) -> tuple[int, ...]:
        """The cases that were on the list (off it, if not `member`) by name, and stay so or not."""
        if known.is_rename(selection):  # it names no case: what was done by hand is among what is done again
            return ()
        return tuple(
            n for n, was in words.items()
            if was is member and (now.get(n) is member) is stays and (n in by_hand) is hand
        )  # fmt: skip

    was = sentence(known.carried.selection, labels) if known.carried else None
    return Loss(
        carried=told(True, stays=True, hand=True),
        carried_out=told(False, stays=True, hand=True),
        lost=told(True, stays=False, hand=True),
        lost_out=told(False, stays=False, hand=True),
        dropped=told(True, stays=False, hand=False),
        dropped_out=told(False, stays=False, hand=False),
        replay=known.replay(selection),
        was=was if was != sentence(selection, labels) else None,
    )


_VERBS = {
    Action.CASE_LIST_ATTACH: "Attach",
    Action.CASE_LIST_DETACH: "Detach",
    Action.CASE_LIST_APPEND_CLIENTS: "Append all cases of",
    Action.CASE_LIST_REMOVE_CLIENTS: "Remove all cases of",
}


def step_words(step: Step, labels: Labels) -> str:
    """A change of members in words, with the ids that it names: "Attach: 2 cases picked by hand: 8, 9." """
    if step.client_ids:
        return f"{_VERBS[step.action]} {clients_words(step.client_ids)}: {ids_words(step.client_ids)}."
    words = str(sentence(step.selection, labels))
    told = f"{_VERBS[step.action]}: {words[:1].lower()}{words[1:]}"
    if step.by_ids:
        return f"{told.removesuffix('.')}: {ids_words(step.case_ids)}."
    for what, ids in (("Picked by hand", step.case_ids), ("Left out", step.selection.exclude_ids)):
        told += f" {what}: {ids_words(ids)}." if ids else ""
    return told


def ids_words(ids: Sequence[int], most: int = 10) -> str:
    """ "8, 9", "1, 2, 3 and 1,211 more"."""
    named = ", ".join(str(number) for number in ids[:most])
    return f"{named} and {len(ids) - most:,} more" if len(ids) > most else named


def clients_words(client_ids: Iterable[int]) -> str:
    """ "1 client", "1,214 clients"."""
    count = len(tuple(client_ids))
    return f"{count:,} client{'' if count == 1 else 's'}"


def pasted_words(pasted: Pasted, most: int = MOST_IDS) -> tuple[str, str]:
    """What was found in a paste: "3 ids · 1 duplicate dropped", and what is wrong with it ("" if nothing)."""
    parts = [f"{len(pasted.ids):,} id{'' if len(pasted.ids) == 1 else 's'}"]
    if pasted.duplicates:
        parts.append(f"{pasted.duplicates:,} duplicate{'' if pasted.duplicates == 1 else 's'} dropped")
    wrong = ""
    if pasted.not_understood_count:
        named = ", ".join(pasted.not_understood[:3])
        wrong = f"{pasted.not_understood_count:,} not understood: {named}"
    elif len(pasted.ids) > most:
        wrong = f"at most {most:,} go into one request"
    return (" · ".join(parts) if pasted.ids or wrong else ""), wrong


def _folded(payload: Json, most: int = 200) -> Json:
    """The payload with very long lists cut for reading; what is sent is whole."""
    if isinstance(payload, dict):
        return {key: _folded(value, most) for key, value in payload.items()}
    if isinstance(payload, list) and len(payload) > most:
        return [*payload[:most], f"… {len(payload) - most:,} more"]
    return payload
