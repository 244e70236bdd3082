"""POST /clients/select/ and GET /clients/selected/<token>/: who is selected is frozen on the server, for its owner."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client, Picked, Selection
from clients_ui.selection import services
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.management.commands.housekeeping import forget_ended
from tests.accounts.support import aged
from tests.clients_ui.conftest import text_of
from tests.conftest import signed_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def directory() -> None:
    """120 clients, every third of them in Texas, by name in the order of their ids."""
    Client.objects.bulk_create(
        Client(
            id=n,
            first_name="Ana",
            last_name=f"Lee {n:03}",
            told_at=timezone.now(),
            last_key=f"lee{n:03}",
            first_key="ana",
            state="TX" if n % 3 == 0 else "MA",
            state_key="tx" if n % 3 == 0 else "ma",
        )
        for n in range(1, 121)
    )


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("directory")]


def select(browser: Browser, ticked: list[int], shown: list[int], go: str = "", query: str = "") -> str:
    """Send the boxes of a page as a browser without JavaScript does; returns where it leads."""
    answer = browser.post(f"/clients/select/?{query}", {"pk": ticked, "shown": shown, "go": go})
    assert answer.status_code == 303
    return str(answer["Location"])


def everybody(browser: Browser, query: str = "") -> Selection:
    """Select all that match."""
    assert select(browser, [], [], "all", query) == f"/clients/{'?' if query else ''}{query}"
    return Selection.objects.latest("made_at")


def test_ticks_are_kept_across_pages(as_paralegal: Browser) -> None:
    first, second = list(range(1, 26)), list(range(26, 51))
    assert select(as_paralegal, [2, 3], first, "keep", "sort=name") == "/clients/?sort=name"
    select(as_paralegal, [30], second, "keep")
    page = text_of(as_paralegal.get("/clients/"))
    assert "3 selected of 120 · 2 on this page" in page
    boxes = as_paralegal.get("/clients/").content.decode()
    assert 'value="2" aria-label="Select Ana Lee 002" checked' in boxes
    assert 'value="4" aria-label="Select Ana Lee 004">' in boxes
    to = select(as_paralegal, [3, 5], first, "continue")
    selection = Selection.objects.get()
    assert to == f"/clients/selected/{selection.pk}/"
    assert services.ids(selection) == [3, 30, 5]
    assert (selection.count, selection.words) == (3, "")


def test_a_tick_under_htmx_answers_with_the_number(as_paralegal: Browser) -> None:
    body = {"pk": [1, 2], "shown": [1, 2, 3]}
    answer = as_paralegal.post("/clients/select/", body, headers=HTMX)
    assert (answer.status_code, text_of(answer)) == (200, "2 selected of 120 · 2 on this page")
    assert "<html" not in answer.content.decode()


def test_all_that_match_are_frozen_at_that_moment(as_paralegal: Browser) -> None:
    selection = everybody(as_paralegal, "state=TX")
    texans = list(range(3, 121, 3))
    assert services.ids(selection) == texans
    assert (selection.count, selection.words, selection.query) == (40, "State: Texas", "state=TX")
    Client.objects.filter(pk=1).update(state="TX", state_key="tx")
    Client.objects.filter(pk=3).update(state="MA", state_key="ma")
    assert services.ids(selection) == texans
    page = text_of(as_paralegal.get(f"/clients/selected/{selection.pk}/"))
    assert "40 clients selected" in page
    assert "State: Texas" in page
    assert "and 30 more" in page


def test_all_can_be_unticked_one_by_one(as_paralegal: Browser) -> None:
    selection = everybody(as_paralegal, "state=TX")
    select(as_paralegal, [3, 6, 9], [3, 6, 9], "continue", "state=TX")
    assert "changed by hand" not in text_of(as_paralegal.get(f"/clients/selected/{selection.pk}/"))
    select(as_paralegal, [6], [3, 6, 9], "keep", "state=TX")
    selection.refresh_from_db()
    assert selection.count == 38 == len(services.ids(selection))
    assert "changed by hand since" in text_of(as_paralegal.get(f"/clients/selected/{selection.pk}/"))


def test_the_order_is_that_of_the_list(as_paralegal: Browser) -> None:
    Client.objects.filter(pk__in=[10, 20]).update(city="Austin", city_key="austin")
    Client.objects.filter(pk=20).update(last_key="austin")
    assert services.ids(everybody(as_paralegal, "sort=-id"))[:3] == [120, 119, 118]
    found = everybody(as_paralegal, "q=austin")
    assert services.ids(found) == [20, 10], "the last names first, each client once"
    assert found.words == "austin"


def test_too_many_are_refused(as_paralegal: Browser, settings: LazySettings) -> None:
    settings.SELECTION_MOST = 119
    answer = as_paralegal.post("/clients/select/", {"go": "all"})
    assert answer.status_code == 422
    assert "At most 119 can be selected together." in text_of(answer)
    assert not Selection.objects.exists()


def test_clear(as_paralegal: Browser) -> None:
    everybody(as_paralegal)
    select(as_paralegal, [1], [1], "clear")
    assert not Selection.objects.exists()
    assert not Picked.objects.exists()
    assert "0 selected" in text_of(as_paralegal.get("/clients/"))


def test_a_selection_can_be_taken_up_again_and_forgotten(as_paralegal: Browser) -> None:
    first = everybody(as_paralegal, "state=TX")
    second = everybody(as_paralegal, "state=MA")
    assert "80 selected" in text_of(as_paralegal.get("/clients/"))
    form = {"selected": str(first.pk), "go": "change"}
    assert as_paralegal.post("/clients/select/", form)["Location"] == "/clients/?state=TX"
    assert "40 selected" in text_of(as_paralegal.get("/clients/"))
    as_paralegal.post("/clients/select/", {"selected": str(first.pk), "go": "clear"})
    assert list(Selection.objects.all()) == [second]
    for token in (str(first.pk), "x", ""):
        assert as_paralegal.post("/clients/select/", {"selected": token, "go": "clear"}).status_code == 404
    assert Selection.objects.exists()


def test_nothing_ticked_makes_nothing(as_paralegal: Browser) -> None:
    assert select(as_paralegal, [], [1, 2], "continue") == "/clients/"
    select(as_paralegal, [999], [999], "keep")
    assert not Picked.objects.exists()


@pytest.mark.parametrize("odd", ["0", "-1", "1e3", "٣", str(2**63), "x" * 10_000])
def test_odd_ids_are_nobody(as_paralegal: Browser, odd: str) -> None:
    assert as_paralegal.post("/clients/select/", {"pk": [odd], "shown": [odd]}).status_code == 303
    assert not Picked.objects.exists()


def test_a_box_that_the_page_did_not_show_is_not_ticked(as_paralegal: Browser) -> None:
    select(as_paralegal, [1, 50], [1, 2], "keep")
    assert services.ids(Selection.objects.get()) == [1]


def test_anothers_is_not_there(as_paralegal: Browser, as_admin: Browser) -> None:
    selection = everybody(as_paralegal)
    for page in ("", "export.csv", "opt-out/", "edit/", "delete/", "delete-for-good/", "refresh/"):
        assert as_admin.get(f"/clients/selected/{selection.pk}/{page}").status_code == 404, page
    session = as_admin.session
    session["selected"] = str(selection.pk)
    session.save()
    assert "0 selected" in text_of(as_admin.get("/clients/"))
    select(as_admin, [1], [1], "clear")
    assert list(Selection.objects.all()) == [selection], "clearing nothing selects nobody"


def test_it_expires(as_paralegal: Browser) -> None:
    selection = everybody(as_paralegal)
    Selection.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_paralegal.get(f"/clients/selected/{selection.pk}/").status_code == 404
    assert "0 selected" in text_of(as_paralegal.get("/clients/"))
    forget_ended()
    assert not Picked.objects.exists()


def test_access(client: Browser, as_nobody: Browser, as_auditor: Browser) -> None:
    assert client.post("/clients/select/").headers["Location"].startswith("/sign-in/")
    assert as_nobody.post("/clients/select/").status_code == 403
    assert as_auditor.get("/clients/select/").status_code == 405
    page = text_of(as_auditor.get(f"/clients/selected/{everybody(as_auditor).pk}/"))
    assert "Export as CSV" in page
    assert "Delete…" not in page
    assert "Add to a list…" not in page


def test_what_each_role_is_offered(people: dict[str, User]) -> None:
    offered = {}
    for role in ("paralegal", "manager", "administrator"):
        browser = signed_in(people[role])
        offered[role] = text_of(browser.get(f"/clients/selected/{everybody(browser).pk}/"))
    assert "Add to a list…" in offered["manager"]
    assert "Delete…" not in offered["manager"]
    assert "Opt out of calls…" in offered["paralegal"]
    assert "Delete for good…" not in offered["paralegal"]
    assert "Delete for good…" in offered["administrator"]


def test_the_list_costs_no_more_with_more_rows(
    as_paralegal: Browser, queries: Callable[[Browser, str], int]
) -> None:
    everybody(as_paralegal)
    as_paralegal.get("/clients/")
    few = queries(as_paralegal, "/clients/?q=lee00")
    assert queries(as_paralegal, "/clients/?q=lee&size=100") == few


class TestExport:
    def test_exactly_the_selected_in_their_order(self, as_auditor: Browser) -> None:
        selection = everybody(as_auditor, "state=TX&sort=-id")
        answer = as_auditor.get(f"/clients/selected/{selection.pk}/export.csv")
        rows = list(csv.reader(answer.getvalue().decode().splitlines()))
        assert [int(row[0]) for row in rows[1:]] == list(range(120, 0, -3))
        (fact,) = Event.objects.filter(action="client_export")
        assert fact.payload == {"query": "state=TX&sort=-id", "count": 40}

    @pytest.mark.parametrize("path", ["/clients/export.csv", "selection"])
    def test_many_rows_ask_who_one_is(self, as_auditor: Browser, settings: LazySettings, path: str) -> None:
        if path == "selection":
            path = f"/clients/selected/{everybody(as_auditor).pk}/export.csv"
        aged(as_auditor, 6 * 60)
        assert as_auditor.get(path).status_code == 200, "120 rows are few"
        settings.EXPORT_ASKS_ABOVE = 119
        answer = as_auditor.get(path)
        assert answer["Location"].startswith("/account/confirm/?next=%2Fclients%2F")
        assert "export" not in answer["Location"], "a file is no page to come back to"
        assert Event.objects.filter(action="client_export").count() == 1

    def test_nothing_here(self, as_auditor: Browser) -> None:
        assert as_auditor.get(f"/clients/selected/{uuid.uuid4()}/export.csv").status_code == 404


def test_a_selection_that_expired_is_not_begun_anew_in_silence(as_paralegal: Browser) -> None:
    """27 were ticked, the page goes on with the last two: whoever acts on them must be told."""
    select(as_paralegal, list(range(1, 26)), list(range(1, 26)), "keep")
    Selection.objects.update(expires_at=timezone.now())
    body = {"pk": [26, 27], "shown": list(range(26, 51)), "go": "continue"}
    answer = as_paralegal.post("/clients/select/?sort=name", body)
    assert (answer.status_code, "Your selection has expired" in text_of(answer)) == (409, True)
    assert "/clients/?sort=name" in answer.content.decode()
    assert "0 selected of 120" in text_of(as_paralegal.get("/clients/"))
    assert Selection.objects.filter(expires_at__gt=timezone.now()).count() == 0
    select(as_paralegal, [26, 27], list(range(26, 51)), "keep")
    assert services.ids(Selection.objects.latest("made_at")) == [26, 27]


def test_a_tick_under_htmx_says_that_the_selection_expired(as_paralegal: Browser) -> None:
    select(as_paralegal, [1], [1, 2], "keep")
    Selection.objects.update(expires_at=timezone.now())
    answer = as_paralegal.post("/clients/select/", {"pk": [1, 2], "shown": [1, 2]}, headers=HTMX)
    assert (answer.status_code, "Your selection has expired" in text_of(answer)) == (200, True)
    assert Selection.objects.count() == 1
