"""Sessions: whose they are, when they end, who ends them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kayse_admin.accounts.models import Session, User
from kayse_admin.accounts.sessions import browser_of
from kayse_admin.jobs.models import Job
from tests.accounts.support import aged, facts, sign_in
from tests.conftest import PASSWORD, signed_in

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
AWAY = (302, 303)


def test_a_session_knows_its_person(people: dict[str, User]) -> None:
    browser = Browser(headers={"user-agent": FIREFOX}, REMOTE_ADDR="203.0.113.7")
    assert sign_in(browser, "paralegal") == 302
    row = Session.objects.get(user=people["paralegal"])
    assert (row.address, row.browser) == ("203.0.113.7", "Firefox on Windows")
    assert row.signed_in_at is not None
    assert row.last_seen_at is not None
    page = browser.get("/account/").text
    assert "Firefox on Windows" in page
    assert "203.0.113.7" in page


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18 Safari/605",
            "Safari on macOS",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Linux"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert browser_of(agent) == words


def test_it_ends_after_thirty_idle_minutes(people: dict[str, User], as_paralegal: Browser) -> None:
    ago = timezone.now() - timedelta(minutes=29)
    Session.objects.update(last_seen_at=ago)
    assert as_paralegal.get("/account/").status_code == 200
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=30))
    answer = as_paralegal.get("/clients/?q=ana")
    assert answer.status_code in AWAY
    assert answer["Location"] == "/sign-in/?next=%2Fclients%2F%3Fq%3Dana&ended=idle"
    assert "signed out after 30 minutes" in as_paralegal.get(answer["Location"]).text
    assert not Session.objects.filter(user=people["paralegal"]).exists()
    assert facts() == [("sign_out", "Paula Legal", "by the dashboard, after 30 minutes without a click")]


@pytest.mark.parametrize(
    ("path", "fragment", "counts"),
    [
        ("/account/", False, True),
        ("/jobs/{}/", False, True),
        ("/jobs/{}/", True, False),
        ("/clients/", True, True),
    ],
)
def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(
    as_paralegal: Browser, path: str, fragment: bool, counts: bool
) -> None:
    job = Job.objects.create(kind="clients_upsert", title="Many", owner_id=1, owner_name="x", state="running")
    ago = timezone.now() - timedelta(minutes=20)
    Session.objects.update(last_seen_at=ago)
    headers = {"HX-Request": "true"} if fragment else {}
    assert as_paralegal.get(path.format(job.pk), headers=headers).status_code == 200
    assert (Session.objects.get().last_seen_at != ago) is counts


def test_it_ends_after_twelve_hours_however_busy(as_paralegal: Browser) -> None:
    aged(as_paralegal, 12 * 3600 - 60)
    assert as_paralegal.get("/account/").status_code == 200
    aged(as_paralegal, 61)
    answer = as_paralegal.get("/account/")
    assert answer.status_code in AWAY
    assert "ended=old" in answer["Location"]


def test_the_reason_is_one_of_ours(client: Browser) -> None:
    assert "buy this" not in client.get("/sign-in/?ended=buy this").text


def writes(browser: Browser) -> list[str]:
    """What one request writes."""
    with CaptureQueriesContext(connection) as queries:
        assert browser.get("/account/").status_code == 200
    return [one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_request_writes_nothing_within_the_minute(as_paralegal: Browser) -> None:
    assert writes(as_paralegal) == []
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    [written] = writes(as_paralegal)
    assert "last_seen_at" in written
    assert "session_data" not in written
    assert writes(as_paralegal) == []
    seen = Session.objects.get().last_seen_at
    assert seen is not None
    assert timezone.now() - seen < timedelta(seconds=10)


def test_a_disabled_person_is_out_at_the_next_request(people: dict[str, User], as_paralegal: Browser) -> None:
    assert as_paralegal.get("/account/").status_code == 200
    User.objects.filter(pk=people["paralegal"].pk).update(is_active=False)
    assert as_paralegal.get("/account/").status_code in AWAY
    assert as_paralegal.post("/account/sessions/end/").status_code in AWAY


def test_somebody_ends_their_other_sessions(people: dict[str, User]) -> None:
    here, there, other = (
        signed_in(people["paralegal"]),
        signed_in(people["paralegal"]),
        signed_in(people["manager"]),
    )
    assert here.post("/account/sessions/end/").status_code in AWAY
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code in AWAY
    assert other.get("/account/").status_code == 200
    assert facts() == [("sessions_end", "Paula Legal", "1 session ended")]


def test_a_new_password_ends_the_other_sessions(people: dict[str, User]) -> None:
    here, there = signed_in(people["paralegal"]), signed_in(people["paralegal"])
    form = {"current": PASSWORD, "password": "four quiet otters sing", "again": "four quiet otters sing"}
    assert here.post("/account/password/", form).status_code in AWAY
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code in AWAY
    assert Session.objects.filter(user=people["paralegal"]).count() == 1
    assert facts() == [("password_change", "Paula Legal", "")]
    assert sign_in(Browser(), "paralegal") == 422
    assert sign_in(Browser(), "paralegal", "four quiet otters sing") == 302


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("fourteen-chars", "at least 15 characters"),
        ("123456789987654321", "too common"),
        ("paula legal paralegal", "too similar"),
    ],
)
def test_a_weak_password_is_refused(password: str, words: str, people: dict[str, User]) -> None:
    people["paralegal"].last_name = "Legal Paralegal"
    people["paralegal"].first_name = "paula legal paralegal"
    people["paralegal"].save()
    form = {"current": PASSWORD, "password": password, "again": password}
    answer = signed_in(people["paralegal"]).post("/account/password/", form)
    assert answer.status_code == 422
    assert words in answer.text
    assert facts() == []


def test_guessing_the_current_password_is_limited(as_paralegal: Browser) -> None:
    form = {"current": "wrong", "password": "four quiet otters sing", "again": "four quiet otters sing"}
    answers = [as_paralegal.post("/account/password/", form).text for _ in range(11)]
    assert "not your current password" in answers[9]
    assert "Too many tries" in answers[10]


def test_an_anonymous_visit_leaves_no_session(client: Browser) -> None:
    client.get("/sign-in/")
    client.get("/account/")
    assert not Session.objects.exists()


def test_signing_in_changes_the_key_of_the_session(people: dict[str, User], settings: LazySettings) -> None:
    browser = Browser()
    session = browser.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    sign_in(browser, "paralegal")
    assert browser.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert SESSION_KEY in browser.session
