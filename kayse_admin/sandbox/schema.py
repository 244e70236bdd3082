"""What the endpoints take: the vendor's field tables as models, and the way from bytes to a model.

Types are strict (a number is not a string, a yes/no is not a number). Unknown keys are accepted and ignored.
The same models give the request schemas of the OpenAPI document, so the two cannot differ.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from .errors import bad_request

MAX_ID = 2**63 - 1
MAX_ROWS = 500
MAX_IDS = 10_000
MAX_BODY = 8_000_000
MAX_DEPTH = 32

# Spaces are spelt out: what a pattern's \s means differs between languages, and this one is published.
_MAIL_CHARACTERS = r"[^@\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff]+"
EMAIL_PATTERN = rf"^{_MAIL_CHARACTERS}@{_MAIL_CHARACTERS}\.{_MAIL_CHARACTERS}$"
NO_NUL_PATTERN = r"^[^\u0000]*$"
PATTERN_SENTENCES = {
    EMAIL_PATTERN: "is not an e-mail address",
    NO_NUL_PATTERN: "holds a NUL character",
}


def _calendar_date(text: str) -> str:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a date in the form YYYY-MM-DD") from None
    return text


def _whole(number: object) -> object:
    """JSON has one kind of number: 7.0 is the integer 7."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Id = Annotated[int, Field(strict=True, ge=1, le=MAX_ID), BeforeValidator(_whole)]
Ids = Annotated[list[Id], Field(max_length=MAX_IDS)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, max_length=255, pattern=NO_NUL_PATTERN)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=255, pattern=NO_NUL_PATTERN)]
LongText = Annotated[str, Field(strict=True, max_length=5_000, pattern=NO_NUL_PATTERN)]
Email = Annotated[str, Field(strict=True, max_length=255, pattern=EMAIL_PATTERN)]
Date = Annotated[
    str,
    Field(strict=True, json_schema_extra={"format": "date"}),
    AfterValidator(_calendar_date),
]


class ClientUpdate(BaseModel):
    """The fields of a client, each of which may be left out. What was given is in ``given()``."""

    email: Email | None = None
    mobile: Text | None = None
    external_source: Name = ""
    external_source_id: Name = ""
    first_name: Name = ""
    last_name: Name = ""
    date_of_birth: Date | None = None
    city: Text | None = None
    state: Text | None = None
    postal_code: Text | None = None
    address_line1: Text | None = None
    address_line2: Text | None = None
    voice_calls_opted_out: Flag = False
    case_ids: Ids = Field(default_factory=list)

    def given(self) -> dict[str, Any]:
        """Only the documented fields that the body carried (a null that was sent is carried)."""
        return self.model_dump(include=set(CLIENT_FIELDS), exclude_unset=True)


CLIENT_FIELDS = tuple(ClientUpdate.model_fields)


class ClientCreate(ClientUpdate):
    """A new client: the four fields that the table marks as required must be there."""

    external_source: Name
    external_source_id: Name
    first_name: Name
    last_name: Name


class ClientRowUpdate(ClientUpdate):
    """A row of a bulk upsert that has an id: a partial update of that client."""

    id: Id


class ClientRows(BaseModel):
    """The body of a bulk upsert; each row is judged by itself (see clients.py)."""

    clients: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_ROWS)]


class ClientsToDelete(BaseModel):
    """The body of a bulk delete of clients."""

    client_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ROWS)]
    force: Flag = False


class Filter(BaseModel):
    """Which cases are meant. The keys below are evaluated; others are kept as they came, without effect."""

    model_config = ConfigDict(extra="allow")

    case_type_ids: Ids = Field(default_factory=list)
    status_ids: Ids = Field(default_factory=list)
    client_ids: Ids = Field(default_factory=list)
    is_obo: Flag = False


class CaseListUpdate(BaseModel):
    """A case list's definition, each field of which may be left out."""

    name: Name = ""
    description: LongText | None = None
    external_source: Text | None = None
    external_source_id: Text | None = None
    filter: Filter = Field(default_factory=Filter)
    include_ids: Ids = Field(default_factory=list)
    exclude_ids: Ids = Field(default_factory=list)
    is_obo: Flag = False

    def given(self) -> dict[str, Any]:
        """Only the documented fields that the body carried."""
        return self.model_dump(include=set(LIST_FIELDS), exclude_unset=True)


LIST_FIELDS = tuple(CaseListUpdate.model_fields)


class CaseListCreate(CaseListUpdate):
    """A new case list: the name is required."""

    name: Name


class CaseListRowUpdate(CaseListUpdate):
    """A row of a bulk upsert that has an id: an update of that list."""

    id: Id


class CaseListRows(BaseModel):
    """The body of a bulk upsert of case lists."""

    lists: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_ROWS)]


class CaseListsToDelete(BaseModel):
    """The body of a bulk delete of case lists."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ROWS)]


class Selection(BaseModel):
    """Cases to attach or detach: a filter, ids, or both; ``exclude_ids`` only beside a filter."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["filter"]}, {"required": ["include_ids"]}],
            "dependentRequired": {"exclude_ids": ["filter"]},
        }
    )

    filter: Filter = Field(default_factory=Filter)
    include_ids: Ids = Field(default_factory=list)
    exclude_ids: Ids = Field(default_factory=list)

    @model_validator(mode="after")
    def _conditions(self) -> Selection:
        given = self.model_fields_set
        if not given & {"filter", "include_ids"}:
            raise ValueError("must hold filter or include_ids")
        if "exclude_ids" in given and "filter" not in given:
            raise ValueError("has exclude_ids, which needs filter")
        return self


class ClientIds(BaseModel):
    """The clients whose cases are appended to or removed from a list."""

    client_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)]


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], body: bytes) -> Model:
    """Read a request body. Raises a 400 ``ApiError`` whose sentence names the field."""
    return check(model, decode(body))


def decode(body: bytes) -> dict[str, Any]:
    """Bytes to a JSON object; anything else is a 400."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise bad_request("The request body is not UTF-8 text.") from None
    except (ValueError, RecursionError):
        raise bad_request("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise bad_request("The request body must be a JSON object.")
    if _deeper_than(value, MAX_DEPTH):
        raise bad_request(f"The request body is nested deeper than {MAX_DEPTH} levels.")
    return value


def check(model: type[Model], value: dict[str, Any], where: str = "") -> Model:
    """Validate an object; ``where`` is the place of the object in the body, such as ``clients[3]``."""
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        raise bad_request(sentence(problem, where)) from None


def sentence(problem: ValidationError, where: str = "") -> str:
    """Name up to five fields and what is wrong with each."""
    problems = problem.errors(include_url=False, include_input=False)
    told = "; ".join(_told(item, where) for item in problems[:5])
    return f"{told}; and {len(problems) - 5} more." if len(problems) > 5 else f"{told}."


def _told(item: ErrorDetails, where: str) -> str:
    place = where
    for part in item["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        words = "is required"
    elif kind == "string_pattern_mismatch":
        words = PATTERN_SENTENCES[context["pattern"]]
    elif kind == "string_unicode":
        words = "holds a character that cannot be written as UTF-8"
    elif kind == "value_error":
        words = str(context["error"])
    else:
        words = item["msg"].replace("Input should", "should", 1)
        words = words[0].lower() + words[1:]
    return f"The field {place} {words}" if place else f"The request body {words}"


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(child, levels - 1) for child in children)
