"""From the bytes of an answer to the shapes of `schemas`.

The body decides, not its label: valid JSON of the expected shape is taken whatever the Content-Type
says, because a write that is called unknown for the sake of a header is done twice by somebody.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import Any, NoReturn, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from kayse_admin.kayse_api.errors import NoUsableAnswer
from kayse_admin.kayse_api.schemas import (
    BulkClients,
    CaseList,
    CaseListPage,
    Client,
    ClientsMatched,
    Deleted,
    Duplicated,
    FailedRow,
    ListOperation,
    Record,
    Upserted,
    maybe_count,
    maybe_id,
    unusable,
)

R = TypeVar("R", bound=Record)

MAX_DEPTH = 64
MAX_MESSAGE = 500
_BIGGEST_INT = 19  # digits; more than a database column or another program's integer holds
# Lone surrogates cannot be written as UTF-8 and NUL cannot be stored by PostgreSQL.
_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


def read_json(body: bytes) -> Any:
    """The JSON in `body`, made safe to store and to send on.

    UTF-8 only (a byte order mark is dropped). NaN and Infinity are refused. Numbers that no database
    holds become their text, and lone surrogates and NUL become U+FFFD, so that nothing breaks later.

    Raises:
        NoUsableAnswer: empty, not UTF-8, not JSON, cut short, or nested deeper than 64.
    """
    try:
        value = orjson.loads(body)
        if b"\\u" not in body and all(map(_is_plain, _levels(value))):
            return value
    except orjson.JSONDecodeError:
        pass  # it may be a byte order mark, or a lone surrogate
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_int=_int, parse_float=_float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise unusable() from None
    if _ESCAPED.search(text):
        return _storable(value, MAX_DEPTH)
    for _ in _levels(value):
        pass
    return value


# In valid UTF-8 and valid JSON either of them can only come as an escape; a large answer without any is not walked
# through text by text.
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def _levels(value: Any) -> Iterator[list[Any]]:
    """What stands in a JSON value, level by level.

    Raises:
        NoUsableAnswer: more than 64 arrays and objects are nested in each other.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        yield level
        parts = [one.values() if type(one) is dict else one for one in level if type(one) in (dict, list)]
        if not parts:
            return
        level = list(chain.from_iterable(parts))
    raise unusable()


def _is_plain(level: list[Any]) -> bool:
    """Whether orjson reads all of this as we do: it takes some large whole numbers for fractions."""
    kinds = set(map(type, level))
    return float not in kinds and (
        int not in kinds or max(one for one in level if type(one) is int) < 10**_BIGGEST_INT
    )


