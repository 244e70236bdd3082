"""GET /audit/: the log of operations."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kayse_admin.accounts.models import User
from kayse_admin.audit import rows
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from tests.audit.factory import ANA, CITY, ROUNDUP, acting, many, performed

pytestmark = pytest.mark.django_db
URL = "/audit/"
HTMX = {"HX-Request": "true"}


def page(browser: Browser, status: int = 200, **query: object) -> str:
    response = browser.get(URL, query)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_it_tells_what_people_did(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), **CITY, requests=2, duration_ms=230)
    performed(acting(people["manager"]), Action.CASE_LIST_ATTACH, ROUNDUP, payload={"include_ids": [1, 2, 3]})
    html = page(as_auditor)
    assert "<strong>Paula Legal</strong> edited the city of <span" in html
    assert "<strong>Ana García</strong> from Austin to Dallas" in html
    assert "attached 3 cases to" in html
    assert "Today, " in html
    assert "2 requests · 230 ms" in html
    assert html.index("attached 3 cases") < html.index("edited the city")


def test_only_what_did_not_simply_happen_has_a_badge(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), **CITY)
    assert 'class="badge' not in page(as_auditor).split('class="feed"')[1]
    performed(
        acting(people["paralegal"]), result="rejected", detail="Kayse did not accept these values.", **CITY
    )
    html = page(as_auditor)
    assert '<span class="badge bad">Refused by Kayse</span>' in html
    assert "Kayse did not accept these values." in html


def test_signing_in_is_needed() -> None:
    response = Browser().get(URL)
    assert response.status_code == 303
    assert response["Location"] == "/sign-in/?next=%2Faudit%2F"


@pytest.mark.parametrize("name", ["paralegal", "manager", "nobody"])
def test_the_role_is_needed(name: str, people: dict[str, User]) -> None:
    browser = Browser()
    browser.force_login(people[name])
    assert browser.get(URL).status_code == 403


def test_administrators_may_read_it(as_admin: Browser) -> None:
    page(as_admin)


def test_it_is_for_reading(as_auditor: Browser) -> None:
    assert as_auditor.post(URL).status_code == 405


def test_under_htmx_it_is_the_region_alone(as_auditor: Browser) -> None:
    response = as_auditor.get(URL, {"action": "client_update"}, headers=HTMX)
    assert b"<html" not in response.content
    assert response["HX-Push-Url"] == "/audit/?action=client_update"
    assert "HX-Request" in response["Vary"]


def test_the_form_stays_beside_the_region(as_auditor: Browser) -> None:
    """What a click changes is the list; the form comes along only to say at its fields what is wrong."""
    many(1)
    html = as_auditor.get(URL, {"action": "client_update"}, headers=HTMX).content.decode()
    assert 'role="search"' not in html
    assert "/audit/export.csv?action=client_update" in html
    broken = as_auditor.get(URL, {"pk": 7}, headers=HTMX)
    assert broken.status_code == 422
    html = broken.content.decode()
    assert html.count('hx-swap-oob="true"') == html.count('role="search"') == 1
    assert "/audit/export.csv" not in html
    whole = as_auditor.get(URL, {"pk": 7}).content.decode()
    assert "hx-swap-oob" not in whole
    assert whole.count('role="search"') == 1


def test_active_filters_are_chips_that_can_be_taken_off(as_auditor: Browser, people: dict[str, User]) -> None:
    paula = people["paralegal"].pk
    html = page(as_auditor, person=paula, action="client_update", before=99)
    assert f'href="/audit/?person={paula}"' in html
    assert 'aria-label="Remove Person: Paula Legal"' in html
    assert 'href="/audit/?action=client_update"' in html
    assert 'href="/audit/">Clear all</a>' in html
    assert f'<option value="{paula}" selected>Paula Legal</option>' in html
    assert f"/audit/export.csv?person={paula}&amp;action=client_update" in html


def test_filters_narrow_the_log(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), **CITY)
    performed(acting(people["manager"]), Action.CASE_LIST_DELETE, ROUNDUP, result="not_sent")
    assert "Roundup" not in page(as_auditor, person=people["paralegal"].pk)
    assert "Ana García" not in page(as_auditor, result="not_sent")
    assert "Ana García" not in page(as_auditor, kind="case_list", pk=3)
    assert "Ana García" in page(as_auditor, q="ana")
    assert "Ana García" in page(as_auditor, when="today")
    today = timezone.localdate().isoformat()
    assert "Ana García" in page(as_auditor, since=today, until=today)
    assert "Ana García" not in page(as_auditor, until="2020-01-01")
    assert "Ana García" in page(as_auditor, address="10.0.0.7", role="Paralegal")


def test_what_one_click_caused_is_one_line(as_auditor: Browser, people: dict[str, User]) -> None:
    max_ = acting(people["manager"], gesture="a" * 32)
    single = performed(acting(people["paralegal"]), **CITY)
    events = [performed(max_, Action.CASE_LIST_APPEND_CLIENTS, ROUNDUP) for _ in range(3)]
    performed(max_, Action.CASE_LIST_APPEND_CLIENTS, ROUNDUP, result="rejected")
    html = page(as_auditor)
    assert "<strong>Max Manager</strong> did 4 things with one click: append clients" in html
    assert html.count("did 4 things") == 1
    assert all(f'href="/audit/{event.operation}/"' in html for event in [*events, single])
    assert "Refused by Kayse" in html.split("did 4 things")[1].split("</summary>")[0]
    assert "All of them" not in html


def test_a_gesture_that_goes_on_behind_the_page_says_so(as_auditor: Browser) -> None:
    events = many(1)
    Event.objects.bulk_create(
        Event(
            stage="fact",
            opens=True,
            gesture="b" * 32,
            action="sign_in",
            result="applied",
            actor_name="Paula Legal",
        )
        for _ in range(40)
    )
    html = page(as_auditor)
    assert "did 40 things with one click" in html
    assert "25 of 40 are shown." in html
    assert f'href="/audit/?gesture={"b" * 32}"' in html
    assert f'href="/audit/{events[0].operation}/"' not in html
    assert "40 in all" in page(as_auditor, gesture="b" * 32)


def test_empty_says_why(as_auditor: Browser) -> None:
    assert "Nothing has happened yet" in page(as_auditor)
    html = page(as_auditor, result="unknown", kind="client")
    assert "No operation matches" in html
    assert "Result: Outcome unknown; Kind of record: Client" in html
    many(1)
    assert "Nothing in this part of the log" in page(as_auditor, after=10**6)


def test_it_is_turned_page_by_page(as_auditor: Browser) -> None:
    events = many(60)
    html = page(as_auditor)
    assert f"/audit/?before={events[35].pk}" in html
    assert f'href="/audit/{events[35].operation}/"' in html
    assert f'href="/audit/{events[34].operation}/"' not in html
    html = page(as_auditor, before=events[35].pk)
    assert f'href="/audit/{events[34].operation}/"' in html
    assert f"/audit/?after={events[34].pk}" in html
    assert f"/audit/?before={events[10].pk}" in html
    assert "of 60" in html or "60" in html
    assert f'href="/audit/{events[11].operation}/"' in page(as_auditor, size=50)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"q": "a\0b"}, "Text: Null characters are not allowed."),
        ({"q": "x" * 101}, "Text: Ensure this value has at most 100 characters"),
        ({"q": "x" * 10_000_000}, "Text: Ensure this value has at most 100 characters"),
        ({"person": "7777777"}, "Person: Choose one of the list."),
        ({"person": "٣"}, "Person: Choose one of the list."),
        ({"person": str(2**63)}, "Person: Choose one of the list."),
        ({"action": "drop table"}, "Action: Choose one of the list."),
        ({"result": "\0"}, "Result: Choose one of the list."),
        ({"when": "soon"}, "Time: Choose one of the list."),
        ({"since": "21/11/2026"}, "From: A date is written as YYYY-MM-DD"),
        ({"since": "2026-02-30"}, "From: A date is written as YYYY-MM-DD"),
        ({"since": "0001-01-01"}, "From: This date is out of range."),
        ({"until": "9999-12-31"}, "To, inclusive: This date is out of range."),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "To, inclusive: The range ends before it begins."),
        ({"kind": "client", "pk": "٣"}, "Number of the record: An id is a whole number from 1"),
        ({"kind": "client", "pk": str(2**63)}, "Number of the record: An id is a whole number from 1"),
        ({"kind": "client", "pk": "0"}, "Number of the record: An id is a whole number from 1"),
        ({"kind": "client", "pk": "1e3"}, "Number of the record: An id is a whole number from 1"),
        ({"kind": "client", "pk": "9" * 401}, "Number of the record: An id is a whole number from 1"),
        ({"pk": "7"}, "Kind of record: Choose the kind of record that has this number."),
        ({"address": "not an address"}, "Network address: This is not a network address."),
        ({"role": "King"}, "Role at that time: Choose one of the list."),
        ({"job": "-1"}, "Job: An id is a whole number from 1"),
        ({"gesture": "'"}, "Request id: This is no request id."),
        ({"before": "1; DROP"}, "Page: An id is a whole number from 1"),
        ({"size": "1000000"}, "Rows a page: Choose one of the list."),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_bad_filter_is_told_at_its_field(as_auditor: Browser, query: dict[str, str], message: str) -> None:
    many(1)
    html = page(as_auditor, 422, **query)
    assert message in html
    assert 'class="feed"' not in html
    assert as_auditor.get(URL, query, headers=HTMX).status_code == 422


def test_lone_surrogates_are_no_error_of_ours(as_auditor: Browser) -> None:
    assert as_auditor.get(URL + "?q=%ED%A0%80&person=%FF").status_code == 422
    assert as_auditor.get(URL + "?q=%ED%A0%80").status_code == 200


def test_scripts_are_text(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(
        acting(people["paralegal"]),
        target=ANA.__class__("client", 7, "<script>alert(1)</script>"),
        before={"city": "{{ 7|add:7 }}"},
        after={"city": "<img src=x onerror=alert(1)>"},
    )
    html = page(as_auditor, q="<script>")
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "{{ 7|add:7 }}" in html


def test_social_security_numbers_are_not_shown(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), before={"note": "x"}, after={"note": "SSN 123-45-6789"})
    html = page(as_auditor)
    assert "123-45-6789" not in html
    assert "•••-••-••••" in html


def test_the_queries_do_not_grow_with_the_rows(as_auditor: Browser) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            page(as_auditor, size=100)
        return len(caught)

    page(as_auditor)
    many(2)
    few = asked()
    many(80)
    assert asked() == few


def test_reading_is_not_recorded(as_auditor: Browser) -> None:
    page(as_auditor)
    assert not Event.objects.exists()


def test_days_are_the_firms_days() -> None:
    today = timezone.localdate()
    assert rows.heading(today).startswith("Today, ")
    assert rows.heading(today - timedelta(days=1)).startswith("Yesterday, ")
    assert rows.heading(date(2020, 2, 3)) == "Monday, February 3, 2020"
    late = datetime(2020, 2, 4, 3, tzinfo=timezone.get_fixed_timezone(0))
    days = rows.by_day([_operation(late)])
    assert [day.heading for day in days] == ["Monday, February 3, 2020"]


def _operation(at: datetime) -> rows.Operation:
    return rows.Operation(Event(at=at, opens=True, stage="fact", action="sign_in", result="applied"))
