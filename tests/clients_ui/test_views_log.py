"""Who opened whom: noted by the pages of a client, shown to reviewers at /clients/<pk>/views/, and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients_ui import looks
from clients_ui.models import Client, Opened
from kayse_admin.accounts.models import User
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.forms import FilterForm
from kayse_admin.audit.models import Event
from kayse_admin.management.commands.housekeeping import forget_ended
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("part", ["", "quick/", "edit/"])
def test_each_page_of_a_client_is_noted(
    as_paralegal: Browser, people: dict[str, User], ana: Client, part: str
) -> None:
    as_paralegal.get(f"/clients/{ana.pk}/{part}")
    row = Opened.objects.get()
    assert (row.client_id, row.person_id, row.person_name) == (ana.pk, people["paralegal"].pk, "Paula Legal")
    assert not Event.objects.exists()


def test_what_shows_no_client_in_full_is_not(as_paralegal: Browser, ana: Client) -> None:
    for url in ("/clients/", "/clients/?q=gray", f"/clients/{ana.pk}/here/", "/clients/987654/"):
        as_paralegal.get(url)
    assert not Opened.objects.exists()


def test_once_in_five_minutes(as_paralegal: Browser, as_manager: Browser, ana: Client) -> None:
    for _ in range(3):
        as_paralegal.get(f"/clients/{ana.pk}/")
    as_manager.get(f"/clients/{ana.pk}/")
    assert Opened.objects.count() == 2
    ago = timezone.now() - timedelta(seconds=301)
    Opened.objects.update(at=ago, slot=int(ago.timestamp()) // 300)
    as_paralegal.get(f"/clients/{ana.pk}/")
    assert Opened.objects.count() == 3


def test_it_costs_one_look_and_one_insert(as_paralegal: Browser, ana: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        as_paralegal.get(f"/clients/{ana.pk}/quick/")
    ours = [one["sql"] for one in asked if "clients_ui_opened" in one["sql"]]
    assert [sql.split()[0] for sql in ours] == ["SELECT", "INSERT"]
    with CaptureQueriesContext(connection) as asked:
        as_paralegal.get(f"/clients/{ana.pk}/quick/")
    assert [one["sql"].split()[0] for one in asked if "clients_ui_opened" in one["sql"]] == ["SELECT"]


def test_reviewers_see_it_on_the_page_and_whole(
    as_auditor: Browser, as_paralegal: Browser, ana: Client
) -> None:
    as_paralegal.get(f"/clients/{ana.pk}/")
    page = as_auditor.get(f"/clients/{ana.pk}/")
    assert "Opened by" in text_of(page)
    assert "Paula Legal" in text_of(page)
    assert "Opened by" not in text_of(as_paralegal.get(f"/clients/{ana.pk}/"))
    whole = text_of(as_auditor.get(f"/clients/{ana.pk}/views/"))
    assert "Paula Legal" in whole
    assert "Audrey Tor" in whole
    assert "Kept for 365 days" in whole


def test_it_is_paged(as_auditor: Browser, ana: Client, queries: Callable[[Browser, str], int]) -> None:
    url, now = f"/clients/{ana.pk}/views/", timezone.now()
    assert "Nobody has opened it" in text_of(as_auditor.get(url))
    few = queries(as_auditor, url)
    Opened.objects.bulk_create(
        Opened(client_id=ana.pk, person_id=n, person_name=f"Person {n}.", at=now, slot=n) for n in range(30)
    )
    first = as_auditor.get(url)
    assert [row.person_id for row in first.context["rows"]] == list(range(29, 4, -1))
    second = as_auditor.get(first.context["pager"].next_url)
    assert [row.person_id for row in second.context["rows"]] == [4, 3, 2, 1, 0]
    assert second.context["pager"].next_url == ""
    assert queries(as_auditor, url) <= few
    assert as_auditor.get(url + "?before=x").status_code == 200


def test_housekeeping_forgets_what_is_too_old(ana: Client, settings: LazySettings) -> None:
    now = timezone.now()
    for days in (1, 29, 31):
        Opened.objects.create(
            client_id=ana.pk, person_id=1, person_name="x", at=now - timedelta(days=days), slot=days
        )
    settings.VIEW_LOG_DAYS = 30
    forget_ended()
    assert sorted(Opened.objects.values_list("slot", flat=True)) == [1, 29]


def test_a_firm_may_keep_none(as_paralegal: Browser, ana: Client, settings: LazySettings) -> None:
    settings.VIEW_LOG_DAYS = 0
    assert as_paralegal.get(f"/clients/{ana.pk}/").status_code == 200
    assert not Opened.objects.exists()


def test_access(client: Browser, people: dict[str, User], as_paralegal: Browser, as_auditor: Browser) -> None:
    assert client.get("/clients/2/views/").headers["Location"].startswith("/sign-in/")
    assert as_paralegal.get("/clients/2/views/").status_code == 403
    assert as_auditor.get("/clients/987654/views/").status_code == 404
    assert as_auditor.post("/clients/2/views/").status_code == 405


# --- Under the filter of the audit log ------------------------------------------------------------------------


def look(client: int, person: User, ago: timedelta = timedelta()) -> Opened:
    at = timezone.now() - ago
    return Opened.objects.create(
        client_id=client,
        person_id=person.pk,
        person_name=person.display_name,
        at=at,
        slot=at.timestamp() // 300,
    )


def log(browser: Browser, status: int = 200, **query: object) -> str:
    response = browser.get("/audit/", {"action": "client_view", **query})
    assert response.status_code == status
    return text_of(response)


def test_the_log_has_a_filter_for_them(
    as_auditor: Browser, as_paralegal: Browser, people: dict[str, User], ana: Client
) -> None:
    assert '<option value="client_view">Open a client</option>' in as_auditor.get("/audit/").content.decode()
    as_paralegal.get(f"/clients/{ana.pk}/")
    page = as_auditor.get("/audit/?action=client_view")
    assert f"Paula Legal opened client {ana.name}" in text_of(page)
    assert f'href="/clients/{ana.pk}/"' in page.content.decode()
    assert "Action: Open a client" in text_of(page)
    fragment = as_auditor.get("/audit/?action=client_view", headers={"HX-Request": "true"})
    assert "Paula Legal opened" in text_of(fragment)
    assert b"<html" not in fragment.content


def test_they_are_filtered_by_person_client_and_time(as_auditor: Browser, people: dict[str, User]) -> None:
    paula, max_ = people["paralegal"], people["manager"]
    old = look(71, paula, timedelta(days=40))
    look(72, paula, timedelta(days=2))
    look(72, max_)
    assert [log(as_auditor).count(f"opened client number {pk}") for pk in (71, 72)] == [1, 2]
    page = log(as_auditor, person=paula.pk, kind="client", pk=72)
    assert (page.count("opened client"), "Max Manager opened" in page) == (1, False)
    assert "number 71" not in log(as_auditor, when="7d")
    day = timezone.localtime(old.at).date().isoformat()
    page = log(as_auditor, since=day, until=day)
    assert ("number 71" in page, "number 72" in page) == (True, False)
    assert "Nobody opened such a client" in log(as_auditor, person=people["nobody"].pk)


def test_pages_of_them_hold_each_once_both_ways(as_auditor: Browser, people: dict[str, User]) -> None:
    ids = [look(pk, people["paralegal"], timedelta(days=60 - pk)).client_id for pk in range(1, 58)]
    seen: list[int] = []
    found = looks.page(Filters(), None, None, 25)
    while True:
        seen += [int(one.name.removeprefix("number ")) for one in found.looks]
        if found.older is None:
            break
        found = looks.page(Filters(), found.older, None, 25)
    assert seen == ids[::-1]
    back = [one.name for one in found.looks]
    while found.newer is not None:
        found = looks.page(Filters(), None, found.newer, 25)
        back = [one.name for one in found.looks] + back
    assert back == [f"number {pk}" for pk in ids[::-1]]
    page = as_auditor.get("/audit/?action=client_view").content.decode()
    oldest = Opened.objects.order_by("-pk")[24].pk
    assert f"/audit/?action=client_view&amp;before={oldest}" in page


def test_the_queries_do_not_grow_with_them(as_auditor: Browser, people: dict[str, User]) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert "opened client" in log(as_auditor, person=people["paralegal"].pk, when="7d", size=100)
        return len(caught)

    look(1, people["paralegal"])
    few = asked()
    for pk in range(2, 60):
        look(pk, people["paralegal"])
    assert asked() == few


@pytest.mark.parametrize(
    "query", [{"q": "Ana"}, {"result": "applied"}, {"address": "10.0.0.7"}, {"kind": "job"}]
)
def test_what_a_look_does_not_know_is_said(as_auditor: Browser, query: dict[str, str]) -> None:
    page = log(as_auditor, 422, **query)
    assert "Who opened a client is known by person" in page or "Only clients are opened." in page


def test_they_are_not_exported_with_the_record(as_auditor: Browser) -> None:
    response = as_auditor.get("/audit/export.csv?action=client_view")
    assert response.status_code == 422
    page = as_auditor.get("/audit/?action=client_view").content.decode()
    assert "/audit/export" not in page
    assert "Who opened a client is not in the record, and in no export of it." in page


def test_who_may_not_see_clients_does_not_see_who_opened_them(as_auditor: Browser) -> None:
    form = FilterForm({"action": "client_view"}, frozenset({"client"}))
    assert not form.is_valid()
    assert form.errors["action"] == ["Choose one of the list."]
