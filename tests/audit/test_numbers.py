"""GET /audit/numbers/: what the log adds up to."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kayse_admin.accounts.models import User
from kayse_admin.audit import numbers
from kayse_admin.audit.models import Event
from kayse_admin.audit.numbers import HEIGHT, WIDTH
from kayse_admin.upstream import usage
from tests.audit.factory import many
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "/audit/numbers/"


def at(days_ago: int, hour: int = 12) -> datetime:
    day = timezone.localdate() - timedelta(days=days_ago)
    return timezone.make_aware(datetime.combine(day, time(hour)))


@pytest.fixture
def record() -> None:
    many(3, at=at(1))
    many(2, at=at(1), result="rejected")
    many(1, at=at(13), result="unknown")
    many(
        4,
        at=at(2),
        actor_id=2,
        actor_name="Max Manager",
        target_kind="case_list",
        target_id=3,
        target_label="Roundup",
    )
    many(5, at=at(14))  # a day too old


def test_each_day_is_counted_by_result(record: None) -> None:
    chart = numbers.per_day()
    assert chart.columns == ["Day", "Done", "Refused by Kayse", "Outcome unknown"]
    counted = [[number for number, _ in row.cells] for row in chart.rows]
    assert len(counted) == 14
    assert {place: row for place, row in enumerate(counted) if any(row)} == {
        0: [0, 0, 1],
        11: [4, 0, 0],
        12: [3, 2, 0],
    }


def test_each_bar_opens_what_it_counts(record: None, as_auditor: Browser) -> None:
    for bar in numbers.per_day().bars:
        html = as_auditor.get(bar.url).content.decode()
        (told,) = re.findall(r": (\d+) ", bar.words)
        assert f"{told} in all" in html, bar


def test_the_bars_stand_on_each_other_inside_the_drawing(record: None) -> None:
    bars = numbers.per_day().bars
    assert {bar.css for bar in bars} == {"ok", "bad", "warn"}
    for bar in bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT + 0.1
    stacked = [bar for bar in bars if bar.x == bars[-1].x]
    assert len(stacked) == 2
    assert stacked[0].y + stacked[0].height == HEIGHT
    assert stacked[1].y + stacked[1].height == pytest.approx(stacked[0].y, abs=0.2)


def test_requests_stand_against_the_limit() -> None:
    usage.count("person", 4)
    usage.count("background", 3)
    usage.count("job", 4)
    usage.count("job", -1)
    chart = numbers.per_hour(20)
    assert chart.line == 0
    assert chart.columns == ["Hour", "By people", "By jobs", "By itself", "Together"]
    assert chart.rows[-1].cells == [(4, ""), (3, ""), (3, ""), (10, "")]
    assert sum(bar.height for bar in chart.bars) == HEIGHT / 2
    assert [bar.css for bar in chart.bars] == ["accent", "info", "neutral"]
    usage.count("background", 30)
    chart = numbers.per_hour(20)
    assert (chart.line, chart.bars[-1].css) == (HEIGHT / 2, "bad")


def test_who_changed_most(record: None) -> None:
    people, lists = numbers.busiest()
    assert [(row.head, row.cells[0][0]) for row in people.rows] == [("Paula Legal", 6), ("Max Manager", 4)]
    assert [(row.head, row.cells[0][0]) for row in lists.rows] == [("Roundup", 4)]
    assert people.bars[0].width == WIDTH
    assert "person=1" in people.bars[0].url
    assert "kind=case_list&pk=3" in lists.bars[0].url


def test_somebody_who_was_renamed_is_one_person() -> None:
    many(3, at=at(0, 0), actor_name="Paula Legal")
    many(1, at=at(0, 0), actor_name="Paula Lawful")
    people, _ = numbers.busiest()
    assert [(row.head, row.cells[0][0]) for row in people.rows] == [("Paula Legal", 4)]


def test_the_page_shows_each_chart_with_its_table(record: None, as_auditor: Browser) -> None:
    many(1, at=timezone.now())
    usage.count("person")
    html = as_auditor.get(URL).content.decode()
    assert html.count('<svg class="chart"') == 4
    assert html.count("<caption>") == 4
    assert "style=" not in html
    assert Event.objects.count() == 32  # looking is not recorded


def test_an_empty_record_says_so(as_auditor: Browser) -> None:
    assert as_auditor.get(URL).content.decode().count("Nothing to count yet") == 4


def test_opening_it_again_counts_nothing(record: None, as_auditor: Browser) -> None:
    as_auditor.get(URL)
    with CaptureQueriesContext(connection) as caught:
        as_auditor.get(URL)
    assert not [
        query
        for query in caught.captured_queries
        if "COUNT" in query["sql"] and "audit_event" in query["sql"]
    ]


def test_who_may(people: dict[str, User]) -> None:
    for name, status in {
        "paralegal": 403,
        "manager": 403,
        "nobody": 403,
        "auditor": 200,
        "administrator": 200,
    }.items():
        assert signed_in(people[name]).get(URL).status_code == status
    assert Browser().get(URL).status_code == 303
    assert signed_in(people["auditor"]).post(URL).status_code == 405
