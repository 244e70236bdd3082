"""What is typed into the search box, and paging through what it finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
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
        ("la cruz", []),
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


@pytest.mark.parametrize(
    ("name", "key"),
    [("García López", "lopez"), ("Martínez-López", "lopez"), ("de la Cruz", "cruz"), ("Cruz", None), ("", None),
     (None, None), ("O'Brien", None), ("- López -", None), ("A\u2010B", "b")],
)  # fmt: skip
def test_the_key_of_a_second_last_name(name: str | None, key: str | None) -> None:
    assert normal.second_key(name) == key


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

    def test_counting_stops(self, as_paralegal: Browser, many: list[int]) -> None:
        Client.objects.bulk_create(
            Client(id=1_000 + n, told_at=AT, last_name="L1", last_key="l1") for n in range(1_500)
        )
        assert "more than 1,000" in text_of(as_paralegal.get("/clients/?q=l1"))

    def test_every_statement_is_a_seek(self, many: list[int]) -> None:
        """No section may walk the table, on its first page or deep in it: the plan of each names its index."""
        typed = ["l1", "l1 f1", "austin, tx", "ext-1", "5550142", "a@b", "@b.com", "78701"]
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

    @staticmethod
    def plan(sql: str) -> str:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
            else:  # with so few rows PostgreSQL would rather read them all
                for way in ("seqscan", "bitmapscan", "sort"):
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
