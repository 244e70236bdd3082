"""The rules of an edit: what clashes, what is sent, what must be there afterwards. Pure functions.

A state of a client is a mapping of the fields that are known; a missing key is "not told".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clients_ui import normal
from clients_ui.fields import BY_NAME, WRITABLE, Kind, is_empty, kept
from kayse_admin.audit.diff import NOT_TOLD

State = Mapping[str, Any]

OPT_OUT = "voice_calls_opted_out"


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that two people changed: as it was when the form was opened, at Kayse now, and as typed."""

    field: str
    base: Any
    theirs: Any
    mine: Any

    @property
    def label(self) -> str:
        """The field's name for people."""
        return BY_NAME[self.field].label


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a fresh read means for an edit: the fields to ask about, and those that others changed besides."""

    clashes: tuple[Clash, ...]
    merged: tuple[str, ...]


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same; the order of case ids means nothing."""
    if one is NOT_TOLD or other is NOT_TOLD:
        return one is other
    if BY_NAME[name].kind is Kind.IDS and one is not None and other is not None:
        return sorted(one) == sorted(other)
    return bool(kept(name, one) == kept(name, other))


def has_to_be_sent(name: str, value: Any, known: State) -> bool:
    """Whether a bulk change sends this value of a field although, or because, so much is known of it here.

    An opt-out is sent even where it is known: what is known may be old, and somebody would be called.
    """
    opts_out = name == OPT_OUT and value is True
    return opts_out or name not in known or not same(name, value, known[name])


def compare(base: State, now: State, changes: State) -> Comparison:
    """Hold the state that the form was opened on against the state now.

    A field clashes when I changed it, somebody else did too, and not to the same. What others changed and I did not
    merges by itself, and so does a field that was never told before.
    """
    clashes, merged = [], []
    for name in WRITABLE:
        before, theirs = base.get(name, NOT_TOLD), now.get(name, NOT_TOLD)
        if same(name, before, theirs):
            continue
        if name in changes:
            if not same(name, theirs, changes[name]):
                clashes.append(Clash(name, before, theirs, changes[name]))
        elif before is not NOT_TOLD:
            merged.append(name)
    return Comparison(tuple(clashes), tuple(merged))


def lifts_opt_out(base: State, changes: State) -> bool:
    """Whether somebody who opted out of calls, or of whom that is not known, could be called after these changes."""
    return changes.get(OPT_OUT) is False and base.get(OPT_OUT, NOT_TOLD) is not False


def body(now: State, changes: State) -> dict[str, Any]:
    """What the PUT carries: every field with a known value, and the changes; right under both readings of PUT.

    If omitted fields stay, nothing is lost by sending them as they are; if omitted fields are emptied, none with a
    value is omitted. A field that is known to be empty means the same sent or not, and is left out, because nobody
    says that the vendor takes null; a field that was never told cannot be sent at all.
    """
    known = {name: now[name] for name in WRITABLE if name in now and not _unsendable(now[name])}
    return {name: value for name, value in {**known, **changes}.items() if name in WRITABLE}


def _unsendable(value: Any) -> bool:
    """Nothing; or a text that could not be stored as it came, so that sending it would change it."""
    return value is None or (isinstance(value, str) and "\ufffd" in value)


def expected(now: State, changes: State) -> dict[str, Any]:
    """The state that should be at the vendor after the edit."""
    return {**{name: now[name] for name in WRITABLE if name in now}, **changes}


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer against what was expected: fields that are empty now, and fields that are kept otherwise there."""

    lost: tuple[str, ...]
    different: tuple[str, ...]


def check(wanted: State, told: State) -> Finding:
    """Compare an answer, as far as it goes, with what was expected."""
    lost, different = [], []
    for name, value in wanted.items():
        if name not in told or same(name, value, told[name]):
            continue
        if is_empty(told[name]):
            lost.append(name)
        else:
            different.append(name)
    return Finding(tuple(lost), tuple(different))


def differing(sent: State, told: State) -> list[str]:
    """The fields of a created client that are told otherwise than they were sent; none when this is the client.

    With the same external source and id, whatever else is different has been changed by somebody since.
    """
    key = normal.identity(sent)
    if key and key == normal.identity(told):
        return []
    return [name for name in sent if name in told and not same(name, sent[name], told[name])]


def labels(names: Iterable[str]) -> str:
    """The fields in words: "City, State"."""
    return ", ".join(BY_NAME[name].label for name in names)
