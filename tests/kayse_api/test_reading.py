"""From bytes to JSON that can be stored, and from JSON to the shapes of the vendor's pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kayse_admin.kayse_api import reading
from kayse_admin.kayse_api.errors import NoUsableAnswer
from kayse_admin.kayse_api.outcomes import UnknownReason
from kayse_admin.kayse_api.schemas import MAX_ID, FailedRow

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"   ",
            b"<!doctype html><title>502</title>",
            b'{"id": 7',
            b'{"id": 7}}',
            b'{"id": 7} {"id": 8}',
            b'{"id": NaN}',
            b'{"id": Infinity}',
            b'{"id": -Infinity}',
            b"{'id': 7}",
            '{"name": "José"}'.encode("latin-1"),
            '{"id": 7}'.encode("utf-16"),
            b'{"a": "\x00"}',
            b'{"a": "\n"}',
            b"\xed\xa0\x80",
            b"[" * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
            b"[" * 65 + b"]" * 65,
            b'{"a":' * 5000 + b"1" + b"}" * 5000,
        ],
    )
    def test_is_refused(self, body: bytes) -> None:
        with pytest.raises(NoUsableAnswer) as refusal:
            reading.read_json(body)
        assert refusal.value.reason is UnknownReason.BAD_BODY
        assert refusal.value.__context__ is None or refusal.value.__suppress_context__

    @pytest.mark.parametrize(
        ("body", "value"),
        [
            (b'\xef\xbb\xbf{"id": 7}', {"id": 7}),
            (b'{"id": 1, "id": 2}', {"id": 2}),
            (b'{"n": 9223372036854775807}', {"n": 2**63 - 1}),
            (b'{"n": ' + b"1" * 20 + b"}", {"n": "1" * 20}),
            (b'{"n": ' + b"9" * 5000 + b"}", {"n": "9" * 5000}),
            (b'{"n": 1e999}', {"n": "1e999"}),
            (b'{"n": 1.5e3}', {"n": 1500.0}),
            (rb'"\ud800"', "�"),
            (rb'"\ude00\ud83d"', "��"),
            (rb'"\ud83d\ude00"', "😀"),
            (rb'"a\u0000b"', "a�b"),
            (rb'{"\ud800": [{"\u0000": null}]}', {"�": [{"�": None}]}),
            (b"[" * 63 + b"]" * 63, json.loads("[" * 63 + "]" * 63)),
        ],
    )
    def test_is_taken(self, body: bytes, value: Any) -> None:
        assert reading.read_json(body) == value

    @given(json_values)
    def test_comes_out_as_it_went_in_and_can_be_stored(self, value: Any) -> None:
        read = reading.read_json(json.dumps(value).encode())
        stored = json.dumps(read, allow_nan=False, ensure_ascii=False).encode()
        assert b"\\u0000" not in stored
        if "\0" not in json.dumps(value, ensure_ascii=False) and "\\u0000" not in json.dumps(value):
            assert reading.read_json(stored) == read

    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused(self, body: bytes) -> None:
        try:
            read = reading.read_json(body)
        except NoUsableAnswer:
            read = None
        assert json.dumps(read, allow_nan=False, ensure_ascii=False).encode()


class TestPlainText:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("plain", "plain"),
            ("  two\r\n\tlines\x00\x1b[31m ", "two lines [31m"),
            ("a\u202eb\u200bc\ufeff", "abc"),
            ("a\u2028b", "a b"),
            ("x" * 600, "x" * 500),
            ("\x00" * 5000, ""),
            (["first", 2, "second"], "first; second"),
            (None, ""),
            ({"a": 1}, ""),
            (7, ""),
            (True, ""),
        ],
    )
    def test_is_one_short_visible_line(self, value: Any, text: str) -> None:
        assert reading.plain(value) == text

    @given(st.text(max_size=3000))
    def test_is_always_printable_and_short(self, text: str) -> None:
        plain = reading.plain(text)
        assert len(plain) <= 500
        assert all(char == " " or char.isprintable() or char.isspace() for char in plain)
        assert "\n" not in plain


class TestErrorBodies:
    @pytest.mark.parametrize(
        ("body", "code", "message"),
        [
            (b'{"error": "bad_request", "message": "city is too long"}', "bad_request", "city is too long"),
            (b'{"message": ["a", "b"]}', "", "a; b"),
            (b'{"error": {"code": 5}}', "", ""),
            (b'["no"]', "", ""),
            (b'"no"', "", ""),
            (b"<h1>Bad Request</h1>", "", ""),
            (b"", "", ""),
            (b"\xff", "", ""),
        ],
    )
    def test_give_plain_words_or_none(self, body: bytes, code: str, message: str) -> None:
        assert reading.read_error(body) == (code, message)


class TestFailedRows:
    @pytest.mark.parametrize(
        ("raw", "row"),
        [
            (0, FailedRow(None, 0, None, None, "", 0)),
            (3, FailedRow(3, 3, None, None, "", 3)),
            (-1, FailedRow(None, None, None, None, "", -1)),
            (True, FailedRow(None, None, None, None, "", True)),
            (None, FailedRow(None, None, None, None, "", None)),
            (1.5, FailedRow(None, None, None, None, "", 1.5)),
            ("ext-9", FailedRow(None, None, None, "ext-9", "", "ext-9")),
            ("123", FailedRow(123, None, None, "123", "", "123")),
            ("no such case", FailedRow(None, None, None, None, "no such case", "no such case")),
            ("", FailedRow(None, None, None, None, "", "")),
            ([], FailedRow(None, None, None, None, "", [])),
        ],
    )
    def test_bare_values(self, raw: Any, row: FailedRow) -> None:
        assert reading.failed_rows([raw]) == [row]

    def test_objects(self) -> None:
        raw = {
            "id": "12",
            "index": "0",
            "external_source": "manual",
            "external_source_id": 77,
            "error": "bad",
            "message": "city is too long",
        }
        assert reading.failed_rows([raw]) == [FailedRow(12, 0, "manual", "77", "city is too long", raw)]

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            ({"error": "bad"}, "bad"),
            ({"errors": ["bad", "worse"]}, "bad; worse"),
            ({"message": "", "error": "bad"}, "bad"),
            ({"message": {"city": "long"}}, ""),
            ({}, ""),
        ],
    )
    def test_words_of_objects(self, raw: dict[str, Any], message: str) -> None:
        assert reading.failed_rows([raw])[0].message == message

    def test_one_outside_an_array_and_none_at_all(self) -> None:
        assert [row.id for row in reading.failed_rows({"id": 4})] == [4]
        assert reading.failed_rows(None) == []
        assert reading.failed_rows([]) == []

    @given(json_values)
    def test_any_shape_keeps_every_row(self, raw: Any) -> None:
        rows = reading.failed_rows(raw)
        given_rows = raw if isinstance(raw, list) else [] if raw is None else [raw]
        assert [row.raw for row in rows] == given_rows
        for row in rows:
            assert row.id is None or 1 <= row.id <= MAX_ID
            assert row.index is None or row.index >= 0
            assert isinstance(row.message, str)


class TestBulkClients:
    def test_whole(self) -> None:
        raw = {
            "clients": [{"id": 999}, {"id": "123"}, "?"],
            "successful_ids": [999, "123", None],
            "failed": [],
        }
        bulk = reading.bulk_clients(raw)
        assert [client.id for client in bulk.clients] == [999, 123]
        assert bulk.successful_ids == [999, 123]
        assert bulk.failed == []

    @pytest.mark.parametrize("only", ["clients", "successful_ids", "failed"])
    def test_one_array_is_enough(self, only: str) -> None:
        bulk = reading.bulk_clients({only: []})
        assert (bulk.clients, bulk.successful_ids, bulk.failed) == ([], [], [])

    @pytest.mark.parametrize("raw", [None, [], "", 7, {}, {"error": "x"}, {"clients": None, "failed": {}}])
    def test_none_is_not(self, raw: Any) -> None:
        with pytest.raises(NoUsableAnswer):
            reading.bulk_clients(raw)


class TestEchoes:
    @pytest.mark.parametrize(
        "raw",
        [
            {"action": "attach", "list_id": "5"},
            {"action": "attach", "list_id": 5},
            {"action": "attach"},
            {"action": "attach", "list_id": None},
            {"action": "attach", "list_id": ["?"]},
            {"list_id": "5"},
        ],
    )
    def test_name_the_list_that_was_asked_for(self, raw: Any) -> None:
        assert reading.operation(raw, 5).list_id == 5

    @pytest.mark.parametrize(
        "raw", [{}, None, [], {"error": "x", "message": "y"}, {"list_id": 6, "action": "attach"}]
    )
    def test_of_nothing_or_of_another_list_are_no_answer(self, raw: Any) -> None:
        with pytest.raises(NoUsableAnswer):
            reading.operation(raw, 5)
        with pytest.raises(NoUsableAnswer):
            reading.matched(raw, 5)

    def test_counts_may_be_missing_or_odd(self) -> None:
        told = reading.matched(
            {"action": "append", "list_id": 1, "client_count": "3", "matched_case_count": -1}, 1
        )
        assert (told.client_count, told.matched_case_count) == (3, None)

    def test_a_copy(self) -> None:
        copy = reading.duplicated({"id": "42", "original_list_id": "1"}, 1)
        assert (copy.id, copy.original_list_id) == (42, 1)
        assert reading.duplicated({"id": 42}, 1).original_list_id == 1
        bad: list[Any] = [{}, {"id": 0}, {"id": 42, "original_list_id": "2"}, None]
        for raw in bad:
            with pytest.raises(NoUsableAnswer):
                reading.duplicated(raw, 1)

    @pytest.mark.parametrize("raw", [{}, {"deleted_ids": None}, {"deleted_ids": "1"}, [], None])
    def test_deleted_needs_its_array(self, raw: Any) -> None:
        with pytest.raises(NoUsableAnswer):
            reading.deleted(raw)

    def test_deleted_takes_ids_in_both_forms(self) -> None:
        assert reading.deleted({"deleted_ids": [1, "2", None, True, -1, "x"]}).deleted_ids == [1, 2]

    def test_a_deletes_sentence(self) -> None:
        assert reading.message({"message": "client deleted\nsuccessfully"}) == "client deleted successfully"
        assert reading.message({}) == ""
        bad: list[Any] = [None, [], "gone", {"error": "x", "message": "not deleted"}]
        for raw in bad:
            with pytest.raises(NoUsableAnswer):
                reading.message(raw)


class TestUpserted:
    def test_accounts_for_every_definition(self) -> None:
        raw = {"results": [{"id": "100", "action": "created"}, {"id": 55, "action": "updated"}]}
        assert [(row.id, row.action) for row in reading.upserted(raw, [None, 55])] == [
            (100, "created"),
            (55, "updated"),
        ]

    @pytest.mark.parametrize(
        "raw",
        [
            {"results": []},
            {"results": [{"id": 56, "action": "updated"}]},
            {"results": [{"action": "updated"}]},
            {"results": ["55"]},
            {"results": None},
            {},
            None,
        ],
    )
    def test_or_is_no_answer(self, raw: Any) -> None:
        with pytest.raises(NoUsableAnswer):
            reading.upserted(raw, [55])


class TestPages:
    def test_rows_that_are_none_are_kept_apart_and_counted(self) -> None:
        page = reading.page({"data": [{"id": 1}, {"name": "?"}, None], "page": "2", "total": "7"}, 2)
        assert [row.id for row in page.data] == [1]
        assert (page.unreadable, page.rows, page.page, page.total) == ([{"name": "?"}, None], 3, 2, 7)

    def test_page_and_total_may_be_missing(self) -> None:
        page = reading.page({"data": []}, 4)
        assert (page.page, page.total) == (4, None)

    @pytest.mark.parametrize("raw", [None, [], {}, {"data": None}, {"data": {}}])
    def test_data_may_not(self, raw: Any) -> None:
        with pytest.raises(NoUsableAnswer):
            reading.page(raw, 1)


NAMES = (
    "id action list_id original_list_id results data page total clients successful_ids failed deleted_ids "
    "message error case_count client_count matched_case_count index"
)
KEYS = st.sampled_from(NAMES.split())
answers = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["1", "x", "\n"]) | st.floats(0, 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)
READERS: list[Callable[[Any], Any]] = [
    reading.client,
    lambda raw: reading.client(raw, 1),
    reading.message,
    lambda raw: reading.page(raw, 1),
    lambda raw: reading.operation(raw, 1),
    lambda raw: reading.matched(raw, 1),
    lambda raw: reading.duplicated(raw, 1),
    lambda raw: reading.upserted(raw, [None, 1]),
    reading.deleted,
    reading.bulk_clients,
]


@given(st.sampled_from(READERS), answers)
@settings(max_examples=600)
def test_any_json_is_read_or_refused_and_nothing_else(read: Callable[[Any], Any], raw: Any) -> None:
    with suppress(NoUsableAnswer):
        assert read(raw) is not None
