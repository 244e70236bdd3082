"""Loading the firm's client export: `manage.py load_export`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clients_ui import export_file, knowledge
from clients_ui.export_file import BadRow, Row
from clients_ui.fields import WRITABLE
from clients_ui.load import load
from clients_ui.models import Client
from kayse_admin.audit.models import Event
from tests.conftest import Sandbox
from tests.waiting import until

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = "id,first_name,last_name,city,voice_calls_opted_out,case_ids\r\n"


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def bad(text: str) -> dict[int, str]:
    return {row.line: row.why for row in export_file.read(lines(HEAD + text)) if isinstance(row, BadRow)}


def good(text: str) -> list[int]:
    return [row.pk for row in export_file.read(lines(HEAD + text)) if isinstance(row, Row)]


def test_the_sandbox_export_is_taken_whole_without_a_vendor_request(sandbox: Sandbox) -> None:
    out = StringIO()
    call_command("load_export", f"{sandbox.base}/_sandbox/export.csv", stdout=out)
    assert "60 clients loaded (60 new), 0 rows refused." in out.getvalue()
    assert sandbox.requests() == []
    for pk in (1, 2, 30, 60):
        there, here = sandbox.client(pk), Client.objects.get(pk=pk)
        assert {name: getattr(here, name) for name in WRITABLE} == {name: there[name] for name in WRITABLE}
        assert here.not_told() == []
    (fact,) = Event.objects.filter(action="directory_load")
    assert (fact.stage, fact.after) == ("fact", {"taken": 60, "added": 60, "refused": 0})


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, Client._meta.db_table))


@pytest.mark.parametrize("rows", [4, 5, 12])
def test_a_large_first_load_ends_with_every_index(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("clients_ui.load.BATCH", 5)
    before = indexes()
    text = HEAD + "".join(f"{n},Ann,Lee{n},Austin,false,\r\n" for n in range(1, rows + 1))
    for _ in range(2):
        assert load(export_file.read(lines(text)), AT).taken == rows
    assert indexes() == before
    assert Client.objects.filter(last_key__startswith="lee").count() == rows


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_after_a_large_load_the_table_is_vacuumed_for_counts_from_the_index_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clients_ui.load.BATCH", 5)
    text = HEAD + "".join(f"{n},Ann,Lee{n},Austin,false,\r\n" for n in range(1, 8))
    with connection.cursor() as cursor:
        # Not how much of it is visible to all: a transaction elsewhere on the server may hold that back.
        query = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = %s"

        def vacuumed() -> int:
            return int(cursor.execute(query, [Client._meta.db_table]).fetchone()[0])

        before = vacuumed()
        load(export_file.read(lines(text)), AT)
        until(lambda: vacuumed() > before, "the table to be vacuumed", seconds=20)


def test_a_large_first_load_that_fails_leaves_nothing_behind(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clients_ui.load.BATCH", 5)
    before = indexes()

    def failing() -> Iterator[Row]:
        yield from (Row(n, n, {"city": "Austin"}) for n in range(1, 8))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        load(failing(), AT)
    assert indexes() == before
    assert not Client.objects.exists()


def test_a_second_load_replaces(sandbox: Sandbox, tmp_path: Path) -> None:
    load(export_file.read(lines(HEAD + "1,Ann,Lee,Austin,false,1 2\r\n")), AT)
    loaded = load(
        export_file.read(lines(HEAD + "1,Ann,Lee,Boston,true,\r\n2,Bo,Li,,,\r\n")), AT + timedelta(days=1)
    )
    assert (loaded.taken, loaded.added, loaded.refused) == (2, 1, 0)
    ann = Client.objects.get(pk=1)
    assert (ann.city, ann.city_key, ann.voice_calls_opted_out, ann.case_ids) == ("Boston", "boston", True, [])
    assert ann.told_at == AT + timedelta(days=1)
    assert ann.known_since == AT
    assert Client.objects.get(pk=2).voice_calls_opted_out is None


def test_what_is_known_from_later_stays(sandbox: Sandbox) -> None:
    client = knowledge.blank(1, AT)
    knowledge.merge(
        client, {"city": "Newer", "email": "a@example.com"}, AT + timedelta(days=9), {"nickname": "A"}
    )
    client.save()
    load(export_file.read(lines(HEAD + "1,Ann,Lee,Older,false,1\r\n")), AT)
    after = Client.objects.get(pk=1)
    assert (after.city, after.first_name, after.email) == ("Newer", "Ann", "a@example.com")
    assert (after.age("city"), after.age("first_name")) == (AT + timedelta(days=9), AT)
    assert after.extra == {"nickname": "A"}


def test_a_partial_file_leaves_the_other_fields_and_their_ages(sandbox: Sandbox) -> None:
    load(export_file.read(lines(HEAD + "1,Ann,Lee,Austin,false,1\r\n")), AT)
    load(export_file.read(["id,city\n", "1,Boston\n"]), AT + timedelta(days=1))
    after = Client.objects.get(pk=1)
    assert (after.city, after.first_name) == ("Boston", "Ann")
    assert (after.age("city"), after.age("first_name")) == (AT + timedelta(days=1), AT)
    assert after.age("email") is None


def test_half_a_name_is_found_with_the_half_that_was_known(sandbox: Sandbox) -> None:
    load(export_file.read(lines(HEAD + "1,Ann Lu,Lee,Austin,false,1\r\n")), AT)
    load(export_file.read(["id,last_name\n", "1,de la Cruz\n", "2,Ray Po\n"]), AT + timedelta(days=1))
    keys = Client.objects.order_by("pk").values_list("words_key", "second_key", "third_key")
    assert list(keys) == [(" de la cruz ann lu", "cruz", "lu"), (" ray po", "po", None)]
    load(export_file.read(["id,first_name,last_name\n", "1,Ann,Lee\n"]), AT + timedelta(days=2))
    assert list(keys.all()) == [(None, None, None), (" ray po", "po", None)]


def test_a_deleted_client_in_a_newer_file_is_there_again(sandbox: Sandbox) -> None:
    load(export_file.read(lines(HEAD + "1,Ann,Lee,Austin,false,1\r\n")), AT)
    Client.objects.update(gone_at=AT + timedelta(hours=1))
    load(export_file.read(lines(HEAD + "1,Ann,Lee,Austin,false,1\r\n")), AT)
    assert Client.objects.get().gone_at is not None
    load(export_file.read(lines(HEAD + "1,Ann,Lee,Austin,false,1\r\n")), AT + timedelta(hours=2))
    assert Client.objects.get().gone_at is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("0,a,b,c,,", "whole number"),
        ("-1,a,b,c,,", "whole number"),
        ("1e3,a,b,c,,", "whole number"),
        ("٣,a,b,c,,", "whole number"),
        (f"{2**63},a,b,c,,", "whole number"),
        (",a,b,c,,", "whole number"),
        ("1,a,b,c", "4 cells"),
        ("1,a,b,c,,,", "7 cells"),
        ("1,a,b,c,perhaps,", "neither true nor false"),
        ("1,a,b,c,,1 x", "case ids"),
        ("1,a,b,c,,0", "case ids"),
        ("1,a\x00,b,c,,", "NUL"),
        (f"1,{'a' * 6000},b,c,,", "longer"),
        (f"1,{'a' * 140_000},b,c,,", "CSV"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_taken(row: str, why: str) -> None:
    text = f"7,Ann,Lee,Austin,,\r\n{row}\r\n8,Bo,Li,,,\r\n"
    assert list(bad(text)) == [3]
    assert why in bad(text)[3]
    assert good(text) == [7, 8]


def test_an_unclosed_quote_swallows_its_row_only() -> None:
    rest = "".join(f"{n},a,b,c,,\r\n" for n in range(10, 200))
    text = f'1,Ann,"Lee,Austin,,\r\n{rest}'
    assert list(bad(text)) == [2]
    assert good(text) == list(range(10, 200))


def test_an_unclosed_quote_near_the_end() -> None:
    text = '1,Ann,"Lee,Austin,,\r\n2,a,b,c,,\r\n'
    assert list(bad(text)) == [2]
    assert good(text) == [2]


def test_lines_in_cells_are_cells() -> None:
    text = '1,Ann,"Lee\nJunior",Austin,,\r\n2,a,b,c,,\r\nx,a,b,c,,\r\n'
    assert good(text) == [1, 2]
    assert list(bad(text)) == [5]


def test_an_id_that_is_there_twice_is_told() -> None:
    loaded = load(export_file.read(lines(HEAD + "1,Ann,Lee,,,\r\n1,Bo,Li,,,\r\n")), AT)
    assert [(row.line, "twice" in row.why) for row in loaded.bad] == [(3, True)]
    assert Client.objects.get().first_name == "Ann"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"name,city\n1,2\n", "no column"),
        (b"id,id,city\n1,1,2\n", "there twice"),
        (b"id,colour\n1,red\n", "None of the columns"),
        (b"id,city\n1,caf\xe9\n", "UTF-8"),
        (b"PK\x03\x04\xff\xfe", "UTF-8"),
        ("id,city\n1,x\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=why):
        call_command("load_export", str(path))
    assert not Client.objects.exists()
    assert not Event.objects.filter(action="directory_load").exists()


def test_a_byte_order_mark_and_any_line_ending(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"\xef\xbb\xbfid,city\r\n1,Austin\n2,Boston\r")
    call_command("load_export", str(path), stdout=StringIO())
    assert list(Client.objects.order_by("id").values_list("id", "city")) == [(1, "Austin"), (2, "Boston")]
    assert Client.objects.get(pk=1).told_at <= timezone.now()


@pytest.mark.parametrize("source", ["/nowhere/at/all.csv", "http://127.0.0.1:9/export.csv"])
def test_what_cannot_be_read_is_said(source: str) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_export", source)
