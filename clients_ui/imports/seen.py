"""Which keys of a file were seen on which line first, for any number of keys in the same memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Sequence

#: Keys that are held in memory, at 100 bytes each: those of 20,000 rows.
MOST_HELD = 60_000


class Seen:
    """Keys and the line of each that came first, for one file.

    The keys of a usual file are in a dictionary, which finds one in a fifth of the time. A million rows have three
    million keys, which would take 300 MB there: from `MOST_HELD` on all are in a temporary file that nobody else sees
    and that ends with us.
    """

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self._most_held = most_held
        self._held: dict[int, int] | None = {}
        self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-8000"):
            self._table.execute(f"PRAGMA {pragma}")
        self._table.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY, line INTEGER NOT NULL)")
        self._table.execute("BEGIN")

    def earlier(self, keys: Sequence[Hashable], lines: Sequence[int]) -> list[int | None]:
        """For each key the earlier line that has it too, or None; "" and None are no keys. Notes them all.

        Keys are compared by their hash of 64 bits: two of a million meet by chance once in 30 million files.
        """
        if self._held is not None:
            note = self._held.setdefault
            first = [note(hash(key), line) if key else line for key, line in zip(keys, lines, strict=True)]
            if len(self._held) > self._most_held:
                self._put_away(self._held)
            if first == lines:
                return [None] * len(lines)  # all of them are new, as nearly always
            return [at if at != line else None for at, line in zip(first, lines, strict=True)]
        return self._earlier_in_file(keys, lines)

    def _put_away(self, held: dict[int, int]) -> None:
        self._table.executemany("INSERT INTO seen VALUES (?, ?)", sorted(held.items()))
        self._held = None

    def _earlier_in_file(self, keys: Sequence[Hashable], lines: Sequence[int]) -> list[int | None]:
        hashes = [hash(key) for key in keys]
        pairs = [(one, line) for one, line, key in zip(hashes, lines, keys, strict=True) if key]
        added = self._table.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", pairs).rowcount
        if not pairs or added == len(pairs):
            return [None] * len(keys)  # all of them are new, as nearly always
        marks = ", ".join("?" * len(pairs))
        query = f"SELECT key, line FROM seen WHERE key IN ({marks})"  # noqa: S608  (nothing but marks)
        first = dict(self._table.execute(query, [one for one, _ in pairs]))
        found = (first.get(one) if key else None for one, key in zip(hashes, keys, strict=True))
        return [at if at != line else None for at, line in zip(found, lines, strict=True)]
