"""What is typed into the search box, and paging through what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from clients_ui import keyset, knowledge, normal, search
from clients_ui.models import Client
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

PEOPLE: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        1,
        {
            "first_name": "María",
            "last_name": "García",
            "city": "Austin",
            "state": "TX",
            "mobile": "+15125550142",
        },
    ),
    (
        2,
        {
            "first_name": "Gary",
            "last_name": "Martínez-López",
            "city": "Austin",
            "state": "Texas",
            "email": "G.M@Example.com",
        },
    ),
    (
        3,
        {"first_name": "Seán", "last_name": "O'Brien", "postal_code": "78701-1234", "mobile": "512.555.0199"},
    ),
    (
        4,
        {
            "first_name": "Ana",
            "last_name": "de la Cruz",
            "external_source_id": "EXT-0042",
            "city": "Austintown",
            "state": "OH",
        },
    ),
    (
        5,
        {
            "first_name": "Søren",
            "last_name": "Müller",
            "email": "soren@mail.example.org",
            "external_source_id": "77",
        },
    ),
    (
        77,
        {"first_name": "Jose\u0301", "last_name": "Núñez", "postal_code": "78705", "mobile": "+442079460018"},
    ),
    (78701, {"first_name": "Zed", "last_name": "Zhao", "city": "St. Louis", "state": "MO"}),
)


@pytest.fixture
def seven() -> None:
    """Seven clients, each with something to be found by."""
    for pk, told in PEOPLE:
        client = knowledge.blank(pk, AT)
        knowledge.merge(client, told, AT)
        client.save()


def found(typed: str) -> list[int]:
    sections = search.sections(typed)
    return keyset.page(sections, 25).ids


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("gar mar", [2, 1]),
        ("mar gar", [1, 2]),
        ("GARCÍA", [1]),
        ("garcia maria", [1]),
        ("García, María", [1]),
        ("gar", [1, 2]),
        ("martinez lopez", [2]),
        ("lopez", [2]),
        ("gary lop", [2]),
        ("lopez gary", [2]),
        ("martinez", [2]),
        ("tinez", []),
        ("cruz", [4]),
        ("la cruz", [4]),
        ("o'brien", [3]),
        ("o brien", [3]),
        ("OBRIEN", [3]),
        ("sean", [3]),
        ("de la cruz", [4]),
        ("delacruz ana", [4]),
        ("ana de la cruz", [4]),
        ("soren", [5]),
        ("jose nunez", [77]),
        ("José", [77]),
        ("5550142", [1]),
        ("(512) 555-0142", [1]),
        ("+1 512 555 0142", [1]),
        ("0142", [1]),
        ("142", []),
        ("512-555-0199", [3]),
        ("+44 20 7946 0018", [77]),
        ("ext-0042", [4]),
        ("ext0042", [4]),
        ("EXT 0042", []),
        ("77", [77, 5]),
        ("#77", [77]),
        ("ID 77", [77]),
        ("id 77", [77]),
        ("id #77", [77]),
        ("TX", [1, 2]),
        ("oh", [4]),
        ("78701", [78701, 3]),
        ("78701-1234", [3]),
        ("787", []),
        ("austin, tx", [1, 2]),
        ("austin, texas", [1, 2]),
        ("austin tx", [1, 2]),
        ("austin", [4, 1, 2]),
        ("st louis, mo", [78701]),
        ("g.m@ex", [2]),
        ("G.M@EXAMPLE.COM", [2]),
        ("@example", [2]),
        ("@mail.example.org", [5]),
        ("@", []),
        ("example.com", [2]),
        ("nobody at all", []),
        ("٣", []),
        ("1e3", []),
        ("７８７０１", [78701, 3]),
        ("\u202egarcia\u202c", [1]),
        ("gar\x00cia", [1]),
    ],
)
def test_finds(seven: None, typed: str, ids: list[int]) -> None:
    assert sorted(found(typed)) == sorted(ids)


def test_a_second_last_name_comes_behind_a_first_one_and_once(seven: None) -> None:
    for pk, last in ((80, "Lopez"), (81, "Lopez Lopez")):
        client = knowledge.blank(pk, AT)
        knowledge.merge(client, {"first_name": "Al", "last_name": last}, AT)
        client.save()
    assert found("lopez") == [80, 81, 2]


#: First and last names of several words; each is found by the beginnings of its words in any order.
LONG_NAMES = {
    101: ("María", "García López"),
    102: ("José Luis", "Pérez"),
    103: ("Ana", "de la Cruz"),
    104: ("Mary-Kate", "García-López"),
    105: ("María de los Ángeles", "Hernández Rodríguez de Pérez"),
    106: ("Al", "Lopez Lopez"),
    107: ("Lo", "Cruz"),
}


@pytest.fixture
def long_names() -> None:
    """Clients with names of several words."""
    for pk, (first, last) in LONG_NAMES.items():
        client = knowledge.blank(pk, AT)
        knowledge.merge(client, {"first_name": first, "last_name": last}, AT)
        client.save()


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("garcia", [101, 104]),
        ("lopez", [101, 104, 106]),
        ("LÓPEZ", [101, 104, 106]),
        ("lop mar", [101, 104]),
        ("mar gar lop", [101, 104]),
        ("gar lop", [101, 104]),
        ("lop gar", [101, 104]),
        ("lopez garcia maria", [101]),
        ("López, María", [101]),
        ("garcia-lop", [101, 104]),
        ("lopez-garcia", [101, 104]),
        ("mar-gar", [101, 104]),
        ("kate", [104]),
        ("kate lop", [104]),
        ("luis", [102]),
        ("per luis", [102]),
        ("luis jose", [102]),
        ("perez", [102, 105]),
        ("cruz", [103, 107]),
        ("la cruz", [103]),
        ("cruz ana", [103]),
        ("ana la cruz", [103]),
        ("de la cruz", [103]),
        ("de la cru", [103]),
        ("lo cruz", [107]),
        ("angeles", [105]),
        ("los angeles", [105]),
        ("rod her", [105]),
        ("perez her maria ang", [105]),
        ("rodriguez de perez", [105]),
        ("maria maria", []),
        ("lopez lopez", [106]),
        ("lop lop", [106]),
        ("mar gar lop cruz", []),
        ("arcia", []),
        ("opez", []),
        (" ".join(["lop"] * 30), []),
    ],
)
def test_each_part_of_a_name_finds_it(long_names: None, typed: str, ids: list[int]) -> None:
    assert sorted(found(typed)) == ids


@given(st.data())
@hypothesis(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_beginnings_of_any_parts_in_any_order(long_names: None, data: st.DataObject) -> None:
    pk = data.draw(st.sampled_from(sorted(LONG_NAMES)))
    parts = [one for name in LONG_NAMES[pk] for one in normal.words(name)]
    chosen = data.draw(st.permutations(parts))[: data.draw(st.integers(1, len(parts)))]
    typed = [one[: data.draw(st.integers(1, len(one)))] for one in chosen]
    words = list(zip(typed, chosen, strict=True))
    ordered = words if len(words) < 3 else words[::-1]  # of equally long ones the last leads
    longest = max(ordered, key=lambda one: (one[0] not in normal.SMALL_WORDS, len(one[0])))
    assume(longest[1] not in normal.SMALL_WORDS)  # nobody is looked for by "de" alone
    assert pk in found(" ".join(typed)), typed


def test_names_that_were_known_before_the_keys_were_made(long_names: None) -> None:
    migration = import_module("clients_ui.migrations.0007_parts_of_names")
    before = list(Client.objects.order_by("id").values_list("id", *normal.PARTS))
    Client.objects.update(words_key=None, second_key="old", third_key=None, fourth_key=None)
    Client.objects.filter(words_key=None, pk=107).update(second_key=None)
    migration.fill(apps, SimpleNamespace(connection=connection, quote_name=connection.ops.quote_name))
    assert list(Client.objects.order_by("id").values_list("id", *normal.PARTS)) == before


def test_what_is_found_by_a_part_follows_what_is_known_of_the_name(long_names: None) -> None:
    client = Client.objects.get(pk=101)
    knowledge.merge(client, {"last_name": "Smith"}, AT)
    client.save()
    assert 101 not in found("lop mar")
    assert 101 not in found("lopez")
    knowledge.merge(client, {"first_name": "Ana Lucia"}, AT)
    client.save()
    assert found("luc smi") == [101]


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [
        ("María", "García López", (" garcia lopez maria", "lopez", None, None)),
        ("Ana Lu", "de la Cruz", (" de la cruz ana lu", "cruz", "lu", None)),
        ("Ana", "Cruz", (None,) * 4),
        (None, None, (None,) * 4),
        ("- Ana -", "O'Brien", (None,) * 4),
        (None, "A\u2010B", (" a b", "b", None, None)),
        ("a b c d", "e f g h", (" e f g h a b c d", "f", "g", "h")),
    ],
)
def test_the_parts_of_a_name(first: str | None, last: str | None, parts: tuple[str | None, ...]) -> None:
    assert normal.parts(first, last) == parts


@pytest.mark.parametrize(("typed", "first"), [("gar", 1), ("77", 77), ("78701", 78701)])
def test_the_likeliest_comes_first(seven: None, typed: str, first: int) -> None:
    assert found(typed)[0] == first


ODD = [
    *(
        "",
        " ",
        "\x00",
        "\ud800",
        "\u202e",
        "٣",
        "1e3",
        "0",
        "-1",
        "007",
        str(2**63),
        "9" * 400,
        "%",
        "_",
        "'; --",
        ",",
    ),
    *("@@", "#", "a" * 100_000, "ﬁ", "e\u0301", "🙂", "\U0010ffff", "a,b,c", ", tx", "+", "()", "{{ 1 }}"),
]


@pytest.mark.parametrize("typed", ODD)
def test_odd_text_is_a_page(as_paralegal: Browser, typed: str) -> None:
    answer = as_paralegal.get("/clients/", {"q": typed.encode("utf-8", "surrogatepass")})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "after", ["x", "W10", "WzAsMCwxXQ", "a" * 5_000, "é", "WzAsMCwiXHUwMDAwIiwiIiwxXQ", "bnVsbA"]
)
def test_a_mangled_cursor_is_the_first_page(as_paralegal: Browser, after: str) -> None:
    assert as_paralegal.get("/clients/", {"after": after}).status_code == 200
    assert as_paralegal.get("/clients/", {"before": after}).status_code == 200
    assert as_paralegal.get("/clients/", {"after": after, "sort": "told"}).status_code == 200


@given(st.text(max_size=60))
@hypothesis(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_understood_and_asked(seven: None, typed: str) -> None:
    sections = search.sections(typed)
    total, capped = keyset.total(keyset.count(sections))
    ids = keyset.page(sections, 25).ids
    assert len(ids) == len(set(ids)) == total
    assert not capped


@given(st.text(max_size=200))
def test_keys_are_stable_and_short(text: str) -> None:
    one = normal.key(text)
    assert normal.key(one) == one
    assert len(one) <= normal.KEY_LENGTH
    assert one.encode().decode() == one
    assert "\x00" not in one
    mail = normal.email_key(text)
    assert mail.encode().decode() == mail


@given(st.text(alphabet="aeiouñçüabcxyz ØÅ'-", min_size=1, max_size=30))
def test_normal_forms_and_case_meet(text: str) -> None:
    import unicodedata

    wanted = normal.key(text)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normal.key(unicodedata.normalize(form, text)) == wanted  # type: ignore[arg-type]
    assert normal.key(text.upper()) == wanted


@given(st.integers(min_value=2_000_000_000, max_value=9_999_999_999), st.integers(min_value=4, max_value=10))
def test_the_tail_of_a_phone_is_the_head_of_its_key(number: int, length: int) -> None:
    written = str(number)
    stored = normal.phone_key(f"({written[:3]}) {written[3:6]}-{written[6:]}", "US")
    assert stored.startswith(written[-length:][::-1])


class TestPaging:
    """Pages of a list with many equal names, forwards and backwards."""

    @pytest.fixture
    def many(self) -> list[int]:
        """120 clients of whom many share a name; the ids in the order of the list."""
        rows = []
        for pk in range(1, 121):
            client = knowledge.blank(pk, AT)
            told = {
                "first_name": f"F{pk % 3}",
                "last_name": f"L{pk % 5}",
                "city": "Austin" if pk % 2 else "Boston",
            }
            knowledge.merge(client, told, AT)
            rows.append(client)
        Client.objects.bulk_create(rows)
        return list(Client.objects.order_by(*search.BY_LAST).values_list("id", flat=True))

    @pytest.mark.parametrize("typed", ["l", "f", "l1 f1", "austin", "x"])
    @pytest.mark.parametrize("size", [1, 7, 25, 200])
    def test_there_and_back_again(self, many: list[int], typed: str, size: int) -> None:
        sections = search.sections(typed)
        forwards: list[int] = []
        cursor = None
        counts = keyset.count(sections)
        while True:
            page = keyset.page(sections, size, counts=counts, after=cursor)
            assert page.before == len(forwards)
            forwards += page.ids
            if page.next is None:
                break
            cursor = keyset.decode(page.next.encode(), sections)
        assert len(set(forwards)) == len(forwards) == sum(counts)
        page = keyset.page(sections, size, from_end=len(forwards))
        backwards = page.ids
        while page.previous:
            page = keyset.page(sections, size, before=keyset.decode(page.previous.encode(), sections))
            backwards = page.ids + backwards
        assert backwards == forwards

    @pytest.mark.parametrize("sort", ["name", "-name", "id", "-id", "told", "-told", "changed", "-changed"])
    def test_every_sort_shows_everybody_once(self, as_paralegal: Browser, many: list[int], sort: str) -> None:
        url, seen = f"/clients/?sort={sort}&size=50", []
        while url:
            listing = as_paralegal.get(url).context["listing"]
            seen += [row.pk for row in listing.rows]
            url = listing.pager.next_url
        assert sorted(seen) == list(range(1, 121))
        if sort == "name":
            assert seen == many

    def test_the_last_page(self, as_paralegal: Browser, many: list[int]) -> None:
        listing = as_paralegal.get("/clients/?before=end").context["listing"]
        assert [row.pk for row in listing.rows] == many[-25:]
        assert (listing.pager.first, listing.pager.last, listing.pager.total) == (96, 120, 120)
        assert not listing.pager.next_url

    @pytest.mark.parametrize(
        "url", ["/clients/", "/clients/?q=l1", "/clients/?q=l1+f1", "/clients/?q=austin"]
    )
    def test_queries_do_not_grow_with_rows(
        self, as_paralegal: Browser, queries: Callable[[Browser, str], int], many: list[int], url: str
    ) -> None:
        few = queries(as_paralegal, url)
        Client.objects.bulk_create(
            Client(id=1_000 + n, told_at=AT, last_name="L1", last_key="l1", first_key="f1", city_key="austin")
            for n in range(1_500)
        )
        join = "&" if "?" in url else "?"
        assert queries(as_paralegal, f"{url}{join}size=100") <= few

    def test_an_htmx_answer_asks_nothing_for_the_page_around_it(self, as_paralegal: Browser) -> None:
        tables = ("upstream_budget", "upstream_circuit", "jobs_job")

        def asked(**headers: str) -> list[str]:
            with CaptureQueriesContext(connection) as captured:
                as_paralegal.get("/clients/?q=l1", headers=headers)
            return [table for table in tables if any(f'FROM "{table}"' in one["sql"] for one in captured)]

        assert asked() == [*tables]
        assert asked(**{"HX-Request": "true"}) == []

    def test_counting_stops(self, as_paralegal: Browser, many: list[int]) -> None:
        Client.objects.bulk_create(
            Client(id=1_000 + n, told_at=AT, last_name="L1", last_key="l1") for n in range(1_500)
        )
        assert "more than 1,000" in text_of(as_paralegal.get("/clients/?q=l1"))

    def test_every_statement_is_a_seek(self, many: list[int]) -> None:
        """No section may walk the table, on its first page or deep in it: the plan of each names its index."""
        typed = ["l1", "l1 f1", "l1 f1 x", "austin, tx", "ext-1", "5550142", "a@b", "@b.com", "78701"]
        for section in (one for text in typed for one in search.sections(text)):
            key = tuple(1 if name == "id" else "m" for name in section.order)
            with CaptureQueriesContext(connection) as captured:
                for beyond in (None, key):
                    for backwards in (False, True):
                        keyset._keys(section, 25, (), beyond, backwards=backwards)
            for query in captured.captured_queries:
                plan = self.plan(query["sql"])
                assert "SEARCH" in plan or "Index Cond" in plan, (query["sql"], plan)
                assert "TEMP B-TREE" not in plan, plan
                assert "Sort" not in plan, plan

    @pytest.mark.parametrize("typed", ["l1", "l1 f1", "f1 l1", "l1 f1 x"])
    def test_a_count_walks_what_the_pages_walk(self, many: list[int], typed: str) -> None:
        """Of two ranges SQLite would take either, however many rows it holds."""
        for section in search.sections(typed):
            with CaptureQueriesContext(connection) as captured:
                keyset.count([section])
                keyset._keys(section, 25, (), None, backwards=False)
            count, page = (
                set(re.findall(r"client_\w+(?= \(| on)", self.plan(query["sql"]))) for query in captured
            )
            assert count == page != set(), section

    def test_doubles_count_once(self, many: list[int]) -> None:
        first, last = search._prefix("first_key", "f1"), search._prefix("last_key", "l1")
        one = keyset.Section("", search.BY_FIRST, first)
        other = keyset.Section("", search.BY_LAST, last, unless=(one.own,))
        assert keyset.count([one, other]) == [40, 16]
        assert keyset.count([one, other], most=24) == [24, 24], (
            "24 of them are reached before doubles are left out"
        )
        assert keyset.count([one, other], most=25) == [25, 16]

    @pytest.mark.parametrize(
        ("typed", "compared"),
        [
            # Nobody's last name begins with "l" and with "f"; a part of a name may.
            ("l f", [0, 1, 1, 1, 3, 4, 6, 7, 8, 9]),
            ("garcia", [0, 1, 2, 3, 4, 5, 6]),
        ],
    )
    def test_sections_are_compared_where_they_can_meet(self, typed: str, compared: list[int]) -> None:
        assert [len(section.unless) for section in search.sections(typed)] == compared

    @staticmethod
    def plan(sql: str) -> str:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
            else:  # with so few rows PostgreSQL would rather read them all
                for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")
                cursor.execute(f"EXPLAIN {sql.replace('%', '%%')}")
            return "\n".join(str(row) for row in cursor.fetchall())


class TestScreen:
    """The list itself: /clients/."""

    def test_says_what_it_covers(self, as_manager: Browser, seven: None) -> None:
        words = text_of(as_manager.get("/clients/"))
        assert "7 clients known here. Kayse may hold others" in words
        assert "María García" in words
        assert "(512) 555-0142" in words

    def test_the_fragment_is_a_fragment(self, as_manager: Browser, seven: None) -> None:
        answer = as_manager.get("/clients/?q=garcia", headers={"HX-Request": "true"})
        assert "<html" not in answer.content.decode()
        assert answer.headers["HX-Replace-Url"] == "/clients/?q=garcia"

    def test_nobody_known_yet(self, as_manager: Browser) -> None:
        assert "No clients known here yet" in text_of(as_manager.get("/clients/"))

    def test_nobody_found(self, as_manager: Browser, seven: None) -> None:
        words = text_of(as_manager.get("/clients/?q=qqq"))
        assert "Nobody found" in words
        assert "qqq" in words

    def test_access(self, client: Browser, as_nobody: Browser) -> None:
        assert client.get("/clients/").headers["Location"].startswith("/sign-in/")
        under_htmx = client.get("/clients/", headers={"HX-Request": "true"})
        assert under_htmx.headers["HX-Redirect"].startswith("/sign-in/")
        assert as_nobody.get("/clients/").status_code == 403
        assert as_nobody.post("/clients/").status_code == 405
