"""Rate headers, whatever they hold: fault 7. A wait is 1..3600 s and counted by the answer's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayse_admin.kayse_api.rate import UNTOLD_WAIT, blocked_until, read_date, read_rate

NOW = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
DATE = format_datetime(NOW, usegmt=True)


def wait(reset: str | None, *, date: str | None = DATE, retry_after: str | None = None) -> float:
    headers = {"date": date, "x-ratelimit-reset": reset, "retry-after": retry_after}
    told = {name: value for name, value in headers.items() if value is not None}
    return (blocked_until(told, NOW) - NOW).total_seconds()


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        (str(EPOCH + 3300), 3300),
        (f" {EPOCH + 3300} ", 3300),
        (f"{EPOCH + 3300}.5", 3300.5),
        (str(EPOCH), 1),
        (str(EPOCH - 86_400), 1),
        (str(EPOCH + 86_400), 3600),
        ("100000000000", 3600),  # the year 5138
        ("9" * 18, 3600),
        ("0", 1),
        ("55", 55),
        ("3600", 3600),
        ("7200", 3600),
        (format_datetime(NOW + timedelta(minutes=10), usegmt=True), 600),
        # Nothing that can be read is as good as nothing told.
        (None, UNTOLD_WAIT),
        ("", UNTOLD_WAIT),
        ("nan", UNTOLD_WAIT),
        ("inf", UNTOLD_WAIT),
        ("-inf", UNTOLD_WAIT),
        ("-5", UNTOLD_WAIT),
        ("1e3", UNTOLD_WAIT),
        ("1_000", UNTOLD_WAIT),
        ("٣٠", UNTOLD_WAIT),
        ("soon", UNTOLD_WAIT),
        ("9" * 5000, UNTOLD_WAIT),
        ("Mon, 99 Foo 2026 99:99:99 GMT", UNTOLD_WAIT),
    ],
)
def test_the_wait_after_a_429(reset: str | None, seconds: float) -> None:
    assert wait(reset) == seconds


@pytest.mark.parametrize("minutes", [-15, 15, -600, 600])
def test_our_clock_may_be_wrong(minutes: int) -> None:
    """The vendor's reset is 55 minutes after the vendor's own date, wherever our clock stands."""
    theirs = NOW + timedelta(minutes=minutes)
    date = format_datetime(theirs, usegmt=True)
    assert wait(str(int(theirs.timestamp()) + 3300), date=date) == 3300


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sun, 01 Mar 2026 14:05:00 -0000", "0" * 100])
def test_without_a_date_our_clock_has_to_do(date: str | None) -> None:
    assert wait(str(EPOCH + 60), date=date) == 60


@pytest.mark.parametrize(
    ("reset", "retry_after", "seconds"),
    [
        (None, "120", 120),
        ("nan", "120", 120),
        (str(EPOCH + 60), "120", 120),
        (str(EPOCH + 600), "120", 600),
        (str(EPOCH + 600), "never", 600),
        (None, format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
    ],
)
def test_of_two_headers_the_later_holds(reset: str | None, retry_after: str, seconds: float) -> None:
    assert wait(reset, retry_after=retry_after) == seconds


def test_the_three_headers() -> None:
    headers = {"date": DATE, "x-ratelimit-limit": "500", "x-ratelimit-remaining": "7"}
    rate = read_rate(headers | {"x-ratelimit-reset": str(EPOCH + 30)}, NOW)
    assert rate is not None
    assert (rate.limit, rate.remaining, rate.reset_at) == (500, 7, NOW + timedelta(seconds=30))


@pytest.mark.parametrize("text", ["", "-1", "4.5", "lots", "nan", "٣", "9" * 19])
def test_counts_that_are_none_are_not_told(text: str) -> None:
    assert read_rate({"x-ratelimit-limit": text, "x-ratelimit-remaining": text}, NOW) is None
    rate = read_rate({"x-ratelimit-limit": text, "x-ratelimit-remaining": "0"}, NOW)
    assert rate is not None
    assert (rate.limit, rate.remaining, rate.reset_at) == (None, 0, None)


def test_dates_are_read_in_any_zone() -> None:
    assert read_date({"date": "Sun, 01 Mar 2026 16:05:00 +0200"}) == NOW
    assert read_date({"date": "Fri, 31 Dec 9999 23:00:00 -1200"}) is None
    assert read_date({}) is None


numbers = st.one_of(st.integers(), st.floats(), st.decimals()).map(str)
values = st.one_of(
    st.text(max_size=80), numbers, st.datetimes().map(format_datetime), st.sampled_from(["nan", DATE])
)
names = st.sampled_from(
    ["date", "x-ratelimit-reset", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"]
)


@given(st.dictionaries(names, values), st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_any_headers_give_a_wait_within_the_hour(headers: dict[str, str], off: timedelta) -> None:
    now = NOW + off
    assert timedelta(seconds=1) <= blocked_until(headers, now) - now <= timedelta(hours=1)
    rate = read_rate(headers, now)
    if rate is not None and rate.reset_at is not None:
        assert timedelta(seconds=1) <= rate.reset_at - now <= timedelta(hours=1)
    assert rate is None or (rate.limit or 0) >= 0 <= (rate.remaining or 0)


@given(st.integers(1, 3600), st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_an_epoch_reset_is_counted_from_the_answers_date(seconds: int, off: timedelta) -> None:
    theirs = (NOW + off).replace(microsecond=0)
    headers = {
        "date": format_datetime(theirs, usegmt=True),
        "x-ratelimit-reset": str(int(theirs.timestamp()) + seconds),
    }
    assert blocked_until(headers, NOW) == NOW + timedelta(seconds=seconds)
