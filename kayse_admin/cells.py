"""Cells of CSV files that spreadsheet programs open."""

from __future__ import annotations

#: What makes a spreadsheet program take a cell for a formula, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: object) -> str:
    """The value as text that no spreadsheet program runs: an apostrophe before what would start a formula.

    `original` gives it back: what has apostrophes before a formula already gets one more.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if _is_formula(text) else text


def original(cell: str) -> str:
    """What `neutral` was given, from a file that was exported and comes back."""
    return cell[1:] if cell[:1] == "'" and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA)
