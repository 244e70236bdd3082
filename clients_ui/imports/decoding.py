"""From the bytes of a file to lines of text: which encoding, which delimiter, and what is no CSV at all."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|")
#: Bytes and lines that the guesses rest on.
SAMPLE_BYTES = 65_536
SAMPLE_LINES = 50
#: No line of a table of clients is longer: it would be another kind of file.
MOST_LINE = 1_500_000

XLSX = (
    "This is an Excel workbook, not a CSV file. Open it in Excel and choose File, Save As, "
    "“CSV UTF-8 (Comma delimited)”; then send that file."
)
OLD_XLS = XLSX.replace("an Excel workbook", "an old Excel workbook")


class NotACsv(Exception):
    """The file as a whole cannot be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written: `encoding` as Python names it, `delimiter` one character."""

    encoding: str
    delimiter: str

    @property
    def encoding_words(self) -> str:
        """The encoding as people know it."""
        return {
            "utf-8-sig": "UTF-8",
            "utf-16": "UTF-16",
            "utf-16-le": "UTF-16",
            "utf-16-be": "UTF-16",
            "cp1252": "Windows-1252",
        }[self.encoding]

    @property
    def delimiter_words(self) -> str:
        """The delimiter as people call it."""
        return {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}[self.delimiter]


def shape_of(pieces: Iterable[bytes]) -> Shape:
    """How the file is written. Reads it once, piece by piece. Raises `NotACsv` for what is no text."""
    sample, is_utf8 = bytearray(), True
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = ""
    for piece in pieces:
        if len(sample) < SAMPLE_BYTES:
            sample += piece[: SAMPLE_BYTES - len(sample)]
            encoding = encoding or _by_its_beginning(bytes(sample[:64]))
        if not encoding.startswith("utf-16") and b"\x00" in piece:
            raise NotACsv(
                "There are NUL characters in this file: it is no text file. Save it as “CSV UTF-8”."
            )
        if is_utf8 and not encoding.startswith("utf-16"):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
    if not sample:
        raise NotACsv("The file is empty.")
    if not encoding.startswith("utf-16"):
        encoding = "utf-8-sig" if is_utf8 else "cp1252"
    return Shape(encoding, _delimiter(bytes(sample).decode(encoding, "replace")))


def _by_its_beginning(head: bytes) -> str:
    if head.startswith(b"PK"):
        raise NotACsv(XLSX)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotACsv(OLD_XLS)
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b")):
        raise NotACsv("This is no CSV file but a picture, a PDF or an archive.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Every other byte of Western text in UTF-16 is NUL.
    if len(head) >= 4 and head[1::2].count(0) * 10 > len(head) * 4:
        return "utf-16-le"
    if len(head) >= 4 and head[::2].count(0) * 10 > len(head) * 4:
        return "utf-16-be"
    return ""


def _delimiter(text: str) -> str:
    """The one that cuts the first lines into the most columns, equally many in each."""
    lines = [line for line in text.splitlines()[:SAMPLE_LINES] if line.strip()]
    if not lines:
        raise NotACsv("There is nothing but empty lines in the file.")

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return (0, 0)
        even = sum(width == widths[0] for width in widths)
        return (even if widths[0] > 1 else 0, widths[0])

    return max(DELIMITERS, key=worth)


def lines_of(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The lines of the file with their ends, whatever ends they have: CRLF, LF, or CR alone.

    Raises `NotACsv` for a line that is longer than any row of clients, and for broken UTF-16.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict" if encoding != "cp1252" else "replace")
    rest = ""
    try:
        for piece in pieces:
            rest += decoder.decode(piece)
            # A CR at the very end may be the first half of a CRLF.
            held = rest[-1:] if rest.endswith("\r") else ""
            lines = _split(rest[:-1] if held else rest)
            rest = (lines.pop() if lines and not lines[-1].endswith(("\n", "\r")) else "") + held
            yield from lines
            if len(rest) > MOST_LINE:
                raise NotACsv(
                    "There is a line of more than 1,500,000 characters: this is no table of clients."
                )
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotACsv("The file is cut off or damaged: its text cannot be read to the end.") from None
    yield from _split(rest)


def _split(text: str) -> list[str]:
    """Cut behind CRLF, LF and CR, and nowhere else: other separators may stand inside a cell."""
    if "\r" not in text:
        return text.splitlines(keepends=True) if text.isascii() and not _odd(text) else _by_newline(text)
    return _by_newline(text.replace("\r\n", "\n").replace("\r", "\n"))


def _odd(text: str) -> bool:
    return any(mark in text for mark in "\x0b\x0c\x1c\x1d\x1e")


def _by_newline(text: str) -> list[str]:
    parts = text.split("\n")
    last = parts.pop()
    return [part + "\n" for part in parts] + ([last] if last else [])
