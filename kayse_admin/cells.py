"""Cells of CSV files that spreadsheet programs open."""

from __future__ import annotations

#: What makes a spreadsheet program take a cell for a formula, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: object) -> str:
    """The value as text that no spreadsheet program runs: an apostrophe before what would start a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