def _int(text: str) -> int | str:
    return int(text) if len(text) <= _BIGGEST_INT else text


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _storable(value: Any, depth: int) -> Any:
    if depth == 0:
        raise unusable()
    if isinstance(value, str):
        return _UNSTORABLE.sub("�", value)
    if isinstance(value, list):
        return [_storable(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_storable(key, 1): _storable(item, depth - 1) for key, item in value.items()}
    return value


def plain(value: object, limit: int = MAX_MESSAGE) -> str:
    """A vendor's text as one bounded line without control or invisible characters; "" if it is none."""
    if isinstance(value, list):
        value = "; ".join(item for item in value if isinstance(item, str))
    if not isinstance(value, str):
        return ""
    # Cut first: the text may be megabytes. Twice the limit leaves room for what is taken out.
    kept = ("" if _invisible(char) else char for char in _spaced(value[: limit * 2]))
    return " ".join("".join(kept).split())[:limit]


def _spaced(text: str) -> str:
    return "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)


def _invisible(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cs", "Co", "Cn"}


def read_error(body: bytes) -> tuple[str, str]:
    """The `error` and `message` of a 4xx as plain text; empty when the body is no such object."""
    try:
        raw = read_json(body)
    except NoUsableAnswer:
        return "", ""
    if not isinstance(raw, dict):
        return "", ""
    return plain(raw.get("error"), 100), plain(raw.get("message"))


def same(told: object, asked: int) -> int:
    """The id that an answer echoes: what was asked when it is not told.

    Raises:
        NoUsableAnswer: told, and another: the answer belongs to something else.
    """
    number = maybe_id(told)
    if number is not None and number != asked:
        raise unusable()
    return asked


def client(raw: object, asked: int | None = None) -> Client:
    """A client; the one with the id `asked`, when given."""
    found = Client.read(raw)
    if asked is not None:
        same(found.id, asked)
    return found


def message(raw: object) -> str:
    """The sentence after a delete, "" when there is none."""
    found = _object(raw)
    if found.get("error"):
        raise unusable()
    return plain(found.get("message"))


def page(raw: object, asked: int) -> CaseListPage:
    """One page of case lists."""
    found = _object(raw)
    data, unreadable = _records(CaseList, _list(found.get("data")))
    return CaseListPage(
        data, maybe_count(found.get("page")) or asked, maybe_count(found.get("total")), unreadable
    )


def operation(raw: object, asked: int) -> ListOperation:
    """The echo of attach or detach: it must name the action or the list."""
    found = _echo(raw)
    return ListOperation(plain(found.get("action"), 100), same(found.get("list_id"), asked))


def matched(raw: object, asked: int) -> ClientsMatched:
    """The echo of append or remove, with its counts."""
    found = _echo(raw)
    return ClientsMatched(
        plain(found.get("action"), 100),
        same(found.get("list_id"), asked),
        maybe_count(found.get("client_count")),
        maybe_count(found.get("matched_case_count")),
    )


def duplicated(raw: object, asked: int) -> Duplicated:
    """The id of the copy."""
    found = _object(raw)
    copy = maybe_id(found.get("id"))
    if copy is None:
        raise unusable()
    return Duplicated(copy, same(found.get("original_list_id"), asked))


def upserted(raw: object, asked: list[int | None]) -> list[Upserted]:
    """The results of a lists' bulk upsert; `asked` holds the id of each definition, None for a new one.

    Raises:
        NoUsableAnswer: a result without an id, fewer results than definitions, or an id that was sent
            and is not among them: what became of each list is then not known.
    """
    rows = []
    for row in _list(_object(raw).get("results")):
        identity = maybe_id(row.get("id")) if isinstance(row, dict) else None
        if identity is None:
            raise unusable()
        rows.append(Upserted(identity, plain(row.get("action"), 100)))
    if len(rows) < len(asked) or not {one for one in asked if one} <= {row.id for row in rows}:
        raise unusable()
    return rows


def deleted(raw: object) -> Deleted:
    """The ids that are gone; anything in the array that is no id is passed over."""
    return Deleted(_ids(_list(_object(raw).get("deleted_ids"))))


def bulk_clients(raw: object) -> BulkClients:
    """The three arrays of a clients' bulk upsert; at least one of them has to be there."""
    found = _object(raw)
    clients, ids, failed = (found.get(name) for name in ("clients", "successful_ids", "failed"))
    if not any(isinstance(value, list) for value in (clients, ids, failed)):
        raise unusable()
    return BulkClients(
        _records(Client, clients if isinstance(clients, list) else [])[0],
        _ids(ids if isinstance(ids, list) else []),
        failed_rows(failed),
    )


def failed_rows(raw: object) -> list[FailedRow]:
    """The refused rows, whatever they look like; a single one may stand outside an array."""
    if raw is None:
        return []
    return [_failed(row) for row in (raw if isinstance(raw, list) else [raw])]


def _failed(raw: Any) -> FailedRow:
    if isinstance(raw, dict):
        return FailedRow(
            maybe_id(raw.get("id")),
            maybe_count(raw.get("index")),
            _word(raw.get("external_source")),
            _word(raw.get("external_source_id")),
            plain(raw.get("message")) or plain(raw.get("error")) or plain(raw.get("errors")),
            raw,
        )
    if isinstance(raw, str):
        said = plain(raw)
        word = None if not said or " " in said else said
        return FailedRow(maybe_id(raw), None, None, word, "" if word else said, raw)
    return FailedRow(maybe_id(raw), maybe_count(raw), None, None, "", raw)


def _word(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _object(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise unusable()
    return raw


def _echo(raw: object) -> dict[str, Any]:
    found = _object(raw)
    if not plain(found.get("action")) and maybe_id(found.get("list_id")) is None:
        raise unusable()
    return found


def _list(raw: object) -> list[Any]:
    if not isinstance(raw, list):
        raise unusable()
    return raw


def _ids(raw: list[Any]) -> list[int]:
    return [number for number in map(maybe_id, raw) if number is not None]


def _records(kind: type[R], raw: list[Any]) -> tuple[list[R], list[Any]]:
    """The rows that are records, and those that are not."""
    with suppress(ValidationError):
        return _many(kind).validate_python(raw), []  # nearly always; one by one costs a quarter more
    good: list[R] = []
    bad: list[Any] = []
    for row in raw:
        try:
            good.append(kind.read(row))
        except NoUsableAnswer:
            bad.append(row)
    return good, bad


@cache
def _many(kind: type[R]) -> TypeAdapter[list[R]]:
    return TypeAdapter(list[kind])  # type: ignore[valid-type]
