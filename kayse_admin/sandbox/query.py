"""Ids in paths and the query of the list endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from .errors import bad_request
from .schema import MAX_ID

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100
MAX_PAGE = 2**31 - 1
MAX_KEY = 255
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of case lists: ``page`` counts from 1."""

    key: str = ""
    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    hide_empty: bool = False

    @property
    def offset(self) -> int:
        """How many lists come before this page."""
        return (self.page - 1) * self.page_size


def path_id(text: str) -> int:
    """The id of a path: ASCII digits without a leading zero, 1 to 2**63-1; anything else is a 400."""
    if not re.fullmatch(r"[1-9][0-9]{0,18}", text) or int(text) > MAX_ID:
        raise bad_request(f"The path's id must be a whole number from 1 to {MAX_ID}.")
    return int(text)


def list_query(arguments: MultiDict[str, str]) -> ListQuery:
    """Read the query string. A page size over the cap is lowered to it; any other oddity is a 400."""
    for name in ("key", "page", "page_size", "hide_empty"):
        if len(arguments.getlist(name)) > 1:
            raise bad_request(f"The parameter {name} was given more than once.")
    key = arguments.get("key", "")
    if len(key) > MAX_KEY or "\0" in key:
        raise bad_request(f"The parameter key must be at most {MAX_KEY} characters without NUL.")
    return ListQuery(
        key=key,
        page=_number(arguments, "page", 1),
        page_size=min(_number(arguments, "page_size", DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE),
        hide_empty=_boolean(arguments, "hide_empty"),
    )


def _number(arguments: MultiDict[str, str], name: str, default: int) -> int:
    text = arguments.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text) or int(text) > MAX_PAGE:
        raise bad_request(f"The parameter {name} must be a whole number from 1 to {MAX_PAGE}.")
    return int(text)


def _boolean(arguments: MultiDict[str, str], name: str) -> bool:
    text = arguments.get(name, "false")
    if text.lower() not in BOOLEANS:
        raise bad_request(f"The parameter {name} must be true or false.")
    return BOOLEANS[text.lower()]
