"""Faults on demand: the next calls that match a method and a path go wrong in a chosen way."""

from __future__ import annotations

import re
from itertools import count
from threading import Lock
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Kind = Literal[
    "status",
    "delay",
    "hang",
    "drip",
    "reset_before",
    "reset_after",
    "cut",
    "close_after",
    "html",
    "wrong_type",
    "empty",
    "gzip_bomb",
    "wrong_json",
    "merge",
    "headers",
]
NEVER_APPLIED = ("reset_before",)
ALWAYS_APPLIED = ("reset_after",)


class Fault(BaseModel):
    """One fault, as it is posted to ``/_sandbox/faults``; effects.py tells what each kind does.

    ``path`` is a regular expression from the beginning of the path on, so a plain prefix works; ``times`` is
    how many calls it meets (null: until it is deleted), after letting ``skip`` matching calls pass. ``apply``
    says whether the operation takes effect; left out it is no for ``status`` and yes for the others.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    method: str = ""
    path: str = "/v1/"
    times: int | None = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    apply: bool | None = None

    status: int | None = Field(default=None, ge=200, le=599)
    message: str | None = None
    headers: dict[str, str | None] = Field(default_factory=dict)
    seconds: float = Field(default=60, ge=0, le=3600)
    interval: float = Field(default=0.25, ge=0, le=60)
    bytes: int | None = Field(default=None, ge=0)
    keep_length: bool = True
    close: bool = False
    content_type: str = "text/plain; charset=utf-8"
    encoding: str = "utf-8"
    megabytes: int = Field(default=300, ge=1, le=10_000)
    body: Any = None
    text: str | None = None
    omit: list[str] = Field(default_factory=list)

    @field_validator("path")
    @classmethod
    def _is_expression(cls, path: str) -> str:
        try:
            re.compile(path)
        except re.error as problem:
            raise ValueError(f"is not a regular expression: {problem}") from None
        return path

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError:
            raise ValueError("is not a character encoding") from None
        return encoding

    @property
    def applies(self) -> bool:
        """Whether the operation takes effect although the caller is not told properly."""
        if self.kind in NEVER_APPLIED or self.kind in ALWAYS_APPLIED:
            return self.kind in ALWAYS_APPLIED
        return self.kind != "status" if self.apply is None else self.apply

    def matches(self, method: str, path: str) -> bool:
        """Whether a call is one that this fault waits for."""
        return self.method.upper() in ("", method) and re.match(self.path, path) is not None


class Faults:
    """The faults that are waiting, first come first served. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._waiting: dict[int, Fault] = {}

    def add(self, fault: Fault) -> int:
        """Queue a fault and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = fault.model_copy()
            return number

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this call meets, if any, used up by one; one that still skips lets others try."""
        with self._lock:
            for number, fault in self._waiting.items():
                if not fault.matches(method, path):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        del self._waiting[number]
                return fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """What is still to come, as JSON."""
        with self._lock:
            return [
                {
                    "number": number,
                    **fault.model_dump(exclude_unset=True),
                    "times": fault.times,
                    "skip": fault.skip,
                }
                for number, fault in self._waiting.items()
            ]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._waiting.clear()
