"""What the log adds up to: operations a day, busiest people and lists, requests an hour. For charts with tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from kayse_admin.audit.filters import CLOSING, OPENING, UNDER_WAY
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import badge_of
from kayse_admin.audit.queries import beginning
from kayse_admin.audit.records import RESULT_WORDS

DAYS, HOURS, BUSIEST = 14, 24, 8
#: What is counted is kept so long: a day that is over changes only by what is found out later.
FRESH, OVER = 60, 600
#: Size of a chart's drawing in its own units, and the gap between two bars.
WIDTH, HEIGHT, GAP = 440, 150, 6

#: On whose behalf requests are sent: in words, and the colour of the bar.
PURPOSES = {
    "person": ("By people", "accent"),
    "job": ("By jobs", "info"),
    "background": ("By itself", "neutral"),
}


def requests_by_hour(since: datetime) -> Mapping[datetime, Mapping[str, int]]:
    """Requests of each hour since then, by purpose. The connection to the vendor puts its count in this place."""
    return {}


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a chart: where it stands, what it says, its colour and the filter behind it."""

    x: float
    y: float
    width: float
    height: float
    words: str
    css: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table beside a chart: its heading with a link, and its cells with theirs ("" for none)."""

    head: str
    url: str
    cells: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the table that says the same. `line` is the height of a limit, `line_words` what it is."""

    name: str
    title: str
    text: str
    columns: list[str]
    rows: list[Row]
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    line: float | None = None
    line_words: str = ""
    width: int = WIDTH
    height: int = HEIGHT


def charts(limit: int, hidden: frozenset[str] = frozenset()) -> list[Chart]:
    """The charts of the page; `limit` is the number of requests that the vendor grants an hour.

    `hidden`: kinds of records that the reader may see nothing of, and that are not counted for them.
    """
    return [per_day(hidden), per_hour(limit), *busiest(hidden)]


def per_day(hidden: frozenset[str] = frozenset()) -> Chart:
    """Changes of the last two weeks, a bar a day, by result."""
    today = timezone.localdate()
    days = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
    seen = _seen(hidden)
    counts = [
        _kept(f"day:{day}", hidden, day == today, lambda day=day: _results(_day(day) & seen))  # type: ignore[misc]
        for day in days
    ]
    results = [result for result in RESULT_WORDS if any(found.get(result) for found in counts)] or ["applied"]
    top = max([sum(found.values()) for found in counts] or [0]) or 1
    bars: list[Bar] = []
    for place, (day, found) in enumerate(zip(days, counts, strict=True)):
        floor = float(HEIGHT)
        for result in results:
            tall = found.get(result, 0) / top * HEIGHT
            floor -= tall
            if tall:
                words = f"{_short(day)}: {found[result]:,} {RESULT_WORDS[result]}"
                bars.append(
                    _upright(place, DAYS, floor, tall, words, badge_of(result), _day_url(day, result))
                )
    rows = [
        Row(_short(day), _day_url(day), [(found.get(result, 0), _day_url(day, result)) for result in results])
        for day, found in zip(days, counts, strict=True)
    ]
    title, text = "Changes a day", f"The last {DAYS} days, by how they ended. The tallest bar is {top:,}."
    ticks = [(_middle(place, DAYS), f"{day.day}") for place, day in enumerate(days)]
    return Chart(
        "days", title, text, ["Day", *(RESULT_WORDS[result] for result in results)], rows, bars, ticks
    )


def per_hour(limit: int) -> Chart:
    """Requests in each of the last 24 hours by on whose behalf, against what the vendor grants."""
    this = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    hours = [this - timedelta(hours=n) for n in range(HOURS - 1, -1, -1)]
    sent = requests_by_hour(hours[0])
    counts = [[sent.get(hour, {}).get(purpose, 0) for purpose in PURPOSES] for hour in hours]
    top = max([limit, *map(sum, counts)]) or 1
    bars: list[Bar] = []
    for place, (hour, found) in enumerate(zip(hours, counts, strict=True)):
        floor = float(HEIGHT)
        for number, (words, css) in zip(found, PURPOSES.values(), strict=True):
            tall = number / top * HEIGHT
            floor -= tall
            if tall:
                words = f"{hour:%H:%M}: {number:,} {words.lower()}"
                css = "bad" if sum(found) > limit else css
                bars.append(_upright(place, HOURS, floor, tall, words, css, _day_url(hour.date())))
    rows = [
        Row(f"{hour:%b %-d, %H:%M}", "", [(number, "") for number in (*found, sum(found))])
        for hour, found in zip(hours, counts, strict=True)
    ]
    ticks = [(_middle(place, HOURS), f"{hour:%H}") for place, hour in enumerate(hours) if hour.hour % 3 == 0]
    text = (
        "All that was sent in the last 24 hours: by people, by jobs, and by itself, which reads old clients again, "
        "looks at the lists each night and finds out what became of a change."
    )
    columns = ["Hour", *(words for words, _ in PURPOSES.values()), "Together"]
    line, words = HEIGHT - limit / top * HEIGHT, f"{limit:,} an hour"
    return Chart("hours", "Requests an hour", text, columns, rows, bars, ticks, line, words)


