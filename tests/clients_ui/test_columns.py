"""/clients/columns/: which columns the list has for a person, and in which order; and the order of its rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as Browser

from clients_ui import columns, keyset, knowledge
from clients_ui.models import Client
from kayse_admin.accounts.models import Preference
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db

URL = "/clients/columns/"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def places(**given: str) -> dict[str, str]:
    """The form as it would be sent, with these columns in these places and no other."""
    return dict.fromkeys(columns.COLUMNS, "0") | given


def heads(browser: Browser) -> list[str]:
    return [one.column.label for one in browser.get("/clients/").context["listing"].columns]


class TestColumns:
    """Chosen by everybody for themselves."""

    def test_chosen_in_an_order_of_ones_own(
        self, as_paralegal: Browser, as_manager: Browser, ana: Client
    ) -> None:
        answer = as_paralegal.post(URL + "?q=a&sort=told", places(told="1", zip="2", cases="2"))
        assert answer.headers["Location"] == "/clients/?q=a&sort=told"
        assert heads(as_paralegal) == ["Last told", "Cases", "ZIP code"]
        assert str(ana.postal_code) in text_of(as_paralegal.get("/clients/"))
        assert heads(as_manager) == ["Phone", "E-mail", "City", "External source", "Last told"]

    def test_the_form_shows_what_is_chosen(self, as_paralegal: Browser) -> None:
        form = as_paralegal.get(URL).context["form"]
        assert [form[key].value() for key in columns.USUAL] == ["1", "2", "3", "4", "5"]
        assert form["zip"].value() == "0"

    def test_nothing_chosen_brings_the_usual_ones_back(self, as_paralegal: Browser, ana: Client) -> None:
        as_paralegal.post(URL, places(zip="1"))
        as_paralegal.post(URL, places())
        assert not Preference.objects.exists()
        assert len(heads(as_paralegal)) == len(columns.USUAL)

    def test_all_of_them_have_words(self, as_paralegal: Browser, ana: Client) -> None:
        knowledge.blank(9, AT).save()
        keys = list(columns.COLUMNS)
        for part in (keys[:8], keys[8:]):
            as_paralegal.post(URL, places(**{key: str(place + 1) for place, key in enumerate(part)}))
            page = as_paralegal.get("/clients/?sort=id")
            assert [len(row.cells) for row in page.context["listing"].rows] == [len(part)] * 2
        assert "Mar 10, 1943" in text_of(page)

    @pytest.mark.parametrize(
        "given", [{"zip": "9"}, {"zip": "-1"}, {"zip": "x"}, dict.fromkeys(columns.COLUMNS, "1")]
    )
    def test_refused(self, as_paralegal: Browser, given: dict[str, str]) -> None:
        assert as_paralegal.post(URL, places(**given)).status_code == 422
        assert not Preference.objects.exists()

    @pytest.mark.parametrize("kept", ["zip", ["gone"], [], {"zip": 1}, [["zip"]]])
    def test_a_choice_that_means_nothing_any_more(
        self, as_paralegal: Browser, ana: Client, kept: object
    ) -> None:
        as_paralegal.post(URL, places(zip="1"))
        Preference.objects.update(value=kept)
        assert len(heads(as_paralegal)) == len(columns.USUAL)

    def test_queries_do_not_grow_with_columns(
        self, as_paralegal: Browser, ana: Client, queries: Callable[[Browser, str], int]
    ) -> None:
        few = queries(as_paralegal, "/clients/")
        as_paralegal.post(URL, dict.fromkeys(list(columns.COLUMNS)[:8], "1"))
        assert queries(as_paralegal, "/clients/") <= few

    def test_access(self, client: Browser, as_nobody: Browser) -> None:
        assert client.post(URL, {}).headers["Location"].startswith("/sign-in/")
        assert as_nobody.post(URL, {}).status_code == 403


class TestOrder:
    """What is found by a search can be sorted, as long as it is not too much."""

    @pytest.fixture
    def three(self) -> None:
        for pk, last, hours in ((5, "Garza", 0), (3, "Garcia", 2), (4, "Gardner", 1)):
            client = knowledge.blank(pk, AT + timedelta(hours=hours))
            knowledge.merge(client, {"first_name": "Al", "last_name": last}, client.told_at)
            client.save()

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("q=gar", [3, 4, 5]),
            ("q=gar&sort=id", [3, 4, 5]),
            ("q=gar&sort=-id", [5, 4, 3]),
            ("q=gar&sort=told", [5, 4, 3]),
            ("q=gar&sort=-told", [3, 4, 5]),
            ("q=gar&sort=nonsense", [3, 4, 5]),
            ("q=gar&sort=-told&state=TX", []),
            ("q=zzz&sort=told", []),
            ("sort=-id", [5, 4, 3]),
        ],
    )
    def test_sorted(self, as_paralegal: Browser, three: None, query: str, ids: list[int]) -> None:
        page = as_paralegal.get(f"/clients/?{query}")
        assert [row.pk for row in page.context["listing"].rows] == ids
        lines = (
            b"".join(as_paralegal.get(f"/clients/export.csv?{query}").streaming_content).decode().splitlines()
        )  # type: ignore[attr-defined]
        assert [int(line.split(",")[0]) for line in lines[1:]] == ids

    def test_paged_in_both_directions(self, as_paralegal: Browser) -> None:
        Client.objects.bulk_create(
            Client(id=n + 1, told_at=AT + timedelta(minutes=(n * 7) % 60), last_key=f"gar{n:03}")
            for n in range(60)
        )
        url, seen = "/clients/?q=gar&sort=-told", []
        while url:
            found = as_paralegal.get(url).context["listing"]
            seen += [row.pk for row in found.rows]
            back, url = found.pager.previous_url, found.pager.next_url
        order = list(Client.objects.order_by("-told_at", "-id").values_list("id", flat=True))
        assert seen == order
        assert [row.pk for row in as_paralegal.get(back).context["listing"].rows] == order[25:50]

    def test_too_many_stand_as_they_were_found_and_it_is_said(
        self, as_paralegal: Browser, three: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keyset, "MOST_COUNTED", 2)
        page = as_paralegal.get("/clients/?q=gar&sort=-id")
        assert [row.pk for row in page.context["listing"].rows] == [3, 4, 5]
        assert "too many to sort" in text_of(page)
        assert "sort=id" not in page.text
