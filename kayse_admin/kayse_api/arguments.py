"""Checks of what a caller passes, before anything is sent.

Each raises a subclass of `ArgumentError`; its text names the argument and never the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from kayse_admin.kayse_api.errors import (
    EmptyArgument,
    InvalidId,
    InvalidPage,
    MissingFilter,
    NotSendable,
    TooMany,
)
from kayse_admin.kayse_api.schemas import MAX_ID

T = TypeVar("T")

MAX_PAGE_SIZE = 100
MAX_KEY = 500


def one_id(value: object, name: str = "id") -> int:
    """An integer in 1..2**63-1; no bool, no digits in a string."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_ID:
        raise InvalidId(f"{name} must be an integer in 1..2**63-1")
    return value


def many_ids(values: Iterable[int], name: str, most: int) -> list[int]:
    """At least one id and at most `most`."""
    if isinstance(values, str | bytes | Mapping):
        raise InvalidId(f"{name} must be a list of integers")
    ids = [one_id(value, f"{name}[{index}]") for index, value in enumerate(values)]
    return _bounded(ids, name, most)


def fields(values: Mapping[str, Any], name: str = "fields") -> dict[str, Any]:
    """A mapping with something in it."""
    if type(values) is dict and {*map(type, values)} == {str}:
        return dict(values)  # as nearly all of the many rows of a job
    if not isinstance(values, Mapping) or not all(issubclass(kind, str) for kind in {*map(type, values)}):
        raise NotSendable(f"{name} must be a mapping with text keys")
    if not values:
        raise EmptyArgument(f"{name} is empty")
    return dict(values)


def rows(values: Iterable[Mapping[str, Any]], name: str, most: int) -> list[dict[str, Any]]:
    """At least one row and at most `most`; an `id` in a row must be one."""
    if isinstance(values, str | bytes | Mapping):
        raise NotSendable(f"{name} must be a list of mappings")
    found = [fields(value, f"{name}[{index}]") for index, value in enumerate(values)]
    for index, row in enumerate(found):
        if "id" in row:
            one_id(row["id"], f"{name}[{index}].id")
    return _bounded(found, name, most)


def membership(
    cases: Mapping[str, Any] | None, include: Iterable[int] | None, exclude: Iterable[int] | None
) -> dict[str, Any]:
    """The body of attach and detach, as the vendor's page words its conditions.

    A filter without keys is refused too: it would match every case of the firm.
    """
    body: dict[str, Any] = {}
    if cases is not None:
        body["filter"] = fields(cases, "filter")
    if include is not None:
        body["include_ids"] = many_ids(include, "include_ids", MAX_ID)
    if exclude is not None:
        body["exclude_ids"] = many_ids(exclude, "exclude_ids", MAX_ID)
    if not body.keys() & {"filter", "include_ids"}:
        raise MissingFilter("filter or include_ids is required")
    if "exclude_ids" in body and "filter" not in body:
        raise MissingFilter("exclude_ids requires filter")
    return body


def paging(key: str, page: int, page_size: int, hide_empty: bool) -> dict[str, str]:
    """The query string of the list of case lists."""
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= MAX_ID:
        raise InvalidPage("page must be an integer from 1")
    if not isinstance(page_size, int) or isinstance(page_size, bool) or not 1 <= page_size <= MAX_PAGE_SIZE:
        raise InvalidPage(f"page_size must be an integer in 1..{MAX_PAGE_SIZE}")
    if not isinstance(key, str) or len(key) > MAX_KEY or any("\ud800" <= char <= "\udfff" for char in key):
        raise NotSendable(f"key must be text of at most {MAX_KEY} characters")
    params = {"page": str(page), "page_size": str(page_size)}
    if key:
        params["key"] = key
    if hide_empty:
        params["hide_empty"] = "true"
    return params


def _bounded(found: list[T], name: str, most: int) -> list[T]:
    if not found:
        raise EmptyArgument(f"{name} is empty")
    if len(found) > most:
        raise TooMany(f"{name} has more than {most} entries")
    return found
