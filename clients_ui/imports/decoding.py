"""From the bytes of a file to lines of text: which encoding, which delimiter, and what is no CSV at all."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")
#: Bytes and lines that the guesses rest on.
SAMPLE_BYTES = 65_536
SAMPLE_LINES = 50
#: Lines with accents that are shown.
SAMPLES = 3
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
    #: The first lines with more than ASCII in them: whoever reads them sees whether the encoding is right.
    samples: tuple[str, ...] = field(default=(), compare=False)

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
    sample, accents, utf8 = bytearray(), list[bytes](), _Utf8()
    encoding = ""
    for piece in pieces:
        if len(sample) < SAMPLE_BYTES:
            sample += piece[: SAMPLE_BYTES - len(sample)]
            encoding = encoding or _by_its_beginning(bytes(sample[:64]))
        if encoding.startswith("utf-16"):
            continue
        if b"\x00" in piece:
            raise NotACsv(
                "There are NUL characters in this file: it is no text file. Save it as “CSV UTF-8”."
            )
        utf8.look(piece)
        if len(accents) < SAMPLES:
            accents += islice(_accented(piece), SAMPLES - len(accents))
    if not sample:
        raise NotACsv("The file is empty.")
    encoding = encoding or ("utf-8-sig" if utf8.is_it() else "cp1252")
    samples = tuple(line.decode(encoding, "replace") for line in accents)
    return Shape(encoding, _delimiter(bytes(sample).decode(encoding, "replace")), samples)


@dataclass(slots=True)
class _Utf8:
    """Whether a file is UTF-8, some bytes of which may be broken: other encodings are hardly ever valid in it."""

    #: Characters of several bytes, and bytes that belong to none.
    _whole: int = 0
    _broken: int = 0
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("surrogateescape")
    )

    def look(self, piece: bytes) -> None:
        """The next piece of the file."""
        text = self._decoder.decode(piece)
        if not text.isascii():
            broken = len(_BROKEN.findall(text))
            self._whole += len(_WIDE.findall(text)) - broken
            self._broken += broken

    def is_it(self) -> bool:
        """At the end of the file."""
        self._broken += len(self._decoder.decode(b"", final=True))
        return self._broken <= self._whole


def _accented(piece: bytes) -> Iterator[bytes]:
    """The lines that are not all ASCII."""
    at = 0
    while found := _HIGH.search(piece, at):
        begin = max(piece.rfind(b"\n", at, found.start()), piece.rfind(b"\r", at, found.start()), at - 1) + 1
        end = _END.search(piece, found.end())
        at = end.start() if end else len(piece)
        yield piece[begin:at]


_HIGH, _END = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\r\n]")
#: Characters that are not ASCII, and bytes that are no character.
_WIDE = re.compile("[^\x00-\x7f]")
_BROKEN = re.compile("[\udc80-\udcff]")


def _by_its_beginning(head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # the second has no files in it
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


#: What some programs write as the first line, for Excel; those that fill all columns go on with delimiters.
_TOLD = re.compile('"?sep=(.)"?(.*)', re.IGNORECASE)


def _delimiter(text: str) -> str:
    """The one that the first line names, else the one that cuts the most columns, equally many in each line."""
    lines = [line for line in text.splitlines()[:SAMPLE_LINES] if line.strip()]
    if not lines:
        raise NotACsv("There is nothing but empty lines in the file.")
    told = _TOLD.fullmatch(lines[0].removeprefix("\ufeff"))
    if told and told[1] in DELIMITERS and not told[2].strip(f"{told[1]} \t"):
        return told[1]

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

    A byte that is no text in the encoding becomes U+FFFD, which no row that is sent may hold. Raises `NotACsv` for a
    line that is longer than any row of clients, and for broken UTF-16.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict" if encoding.startswith("utf-16") else "replace")
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
