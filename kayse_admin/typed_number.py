"""The number of records that is typed by hand before many of them are changed."""

from __future__ import annotations

#: From so many on; fewer are a click.
TYPED_ABOVE = 100


def ask_for(count: int | str) -> str:
    """What is said where it is missing or another one."""
    return f"Type {count} to confirm that you mean all of them."
