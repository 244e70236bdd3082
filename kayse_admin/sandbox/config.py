"""What a sandbox is started with, and the switches that can be turned while it runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_KEY = "sandbox-key"
DEFAULT_PORT = 8001
DEFAULT_STORE = "var/sandbox.sqlite3"
DEFAULT_CLIENTS = 2_000


class Switches(BaseModel):
    """The points on which the vendor's pages can be read in two ways, and the size of the hourly limit.

    ``rate_window`` is in seconds. With ``bulk_row_ms`` above 0 (and bulk=per_row) a bulk upsert of clients commits
    each row by itself and rests that many milliseconds behind it, so that a caller who goes away leaves half of a
    batch done for a while. Words and numbers are both taken, so that the same model reads the environment and the
    body of ``POST /_sandbox/switches``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    put: Literal["partial", "replace"] = "partial"
    bulk: Literal["per_row", "abort_batch"] = "per_row"
    total: Literal["lists", "pages"] = "lists"
    answers: Literal["full", "sparse"] = "full"
    bulk_row_ms: int = Field(default=0, ge=0, le=60_000)
    rate_limit: int = Field(default=500, ge=0, le=10**9)
    rate_window: int = Field(default=3600, ge=1, le=10**9)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a sandbox needs to know before it starts.

    ``store`` is a path or ``:memory:``; ``clients`` is how many clients an empty store is filled with;
    ``clock`` gives seconds since the epoch and is what the hourly limit is measured with.
    """

    api_key: str = DEFAULT_KEY
    store: str = ":memory:"
    clients: int = DEFAULT_CLIENTS
    switches: Switches = field(default_factory=Switches)
    clock: Callable[[], float] = time.time


def switches_from(environ: Mapping[str, str] = os.environ) -> Switches:
    """Read ``SANDBOX_PUT``, ``SANDBOX_RATE_LIMIT`` and so on; an empty value counts as not set.

    Raises pydantic's ``ValidationError`` on a word that a switch does not know.
    """
    given = {name: environ.get(f"SANDBOX_{name.upper()}", "") for name in Switches.model_fields}
    return Switches.model_validate({name: value for name, value in given.items() if value})
