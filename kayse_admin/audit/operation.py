"""An operation as people see it: what opened it, how it ended, and the words for both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kayse_admin.audit import parts
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import Change, diff, shown_safely
from kayse_admin.audit.fields import KINDS, labels_of
from kayse_admin.audit.masking import hidden, masked
from kayse_admin.audit.models import Event
from kayse_admin.audit.naming import Names
from kayse_admin.audit.records import RESULT_WORDS, Json
from kayse_admin.audit.sentences import Sentence, sentence

_BADGES = {
    "applied": "ok",
    "rejected": "bad",
    "not_sent": "warn",
    "rate_limited": "warn",
    "unknown": "warn",
    "not_applied": "neutral",
    "": "info",
}


@dataclass(frozen=True)
class Operation:
    """The event that opened it, and the newest that tells its outcome (None: under way, or a fact).

    `hides`: its words and changes leave out personal values (`audit.reading`). `names`: shared by those of one page.
    """

    opening: Event
    closing: Event | None = None
    hides: bool = False
    names: Names = field(default_factory=Names, compare=False)

    def hiding(self) -> Operation:
        """The same without personal values."""
        return replace(self, hides=True)

    def shown(self, value: Any) -> Any:
        """A value of it, as much as may be seen."""
        return hidden(value) if self.hides else masked(value)

    @property
    def last(self) -> Event:
        """The event that tells the newest state of it."""
        return self.closing or self.opening

    @property
    def result(self) -> str:
        """One of `records.Result`, or "" while it is under way."""
        return self.last.result

    @property
    def result_words(self) -> str:
        """The result for people."""
        if self.opening.stage == "fact" and self.result == "rejected":
            return "Refused"
        return RESULT_WORDS.get(self.result, self.result)

    @property
    def badge(self) -> str:
        """The colour of the result."""
        return badge_of(self.result)

    @property
    def target_id(self) -> int | None:
        """The vendor's id of its target; a create learns it from the answer."""
        known: int | None = self.opening.target_id
        return self.last.target_id if known is None else known

    @property
    def kind_words(self) -> str:
        """The kind of its target: "case list"."""
        return KINDS.get(self.opening.target_kind, self.opening.target_kind.replace("_", " "))

    @property
    def target_label(self) -> str:
        """The name of its target."""
        return str(self.shown(self.opening.target_label or self.last.target_label))

    @property
    def target_words(self) -> str:
        """Its target in full: "client Ana García, number 7"."""
        label = self.target_label
        number = f"number {self.target_id}" if self.target_id is not None else ""
        return f"{self.kind_words} {', '.join(part for part in (label, number) if part)}".strip()

    @property
    def action_words(self) -> str:
        """The action as the filter names it."""
        known = Action._value2member_map_.get(self.opening.action)
        return known.label if isinstance(known, Action) else self.opening.action

    @property
    def reason(self) -> str:
        """Why the person says it was done."""
        return str(self.shown(self.opening.reason))

    @property
    def detail(self) -> str:
        """What the newest event adds in words."""
        return str(self.shown(self.last.detail))

    @property
    def cost(self) -> str:
        """ "2 requests · 230 ms · status 200", as far as it is known."""
        return cost_of(self.last)

    @property
    def is_about_many(self) -> bool:
        """Whether it was a request of a job, with what was sent for each of many."""
        return bool(parts.items(self.opening)[0])

    @cached_property
    def changes(self) -> list[Change]:
        """What changed field by field, or was meant to, with the names of numbers; nothing that may not be seen.

        A request of a job about many says it of each of them (`audit.parts`).
        """
        return self.names.told(self.opening.target_kind, self._numbered)

    @cached_property
    def _numbered(self) -> list[Change]:
        """The changes as they are recorded: what a sentence needs, which names no number."""
        if self.is_about_many:
            return []
        before, after = self.opening.before, self.last.after
        deleted = self.result == "applied" and self.opening.action.endswith("_delete")
        if after is None and not deleted:
            before, after = self._asked()
        return shown_safely(diff(before, after, labels_of(self.opening.target_kind)), hides=self.hides)

    def _asked(self) -> tuple[Json, Json]:
        """What was asked for, when no state after it was told: the payload, and the same fields before."""
        before, payload = self.opening.before, self.opening.payload
        if (
            self.opening.stage != "intent"
            or not isinstance(payload, dict)
            or self.opening.action.endswith("_delete")
        ):
            return None, None
        payload = {name: value for name, value in payload.items() if name not in {"id", "ids"}}
        if isinstance(before, dict):
            before = {name: value for name, value in before.items() if name in payload}
        return before, payload

    @cached_property
    def sentence(self) -> Sentence:
        """What it was, for people."""
        return sentence(self.opening, self.closing, self._numbered, self.shown)


def badge_of(result: str) -> str:
    """The colour of a result's badge."""
    return _BADGES.get(result, "neutral")


def cost_of(event: Event) -> str:
    """What one event says about requests, time and status; "" when nothing was asked."""
    parts = []
    if event.requests:
        parts.append(f"{event.requests} request{'s' if event.requests > 1 else ''}")
    if event.duration_ms is not None:
        parts.append(f"{event.duration_ms:,} ms")
    if event.http_status:
        parts.append(f"status {event.http_status}")
    return " · ".join(parts)
