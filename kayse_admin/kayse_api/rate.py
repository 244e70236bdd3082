"""Reads the vendor's rate headers, whatever they hold.

The vendor's page on limits: `X-RateLimit-Limit`, `X-RateLimit-Remaining`, and `X-RateLimit-Reset`
in UTC epoch seconds. A proxy in between may answer 429 with the standard `Retry-After` (seconds or a
date). Our clock and the vendor's need not agree, so a wait is the difference to the answer's own
`Date`, held within 1..3600 s: the allowance is hourly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from kayse_admin.kayse_api.retry import RateInfo

SHORTEST_WAIT = 1.0
LONGEST_WAIT = 3600.0
# After a 429 that says nothing about when: long enough to spend little, short enough to notice.
UNTOLD_WAIT = 60.0
# Numbers below are seconds from now, numbers above are seconds since 1970 (this one is in 2001).
_EPOCH_FROM = 1_000_000_000.0

_COUNT = re.compile(r"[0-9]{1,18}")
_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


def read_date(headers: Mapping[str, str]) -> datetime | None:
    """The answer's `Date`, aware; None when absent or unreadable."""
    return _http_date(headers.get("date", ""))


def read_rate(headers: Mapping[str, str], now: datetime) -> RateInfo | None:
    """What the three rate headers say; None when they say nothing. `now` is our clock, aware.

    `headers` must be case-insensitive or lower-case.
    """
    limit = _count(headers.get("x-ratelimit-limit", ""))
    remaining = _count(headers.get("x-ratelimit-remaining", ""))
    wait = _wait(headers.get("x-ratelimit-reset", ""), read_date(headers) or now)
    if limit is None and remaining is None and wait is None:
        return None
    return RateInfo(limit, remaining, None if wait is None else now + timedelta(seconds=wait))


def blocked_until(headers: Mapping[str, str], now: datetime) -> datetime:
    """When a request may be tried again after a 429: the later of what the two headers say, our clock."""
    vendor_now = read_date(headers) or now
    told = [_wait(headers.get(name, ""), vendor_now) for name in ("x-ratelimit-reset", "retry-after")]
    waits = [wait for wait in told if wait is not None]
    return now + timedelta(seconds=max(waits, default=UNTOLD_WAIT))


def _wait(text: str, vendor_now: datetime) -> float | None:
    """Seconds to wait, clamped; None when `text` is no time that can be read (absent, nan, inf, -5)."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        number = float(text)
        seconds = number if number < _EPOCH_FROM else number - vendor_now.timestamp()
    elif date := _http_date(text):
        seconds = (date - vendor_now).total_seconds()
    else:
        return None
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if _COUNT.fullmatch(text) else None


def _http_date(text: str) -> datetime | None:
    if len(text) > 64:
        return None
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
