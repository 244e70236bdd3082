"""URL parts: ids of the vendor, and operation ids."""

from __future__ import annotations

import re

#: The largest id that the databases (and presumably the vendor) can hold.
MAX_ID = 2**63 - 1
_ID = re.compile(r"[1-9][0-9]{0,18}")


def parse_id(text: str) -> int | None:
    """The id 1..2**63-1 written as plain ASCII digits without padding, or None for anything else."""
    if not _ID.fullmatch(text):
        return None
    number = int(text)
    return number if number <= MAX_ID else None


class KayseIdConverter:
    """`<kid:pk>`: an id of the vendor, 1 to 2**63-1; everything else is no such page."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """Parse, or raise ValueError, which Django turns into 404."""
        number = parse_id(value)
        if number is None:
            raise ValueError
        return number

    def to_url(self, value: int | str) -> str:
        """Write the id into a URL."""
        return str(value)
