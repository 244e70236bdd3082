"""GET /: the first page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from clients_ui import knowledge
from kayse_admin.accounts.models import User
from kayse_admin.audit import recovery
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.upstream import budget
from kayse_admin.upstream.budget import Purpose
from tests.audit.factory import CITY, ROUNDUP, acting, many, performed
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def home(browser: Browser) -> str:
    response = browser.get("/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def day(people: dict[str, User]) -> dict[str, Event]:
    paula, max_ = acting(people["paralegal"]), acting(people["manager"])
    return {
        "edited": performed(paula, **CITY),
        "refused": performed(paula, result="rejected"),
        "unknown": performed(paula, Action.CLIENT_CREATE, result="unknown"),
        "attached": performed(max_, Action.CASE_LIST_ATTACH, ROUNDUP, payload={"include_ids": [1, 2]}),
        "yesterday": many(1, at=timezone.now() - timedelta(days=1), target_label="Old Client")[0],
    }


@pytest.mark.parametrize("name", ["auditor", "administrator"])
def test_reviewers_see_everybodys_day(name: str, people: dict[str, User], day: dict[str, Event]) -> None:
    html = home(signed_in(people[name]))
    assert "Paula Legal edited the city of client Ana García from Austin to Dallas" in strip_tags(html)
    assert "Max Manager attached 2 cases to case list Roundup – signed" in strip_tags(html)
    assert "Old Client" not in html
    assert '<a href="/audit/?when=today&amp;result=applied"><strong>2</strong></a>' in html
    assert '<a href="/audit/?when=today&amp;result=rejected"><strong>1</strong></a>' in html
    assert "Needs a person" in html
    assert f'href="/audit/{day["unknown"].operation}/"' in html


def test_others_see_their_own(people: dict[str, User], day: dict[str, Event]) -> None:
    paula = home(signed_in(people["paralegal"]))
    assert "from Austin to Dallas" in paula
    assert "Max Manager" not in paula
    assert "Needs a person" in paula
    assert 'href="/audit/"' not in paula
    assert "/audit/?" not in paula
    max_ = home(signed_in(people["manager"]))
    assert "attached 2 cases" in max_
    assert "Paula Legal" not in max_
    assert "Needs a person" not in max_


def test_what_is_under_way_for_long_needs_a_person(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), result="")
    assert "Needs a person" not in home(as_auditor)
    OpenOperation.objects.update(opened_at=timezone.now() - timedelta(minutes=3))
    assert f'href="/audit/{begun.operation}/"' in home(as_auditor).split("Needs a person")[1]


def test_what_a_machine_looks_at_needs_nobody(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), result="unknown")
    html = home(as_auditor)
    assert "Needs a person" not in html
    assert f'href="/audit/{begun.operation}/"' in html.split("Looked at by itself")[1]
    OpenOperation.objects.update(tries=recovery.MOST_LOOKS)
    html = home(as_auditor)
    assert f'href="/audit/{begun.operation}/"' in html.split("Needs a person")[1]
    assert "Looked at by itself" not in html


def test_a_value_that_kayse_lost_is_an_alarm(people: dict[str, User]) -> None:
    assert "Lost at Kayse" not in home(signed_in(people["paralegal"]))
    client = knowledge.blank(7, timezone.now())
    client.first_name, client.last_name = "Ana", "García"
    client.lost = {"postal_code": {"was": "78701", "at": 1_780_000_000}}
    client.save()
    html = home(signed_in(people["paralegal"]))
    assert "Ana García lost ZIP code" in " ".join(strip_tags(html.split("Lost at Kayse")[1]).split())
    assert 'href="/clients/7/"' in html
    assert "Lost at Kayse" not in home(signed_in(people["nobody"]))


def test_signing_in_is_needed() -> None:
    assert Browser().get("/")["Location"] == "/sign-in/?next=%2F"


def test_it_is_for_reading(as_auditor: Browser) -> None:
    assert as_auditor.post("/").status_code == 405


def test_empty_days_say_so(people: dict[str, User]) -> None:
    assert "No changes yet today" in home(signed_in(people["auditor"]))
    assert "You have changed nothing today" in home(signed_in(people["paralegal"]))
    assert "You have no role yet" in home(signed_in(people["nobody"]))


@pytest.mark.parametrize(
    ("name", "there", "missing"),
    [
        (
            "paralegal",
            ["/clients/new/", "/clients/open/", 'action="/clients/"'],
            ["/case-lists/new/", "/audit/"],
        ),
        ("manager", ["/clients/open/", "/case-lists/new/"], ["/clients/new/", "/audit/"]),
        ("auditor", ["/clients/open/", "/audit/?when=today"], ["/clients/new/", "/case-lists/new/"]),
        ("administrator", ["/clients/new/", "/case-lists/new/", "/audit/?when=today"], []),
        ("nobody", [], ["/clients/", "/case-lists/", "/audit/"]),
    ],
)
def test_links_are_for_the_role(
    people: dict[str, User], name: str, there: list[str], missing: list[str]
) -> None:
    html = home(signed_in(people[name]))
    assert [link for link in there if link not in html] == []
    assert [link for link in missing if link in html] == []


def test_the_budget_is_told(as_auditor: Browser, settings: Any) -> None:
    settings.KAYSE_HOURLY_LIMIT, settings.KAYSE_RESERVE = 10, 4
    html = home(as_auditor)
    assert "Left of 10<strong>10</strong>" in html
    assert "with the next request" in html
    for _ in range(7):
        assert budget.take(Purpose.PERSON) is None
    html = home(as_auditor)
    assert 'Left of 10<strong class="warn">3</strong>' in html
    assert '<progress value="7" max="10"' in html
    assert "<dt>Kept for people</dt><dd>4</dd>" in html


def test_the_queries_do_not_grow_with_the_rows(as_auditor: Browser) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            home(as_auditor)
        return len(caught)

    home(as_auditor)
    many(10)
    few = asked()
    many(50)
    assert asked() == few
    assert few <= 16


def test_looking_at_it_is_not_recorded(as_auditor: Browser) -> None:
    home(as_auditor)
    assert not Event.objects.exists()
