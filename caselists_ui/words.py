"""A selection of cases told to people: the sentence that stands in builder, dialogs, versions, record and exports.

It says what `Selection.payload` sends, no more and no less; a property test holds the two together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from caselists_ui.definition import Definition, Selection


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of case types and statuses that are kept here, by id."""

    types: Mapping[int, str] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)

    def type(self, number: int) -> str:
        """The name of a case type: "Mass Tort", or "25 (no label)"."""
        return _named(self.types, number)

    def status(self, number: int) -> str:
        """The name of a status: "Retained", or "32 (no label)"."""
        return _named(self.statuses, number)


def _named(names: Mapping[int, str], number: int) -> str:
    name = names.get(number)
    if name is None:
        return f"{number} (no label)"
    # Two ids of one name could not be told apart.
    return f"{name} ({number})" if Counter(names.values())[name] > 1 else name


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, and whether each piece of them is one that matters: a name or a number."""

    pieces: tuple[tuple[str, bool], ...]

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces)

    @property
    def html(self) -> SafeString:
        """The sentence with what matters set apart, escaped."""
        return format_html_join(
            "",
            "{}",
            ((format_html("<strong>{}</strong>", t) if matters else t,) for t, matters in self.pieces),
        )


def sentence(selection: Selection, labels: Labels) -> Sentence:
    """ "Cases of type Roundup or Zantac whose status is Signed, plus 3 picked by hand, minus 1." """
    pieces: list[tuple[str, bool]] = []
    if selection.narrows:
        pieces += _filter_words(selection, labels)
        if selection.include_ids:
            pieces += [(", plus ", False), (_count(selection.include_ids), True), (" picked by hand", False)]
    elif selection.include_ids:
        many = "case" if len(selection.include_ids) == 1 else "cases"
        pieces += [(_count(selection.include_ids), True), (f" {many} picked by hand", False)]
    else:
        return Sentence((("No cases: there is no filter, and none is picked by hand.", False),))
    if selection.exclude_ids:
        pieces += [(", minus ", False), (_count(selection.exclude_ids), True)]
    return Sentence((*pieces, (".", False)))


def _filter_words(selection: Selection, labels: Labels) -> Iterable[tuple[str, bool]]:
    if selection.type_ids:
        yield "Cases of type ", False
        yield from _either(labels.type(number) for number in selection.type_ids)
    else:
        yield "Cases of ", False
        yield "any type", True
    if selection.status_ids:
        yield " whose status is ", False
        yield from _either(labels.status(number) for number in selection.status_ids)
    else:
        yield " in ", False
        yield "any status", True
    if selection.other:
        keys = ", ".join(selection.other)
        conditions = (
            "1 other condition" if len(selection.other) == 1 else f"{len(selection.other)} other conditions"
        )
        yield " under ", False
        yield f"{conditions} ({keys})", True


def _either(names: Iterable[str]) -> Iterable[tuple[str, bool]]:
    known = list(names)
    for place, name in enumerate(known):
        if place:
            yield (" or " if place == len(known) - 1 else ", "), False
        yield name, True


def _count(ids: tuple[int, ...]) -> str:
    return f"{len(ids):,}"


#: Which system made or changed a list, as the vendor names it, and in words.
_ORIGINS = {
    "public_api": "Through the API",
    "app": "In the Kayse app",
    "import": "By an import",
    "integration": "By an integration",
}


def origin_words(told: str | None) -> str:
    """Who made or changed a list: "Through the API"; a name that nobody knows stays as it came."""
    return "not told" if told is None else _ORIGINS.get(told, told)


@dataclass(frozen=True, slots=True)
class Lint:
    """Something that somebody should look at before sending; it never forbids."""

    kind: str  # warn or info
    text: str


def lints(
    definition: Definition, labels: Labels, *, same_name: Iterable[int] = (), members: int | None = None
) -> list[Lint]:
    """What is odd about a definition. `same_name`: other lists of this name; `members`: how many cases the list has."""
    found = [*_filter_lints(definition.selection, labels)]
    others = list(same_name)
    if others:
        found.append(Lint("warn", f"The name is used already, by list {', '.join(map(str, others[:3]))}."))
    if definition.is_obo is not None:
        cases = "every member case" if members is None else f"the {members:,} member cases"
        flag = "on behalf of" if definition.is_obo else "not on behalf of"
        found.append(Lint("warn", f"Kayse marks {cases} as {flag} somebody when this is saved."))
    return found


def _filter_lints(selection: Selection, labels: Labels) -> Iterable[Lint]:
    if selection.narrows:
        if not selection.type_ids:
            yield Lint("warn", "No case type: a campaign needs exactly one.")
        elif len(selection.type_ids) > 1:
            yield Lint("warn", f"{len(selection.type_ids)} case types: a campaign needs exactly one.")
        if not selection.status_ids:
            yield Lint("info", "No status is chosen, so cases of any status match.")
    elif selection.include_ids:
        yield Lint("info", "No filter: the list stays as it is picked, no case comes or goes by itself.")
    both = set(selection.include_ids) & set(selection.exclude_ids)
    if both:
        named = ", ".join(str(number) for number in sorted(both)[:3])
        yield Lint("warn", f"Both included and left out: {named}{'' if len(both) < 4 else ' and more'}.")
    bare = [f"type {n}" for n in selection.type_ids if n not in labels.types]
    bare += [f"status {n}" for n in selection.status_ids if n not in labels.statuses]
    if bare:
        yield Lint(
            "info", f"No label is kept here for {', '.join(bare[:3])}{'' if len(bare) < 4 else ' and more'}."
        )
