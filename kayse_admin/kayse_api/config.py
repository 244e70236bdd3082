"""How one process talks to Kayse."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kayse_admin.kayse_api.errors import ConfigError

# A header value: anything else (a newline above all) would be a second header, or an error that
# quotes the key.
_KEY = re.compile(r"[\x21-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class KayseConfig:
    """Settings of a client; all durations in seconds, all sizes in bytes.

    The vendor's page gives the base URL `https://public-api.kayse.ai/v1` and the header `X-API-KEY`.

    Raises:
        ConfigError: a setting cannot work; the text names it and never holds the key.
    """

    base_url: str
    api_key: str = field(repr=False)
    person_deadline: float = 25.0
    """The whole exchange, tries and waits included, for a person who is waiting."""
    bulk_deadline: float = 120.0
    """The same for a bulk call of more than one row."""
    connect_timeout: float = 5.0
    pool_timeout: float = 5.0
    read_silence: float = 10.0
    """How long a read may hear nothing before it is tried again. A write has no second try, so it
    listens until its deadline."""
    max_body: int = 8_000_000
    """Largest answer, counted after decompression."""
    max_rows: int = 500
    """Most rows in one bulk request (the vendor names no number for these; its case delete says 500)."""
    max_connections: int = 32
    user_agent: str = "kayse-dashboard/1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        _check_url(self.base_url)
        if not _KEY.fullmatch(self.api_key):
            raise ConfigError("api_key must be 1 to 500 visible ASCII characters")
        if not _KEY.fullmatch(self.user_agent):
            raise ConfigError("user_agent must be visible ASCII characters without spaces")
        for name in ("person_deadline", "bulk_deadline", "connect_timeout", "pool_timeout", "read_silence"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ConfigError(f"{name} must be a number of seconds above 0")
        for name in ("max_body", "max_rows", "max_connections"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError("base_url must be an http or https address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError("base_url must have no user, query or fragment")
