"""What a case list is made of: a filter, cases picked by hand, cases left out, and what the list is called.

Pure values: nothing here knows a database or the vendor. `Definition.payload` is the one place where the body of a
request is made, `words.sentence` the one place where the same selection is told to people.
Vendor page: "Case Lists".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from caselists_ui.ids import MOST_IDS
from kayse_admin.converters import MAX_ID

Json = Any

TYPES, STATUSES = "case_type_ids", "status_ids"
#: The longest text of each field; the vendor names no length, databases and screens need one.
LENGTHS = {"name": 255, "description": 5_000, "external_source": 255, "external_source_id": 255}
MAX_DEPTH, MAX_FILTER = 16, 20_000

_NUMBERS = re.compile(r"\[\n\s+((?:-?[0-9]+,\n\s+)*-?[0-9]+)\n\s*\]")
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


class DefinitionError(ValueError):
    """A definition that cannot be one: `field` names the part, the text says what is wrong, for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Kind(StrEnum):
    """How a list gets its cases."""

    DYNAMIC = "dynamic"
    STATIC = "static"
    HYBRID = "hybrid"
    EMPTY = "empty"

    @property
    def label(self) -> str:
        """The kind in a word."""
        return self.value.capitalize()

    @property
    def meaning(self) -> str:
        """The kind in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Kind.DYNAMIC: "Every case that matches the filter, now and later.",
    Kind.STATIC: "Only cases that were picked by hand.",
    Kind.HYBRID: "A filter, and cases picked or left out by hand.",
    Kind.EMPTY: "No filter and no case.",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases: those that match `filter`, and `include_ids`, without `exclude_ids`."""

    filter: dict[str, Json] = field(default_factory=dict)
    include_ids: tuple[int, ...] = ()
    exclude_ids: tuple[int, ...] = ()

    @property
    def type_ids(self) -> tuple[int, ...]:
        """The case types of the filter; none means any."""
        return tuple(self.filter.get(TYPES) or ())

    @property
    def status_ids(self) -> tuple[int, ...]:
        """The statuses of the filter; none means any."""
        return tuple(self.filter.get(STATUSES) or ())

    @property
    def other(self) -> dict[str, Json]:
        """The filter's other keys, untouched."""
        return {key: value for key, value in self.filter.items() if key not in (TYPES, STATUSES)}

    @property
    def narrows(self) -> bool:
        """Whether the filter asks for anything at all."""
        return any(value is not None and value != [] for value in self.filter.values())

    @property
    def is_empty(self) -> bool:
        """Neither a filter nor a case."""
        return not self.narrows and not self.include_ids

    @property
    def kind(self) -> Kind:
        """How a list of this selection gets its cases."""
        if self.narrows:
            return Kind.HYBRID if self.include_ids or self.exclude_ids else Kind.DYNAMIC
        return Kind.STATIC if self.include_ids else Kind.EMPTY

    def payload(self) -> dict[str, Json]:
        """The body of an attach or a detach (vendor page "Case Lists")."""
        parts = {
            "filter": self.filter if self.narrows else None,
            "include_ids": list(self.include_ids),
            "exclude_ids": list(self.exclude_ids),
        }
        return {name: value for name, value in parts.items() if value}


@dataclass(frozen=True, slots=True)
class Definition:
    """A case list as somebody defines it. `is_obo` None means: not set here, the vendor keeps what it has."""

    name: str
    description: str = ""
    external_source: str = ""
    external_source_id: str = ""
    selection: Selection = field(default_factory=Selection)
    is_obo: bool | None = None

    def export(self) -> dict[str, Json]:
        """The whole definition as JSON; `parse` reads it back."""
        return {
            "name": self.name,
            "description": self.description,
            "external_source": self.external_source,
            "external_source_id": self.external_source_id,
            "filter": self.selection.filter,
            "include_ids": list(self.selection.include_ids),
            "exclude_ids": list(self.selection.exclude_ids),
            "is_obo": self.is_obo,
        }

    def payload(self, before: Definition | None = None) -> dict[str, Json]:
        """The body that makes the list this; `before` is what the list is known to be when it is there already.

        An update is a "set": a part that `before` has and this has not is sent empty, and the filter always
        travels, because a filter that is left out would be applied again as it was. A create sends what there is,
        and an empty filter beside ids that need one.
        """
        was = before.export() if before else {}
        body = {
            name: value
            for name, value in self.export().items()
            if value not in ("", [], {}, None) or (was.get(name) and value is not None)
        }
        if before or self.selection.include_ids or self.selection.exclude_ids:
            body.setdefault("filter", self.selection.filter)
        return {name: body[name] for name in self.export() if name in body}


