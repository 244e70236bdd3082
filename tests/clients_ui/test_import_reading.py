"""Files as they come: encodings, delimiters, odd rows (row 19 of the faults), and what is no CSV (row 21)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients_ui.imports.decoding import NotACsv, Shape, lines_of, shape_of
from clients_ui.imports.reading import Record, records
from kayse_admin.cells import neutral, original

TEXT = "id,name,city\r\n1,Zoë,Łódź\r\n2,Ana,Austin\r\n"


def rows(data: bytes, piece: int = 7) -> list[Record]:
    """The rows of a file that is read in small pieces, as it might come over the network."""
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    shape = shape_of(pieces)
    return list(records(lines_of(pieces, shape.encoding), shape.delimiter))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_spelling_of_the_same_table(encoding: str, delimiter: str, end: str) -> None:
    text = TEXT.replace(",", delimiter).replace("\r\n", end)
    found = rows(text.encode(encoding))
    assert [one.cells for one in found] == [
        ["id", "name", "city"],
        ["1", "Zoë", "Łódź"],
        ["2", "Ana", "Austin"],
    ]
    assert [one.line for one in found] == [1, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "first", ["sep=;", "SEP=;", '"sep=;"', "sep=; ", "sep=;;;;", '"sep=;";;', "sep=; ; ", "sep=;\t"]
)
def test_what_excel_is_told_about_the_delimiter_is_no_head(encoding: str, first: str) -> None:
    data = f"{first}\r\nid;name, first\r\n1;Zoë, A\r\n".encode(encoding)
    assert shape_of([data]).delimiter == ";"
    assert [(one.line, one.cells) for one in rows(data)] == [
        (2, ["id", "name, first"]),
        (3, ["1", "Zoë, A"]),
    ]


@pytest.mark.parametrize(
    ("first", "delimiter"), [("sep=,,,,", ","), ('"sep=,",,', ","), ("sep=\t\t", "\t"), ("sep=| ", "|")]
)
def test_programs_that_fill_all_columns_tell_it_too(first: str, delimiter: str) -> None:
    data = f"{first}\nid{delimiter}name\n1{delimiter}Ana\n".encode()
    assert shape_of([data]).delimiter == delimiter
    assert [one.cells for one in rows(data)] == [["id", "name"], ["1", "Ana"]]


@pytest.mark.parametrize(
    "text", ["sep=,name\n1,2\n", "sep=#\n1\n", "id,sep=;\n1,2\n", "sep=,,name\n1,2,3\n", "sep=\n1\n"]
)
def test_what_only_looks_like_it_is_a_head(text: str) -> None:
    assert rows(text.encode())[0].cells == text.splitlines()[0].split(",")


@pytest.mark.parametrize("piece", [1, 1_000])
def test_a_column_named_pk_is_no_workbook(piece: int) -> None:
    assert rows(b"PK,First Name\n1,Ana\n", piece)[0].cells == ["PK", "First Name"]


def test_windows_1252() -> None:
    data = "id;name\n1;Müller – “Søn”\n".encode("cp1252")
    assert shape_of([data]) == Shape("cp1252", ";")
    assert rows(data)[1].cells == ["1", "Müller – “Søn”"]


@pytest.mark.parametrize("piece", [1, 7, 1_000])
@pytest.mark.parametrize(
    "broken", [b"1,Jos\x81,x\n2,Zo\xc3\xab,Garc\xc3\xada\n", b"1,Jos\xc3,x\n2,Zo\xc3\xab,Garc\xc3\xada\n"]
)
def test_a_broken_byte_costs_its_row_and_not_the_accents_of_the_others(broken: bytes, piece: int) -> None:
    """Row 19: one byte that is no UTF-8 does not make another encoding of a whole file."""
    data = b"id,name,city\n" + broken
    assert shape_of([data[at : at + piece] for at in range(0, len(data), piece)]).encoding == "utf-8-sig"
    first, second = rows(data, piece)[1:]
    assert (first.line, first.cells) == (2, ["1", "Jos\ufffd", "x"])
    assert (second.line, second.cells) == (3, ["2", "Zoë", "García"])


def test_bytes_that_windows_1252_does_not_have() -> None:
    data = "id,name\n1,Müller\n2,Søn\n".encode("cp1252") + b"3,\x81\x8d\n"
    assert shape_of([data]).encoding == "cp1252"
    assert [one.cells[1] for one in rows(data)[1:]] == ["Müller", "Søn", "\ufffd\ufffd"]


def test_lines_with_accents_are_shown() -> None:
    data = b"id,name\r\n" + b"1,Ana\r\n" * 40_000 + "2,Zoë\r\n3,Łódź, x\r\n4,Ana\r\n5,É\r\n6,Ü\r\n".encode()
    assert shape_of([data]).samples == ("2,Zoë", "3,Łódź, x", "5,É")
    assert shape_of(["2,Zoë".encode("cp1252")]).samples == ("2,Zoë",)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty lines"),
        (b"PK\x03\x04 anything", "Save As"),
        (b"PK\x05\x06" + bytes(18), "Save As"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save As"),
        (b"%PDF-1.4", "PDF"),
        (b"a,b\n1,\x00\n", "NUL"),
        (b"a,a\n1,2\n", "twice"),
        (b"a,A\n1,2\n", "twice"),
        (b"x" * 2_000_000, "line of more than"),
        (",".join(f"c{n}" for n in range(300)).encode() + b"\n", "columns"),
        ("a,b\n1,2".encode("utf-16")[:-1], "damaged"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(data: bytes, word: str) -> None:
    with pytest.raises(NotACsv, match=word):
        rows(data, piece=100_000)


def test_newlines_in_cells_keep_the_line_numbers() -> None:
    found = rows(b'id,note\n1,"a\nb\nc"\n2,x\n\n3,y\n')
    assert [(one.line, one.cells[0]) for one in found] == [(1, "id"), (2, "1"), (5, "2"), (7, "3")]


def test_an_unclosed_quote_costs_one_row_and_not_the_rest() -> None:
    data = 'id,name\n1,"open\n' + "".join(f"{n},Ana\n" for n in range(2, 200))
    found = rows(data.encode(), piece=500)
    assert "never closed" in found[1].problem
    assert found[1].line == 2
    assert [one.cells[0] for one in found if not one.problem] == ["id", *(str(n) for n in range(2, 200))]


def test_an_unclosed_quote_in_the_last_line() -> None:
    found = rows(b'id,name\n1,Ana\n2,"open\n')
    assert [(one.line, bool(one.problem)) for one in found] == [(1, False), (2, False), (3, True)]


def test_ragged_rows_huge_cells_and_the_rows_between_them() -> None:
    data = b"id,name\n1\n2,a,b\n3," + b"x" * 1_000_000 + b"\n4," + b"y" * 6_000 + b"\n5,ok\n"
    found = rows(data, piece=65_536)
    assert [one.line for one in found if one.problem] == [2, 3, 4, 5]
    assert found[-1] == Record(6, ["5", "ok"])


@given(st.text())
def test_a_cell_survives_export_and_import(text: str) -> None:
    """Row 20: neutralised in the file, and the original again after the import."""
    cell = neutral(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert original(cell) == text


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_sentence(data: bytes) -> None:
    with contextlib.suppress(NotACsv):
        found = rows(data)
        assert found[0].cells
        assert [one.line for one in found] == sorted(one.line for one in found)