def busiest(hidden: frozenset[str] = frozenset()) -> list[Chart]:
    """Who changed most in the last two weeks, and which lists were changed most."""
    since = beginning(timezone.localdate() - timedelta(days=DAYS - 1))
    recent = Event.objects.filter(OPENING, _seen(hidden), at__gte=since, stage="intent")
    words = f"The last {DAYS} days."
    people = _kept("people", hidden, True, lambda: _most(recent, "actor_id", "actor_name"))
    on_lists = recent.filter(target_kind="case_list", target_id__isnull=False)
    lists = _kept("lists", hidden, True, lambda: _most(on_lists, "target_id", "target_label"))
    begin = timezone.localdate() - timedelta(days=DAYS - 1)
    return [
        _lying("people", "Busiest people", words, "Person", people, lambda pk: _url(person=pk, since=begin)),
        _lying("lists", "Busiest case lists", words, "Case list", lists,
               lambda pk: _url(kind="case_list", pk=pk, since=begin)),
    ]  # fmt: skip


# --- Counting -------------------------------------------------------------------------------------------------


def _results(within: Q) -> dict[str, int]:
    ended = (
        Event.objects.filter(CLOSING, operation=OuterRef("operation")).order_by("-id").values("result")[:1]
    )
    events = Event.objects.filter(OPENING, within, stage="intent").annotate(ended=Subquery(ended))
    found = events.order_by().values("ended").annotate(number=Count("id"))
    return {row["ended"] or "": row["number"] for row in found}


def _seen(hidden: frozenset[str]) -> Q:
    return ~Q(target_kind__in=hidden) if hidden else Q()


def _most(events: Any, key: str, name: str) -> dict[str, Any]:
    found = (
        events.order_by()
        .values(key, name)
        .annotate(number=Count("id"))
        .order_by("-number", key)[: BUSIEST * 2]
    )
    most: dict[str, Any] = {}
    for row in found:  # somebody who was renamed has two names: the first, with more, stands for both
        one = most.setdefault(str(row[key]), {"name": row[name], "number": 0})
        one["number"] += row["number"]
    return dict(sorted(most.items(), key=lambda item: -int(item[1]["number"]))[:BUSIEST])


def _kept(
    name: str, hidden: frozenset[str], fresh: bool, count: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What was counted lately, or counted now: opening the page twice asks once."""
    key = f"audit:numbers:{name}:{','.join(sorted(hidden))}"
    found: dict[str, Any] | None = cache.get_or_set(key, count, FRESH if fresh else OVER)
    return found or {}


# --- Drawing --------------------------------------------------------------------------------------------------


def _upright(place: int, number: int, y: float, tall: float, words: str, css: str, url: str) -> Bar:
    each = WIDTH / number
    return Bar(
        round(place * each + GAP / 2, 1), round(y, 1), round(each - GAP, 1), round(tall, 1), words, css, url
    )


def _middle(place: int, number: int) -> float:
    return round((place + 0.5) * WIDTH / number, 1)


def _lying(
    name: str, title: str, text: str, column: str, found: Mapping[str, Any], url: Callable[[str], str]
) -> Chart:
    """Horizontal bars with their names above them."""
    top = max([one["number"] for one in found.values()] or [1])
    bars, rows = [], []
    for place, (pk, one) in enumerate(found.items()):
        address = url(pk) if pk != "None" else ""
        words = f"{one['name']}: {one['number']:,}"
        bars.append(
            Bar(0, place * 34 + 18, round(one["number"] / top * WIDTH, 1), 10, words, "accent", address)
        )
        rows.append(Row(one["name"] or f"Number {pk}", address, [(one["number"], "")]))
    return Chart(name, title, text, [column, "Changes"], rows, bars, [], height=max(len(found) * 34, 1))


def _day(day: date) -> Q:
    return Q(at__gte=beginning(day), at__lt=beginning(day + timedelta(days=1)))


def _short(day: date) -> str:
    return format_date(day, "M j")


def _day_url(day: date, result: str | None = None) -> str:
    asked = {} if result is None else {"result": result or UNDER_WAY}
    return _url(since=day, until=day, **asked)


def _url(**query: Any) -> str:
    return f"{reverse('audit:index')}?{urlencode(query)}"