def parse(raw: object) -> Definition:
    """A definition out of JSON: an export, a stored version, or the body of a request. Keys that are missing are empty.

    Raises:
        DefinitionError: what it says; nothing is guessed.
    """
    if not isinstance(raw, Mapping):
        raise DefinitionError("", "A definition is a JSON object.")
    texts = {name: parse_text(name, raw.get(name)) for name in LENGTHS}
    if not texts["name"]:
        raise DefinitionError("name", "A case list needs a name.")
    is_obo = raw.get("is_obo")
    if is_obo is not None and not isinstance(is_obo, bool):
        raise DefinitionError("is_obo", "On behalf of is true, false or not set.")
    return Definition(selection=parse_selection(raw), is_obo=is_obo, **texts)


def require_known(raw: object) -> None:
    """Refuse a definition that somebody wrote with a key that none has: a mistyped one would be left out in silence."""
    if isinstance(raw, Mapping):
        known = Definition("").export()
        for key in raw:
            if key not in known:
                shown = _UNSTORABLE.sub("\ufffd", key)[:40]
                raise DefinitionError(shown, f"A definition has no such key. It has {', '.join(known)}.")


def parse_selection(raw: Mapping[str, Json]) -> Selection:
    """The filter, include_ids and exclude_ids of a JSON object; DefinitionError as for `parse`."""
    found = Selection(
        filter=parse_filter(raw.get("filter")),
        include_ids=parse_ids("include_ids", raw.get("include_ids")),
        exclude_ids=parse_ids("exclude_ids", raw.get("exclude_ids")),
    )
    if found.exclude_ids and not found.narrows:
        raise DefinitionError("exclude_ids", "Cases can only be left out of a filter, and there is none.")
    return found


def parse_text(name: str, value: object) -> str:
    """A text of the definition: storable, not too long, without blanks around it."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DefinitionError(name, "This has to be text.")
    if _UNSTORABLE.search(value):
        raise DefinitionError(name, "This holds a character that cannot be stored.")
    if len(value) > LENGTHS[name]:
        raise DefinitionError(name, f"This is longer than {LENGTHS[name]:,} characters.")
    return value.strip()


def parse_ids(name: str, value: object) -> tuple[int, ...]:
    """Ids of cases, types or statuses: whole numbers 1..2**63-1; those that come twice are kept once."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise DefinitionError(name, "This has to be a list of ids.")
    if not all(type(number) is int and 1 <= number <= MAX_ID for number in value):
        raise DefinitionError(name, "Ids are whole numbers from 1 to 9,223,372,036,854,775,807.")
    found = tuple(dict.fromkeys(value))
    if len(found) > MOST_IDS:
        raise DefinitionError(
            name, f"These are {len(found):,} ids; at most {MOST_IDS:,} go into one request."
        )
    return found


def parse_filter(value: object) -> dict[str, Json]:
    """A filter: its types and statuses are ids, every other key stays as it came."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise DefinitionError("filter", "A filter is a JSON object.")
    _require_storable(value, MAX_DEPTH)
    found = dict(value)
    if len(json.dumps(found)) > MAX_FILTER + 20 * MOST_IDS:
        raise DefinitionError("filter", "This filter is too large.")
    for name in (TYPES, STATUSES):
        if found.get(name) is not None:
            found[name] = list(parse_ids("filter", found[name]))
    return found


def parse_other(text: str) -> dict[str, Json]:
    """The filter's other keys as somebody typed them: a JSON object without types and statuses, or nothing."""
    if not text.strip():
        return {}
    if len(text) > MAX_FILTER:
        raise DefinitionError("filter", f"This is longer than {MAX_FILTER:,} characters.")
    found = read_json(text)
    if not isinstance(found, dict):
        raise DefinitionError("filter", 'The other keys are a JSON object, such as {"client_ids": [101]}.')
    for name in (TYPES, STATUSES):
        if name in found:
            raise DefinitionError("filter", f"{name} has a field of its own above.")
    return parse_filter(found)


def read_json(text: str) -> Json:
    """JSON as somebody typed it: no key twice, no NaN. Raises DefinitionError that names the place."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except DefinitionError:
        raise
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DefinitionError("filter", f"This is not JSON: {error.msg} ({place}).") from None
    except (ValueError, RecursionError):
        raise DefinitionError("filter", "This is not JSON that can be sent.") from None


def write_json(value: Json, indent: int | None = 2) -> str:
    """JSON for people to read and edit, a list of numbers on one line; `parse_other` reads an object back."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # A text in JSON holds no raw line break, so this only ever meets lists.
    return _NUMBERS.sub(lambda match: "[" + " ".join(match[1].split()) + "]", text)


def _require_storable(value: Json, depth: int) -> None:
    if depth == 0:
        raise DefinitionError("filter", f"This is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise DefinitionError("filter", "This holds a character that cannot be stored.")
    if isinstance(value, float) and not math.isfinite(value):
        raise DefinitionError("filter", "This holds a number that JSON does not know.")
    parts: Iterable[Json] = ()
    if isinstance(value, Mapping):
        parts = (*value.keys(), *value.values())
    elif isinstance(value, list | tuple):
        parts = value
    for part in parts:
        _require_storable(part, depth - 1)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DefinitionError("filter", "A key is there twice.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
