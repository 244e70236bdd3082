"""The shapes of the vendor's answers, read with patience.

A key that is missing was *not told*, which is not the same as empty: `told` holds the documented keys
that came, `extra` the keys that the vendor's pages do not know, `odd` documented keys whose value has
a type that makes no sense (kept as it came). Only what identifies a record is essential: an answer
without it cannot be used, everything else may be missing or odd without the answer being lost, because
an answer that is thrown away is a client that somebody creates a second time.

Ids come as integers and as strings of digits; they are integers from here on.
Vendor pages: "Clients" and "Case Lists".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool, StrictStr, ValidationError

from kayse_admin.kayse_api.errors import NoUsableAnswer
from kayse_admin.kayse_api.outcomes import UnknownReason

MAX_ID: Final = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")

CLIENT_FIELDS: Final = (
    "email",
    "mobile",
    "external_source",
    "external_source_id",
    "first_name",
    "last_name",
    "date_of_birth",
    "city",
    "state",
    "postal_code",
    "address_line1",
    "address_line2",
    "voice_calls_opted_out",
    "case_ids",
)
"""The 14 fields of a client that can be written, in the order of the vendor's page."""


def unusable() -> NoUsableAnswer:
    """The error for an answer that does not hold what was asked for."""
    return NoUsableAnswer(UnknownReason.BAD_BODY)


def to_id(value: object) -> int:
    """An id from 1 or "1".

    Raises:
        ValueError: not an integer in 1..2**63-1, nor its digits.
    """
    number = value if type(value) is int else _whole(value)
    if not 1 <= number <= MAX_ID:
        raise ValueError("not an id")
    return number


def to_count(value: object) -> int:
    """A count from 3 or "3".

    Raises:
        ValueError: not an integer in 0..2**63-1, nor its digits.
    """
    number = _whole(value)
    if not 0 <= number <= MAX_ID:
        raise ValueError("not a count")
    return number


def _whole(value: object) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("not a whole number")


def maybe_id(value: object) -> int | None:
    """The id in `value`, or None."""
    try:
        return to_id(value)
    except ValueError:
        return None


def maybe_count(value: object) -> int | None:
    """The count in `value`, or None."""
    try:
        return to_count(value)
    except ValueError:
        return None


Id = Annotated[int, BeforeValidator(to_id)]
Count = Annotated[int, BeforeValidator(to_count)]


class Record(BaseModel):
    """A record with an id, of which anything else may be missing, unknown to us, or odd."""

    # Numbers become text where text is documented: a postal code 10001 is still a postal code.
    model_config = ConfigDict(extra="allow", frozen=True, coerce_numbers_to_str=True)

    id: Id
    # Not a private attribute of pydantic's, which would double the price of every record of an answer.
    _odd: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    @classmethod
    def read(cls, raw: object) -> Self:
        """The record in parsed JSON.

        Raises:
            NoUsableAnswer: not an object, or no readable `id`.
        """
        if not isinstance(raw, dict):
            raise unusable()
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            odd = {str(problem["loc"][0]) for problem in error.errors(include_input=False)}
        if "id" in odd:
            raise unusable()
        record = cls.model_validate({key: value for key, value in raw.items() if key not in odd})
        object.__setattr__(record, "_odd", {key: raw[key] for key in raw if key in odd})
        return record

    @property
    def told(self) -> dict[str, Any]:
        """The documented keys that came, with their values; None when the vendor said null."""
        came = self.model_fields_set
        return {name: value for name, value in vars(self).items() if name in came}

    @property
    def extra(self) -> dict[str, Any]:
        """The keys that the vendor's pages do not document, as they came."""
        return dict(self.model_extra or {})

    @property
    def odd(self) -> dict[str, Any]:
        """Documented keys whose value could not be read, as they came. They are not in `told`."""
        return dict(self._odd)


class Client(Record):
    """A client. Dates stay the text that came (the vendor's page says YYYY-MM-DD)."""

    email: str | None = None
    mobile: str | None = None
    external_source: str | None = None
    external_source_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    # Strict: 12 is no date, and "12" must not be sent back as one.
    date_of_birth: StrictStr | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    # Strict: whether a person may be called is not guessed from "yes" or 1.
    voice_calls_opted_out: StrictBool | None = None
    case_ids: list[Id] | None = None
    origin: str | None = None
    update_origin: str | None = None


class CaseList(Record):
    """A case list as the vendor tells it: no filter, no members."""

    name: str | None = None
    description: str | None = None
    case_count: Count | None = None
    origin: str | None = None
    update_origin: str | None = None


@dataclass(frozen=True, slots=True)
class CaseListPage:
    """One page of lists. `total` may count lists or pages: never divide by it.

    `unreadable` holds the rows that are no case list, as they came.
    """

    data: list[CaseList]
    page: int
    total: int | None
    unreadable: list[Any] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows the page had: fewer than were asked for means that it is the last."""
        return len(self.data) + len(self.unreadable)


@dataclass(frozen=True, slots=True)
class ListOperation:
    """The answer to attach and detach: an echo, without a count of what changed."""

    action: str
    list_id: int


@dataclass(frozen=True, slots=True)
class ClientsMatched:
    """The answer to append and remove; a count is None when it was not told."""

    action: str
    list_id: int
    client_count: int | None
    matched_case_count: int | None


@dataclass(frozen=True, slots=True)
class Duplicated:
    """The copy's id, and the list that it was made of."""

    id: int
    original_list_id: int


@dataclass(frozen=True, slots=True)
class Upserted:
    """One list of a bulk upsert; `action` is "created" or "updated" as far as the vendor's page shows."""

    id: int
    action: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """What the vendor says it deleted. An id that was asked for and is not here was not confirmed."""

    deleted_ids: list[int]


@dataclass(frozen=True, slots=True)
class FailedRow:
    """One refused row of a clients' bulk upsert, in whatever shape the vendor tells it.

    A bare number is given both as `id` and as `index`, a bare word as `external_source_id` (and as `id`
    when it is digits), a bare sentence as `message`: the page does not say which it means, and the
    caller has the rows to compare with. `raw` is what came.
    """

    id: int | None
    index: int | None
    external_source: str | None
    external_source_id: str | None
    message: str
    raw: Any


@dataclass(frozen=True, slots=True)
class BulkClients:
    """The answer to a clients' bulk upsert. A row that is nowhere in here is unknown, not done."""

    clients: list[Client]
    successful_ids: list[int]
    failed: list[FailedRow]
