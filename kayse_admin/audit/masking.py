"""What nobody should see in full without asking for it: social security numbers, wherever they turn up.

They are known by their look (three, two and four digits), by the word before nine digits, or by the name of their
field. Clients and the record both
come here, so that what is blotted out on a client's page is blotted out in its history and in every export.

Readers of the record are shown less: how to reach somebody and when they were born is `hidden` as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "•••-••-••••"

_SOCIAL_SECURITY = re.compile(r"(?<!\d)\d{3}[-\u2010-\u2015 .]\d{2}[-\u2010-\u2015 .]\d{4}(?!\d)")
_NAMED_NUMBER = re.compile(
    r"\b((?:ssn|social(?: security)?(?: (?:number|no\.?))?|i?tin|tax ?id)\b\D{0,12})\d{9}(?!\d)",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(r"social|(?:^|_)(?:ssn|itin)(?:$|_|\d)|tax_?id", re.IGNORECASE)
_NO_WORD = re.compile(r"[\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def looks_secret(name: str, value: Any) -> bool:
    """Whether a field of this name with this value holds a social security number, somewhere in its JSON.

    Flags and empty values say nothing that would have to be hidden.
    """
    return bool(masked(value, name) != value)


def masked(value: Any, name: str = "") -> Any:
    """The same JSON with each social security number blotted out; `name` is the field that holds the value."""
    if isinstance(value, Mapping):
        return {key: masked(part, str(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part, name) for part in value]
    if name and value not in (None, "") and not isinstance(value, bool) and _is_secret_name(name):
        return MASK
    return (
        _NAMED_NUMBER.sub(rf"\1{MASK}", _SOCIAL_SECURITY.sub(MASK, value))
        if isinstance(value, str)
        else value
    )


def _is_secret_name(name: str) -> bool:
    """ "ssn", "client_ssn", "clientSSN", "SocialSecurityNumber", "tax id": all the same name."""
    return bool(_SECRET_NAME.search(_plain(name)))


def _plain(name: str) -> str:
    """The words of a field's name, and of those around it, with "_" between them."""
    return _NO_WORD.sub("_", _HUMP.sub("_", name))


# --- Personal values, for readers of the record ----------------------------------------------------------------

HIDDEN = "••••••"
#: Names of fields that say how to reach somebody, or when they were born; as words of `_plain`.
_PERSONAL_NAME = re.compile(
    r"e_?mail|phone|mobile|(?:^|_)(?:cell|fax|tel|dob|zip)(?:$|_|\d)|birth|address|street|postal|post_?code|zip_?code",
    re.IGNORECASE,
)
_BETWEEN = r"[ ().\u2010-\u2015-]{0,2}"
#: The same in free text: e-mail addresses (as addresses of pages hold them, too) and phone numbers. Each alternative is
#: tried at the beginning of a word alone, or is short: a word of a megabyte is looked through once, not once a letter.
_IN_TEXT = re.compile(
    r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*"
    rf"|(?:(?<![\w+])(?:\+|%2B)\d(?:{_BETWEEN}\d){{7,14}}"
    rf"|(?<![\w+.,:-])00\d(?:{_BETWEEN}\d){{7,14}}"
    rf"|(?<![\w+])(?:1{_BETWEEN})?\(?\d{{3}}\)?[ .\u2010-\u2015-]?\d{{3}}[ .\u2010-\u2015-]?\d{{4}}"
    r"|(?<![\w+.-])\d{11,15})"
    r"(?:,? ?(?:x|ext\.?|extension) ?\d{1,6})?(?!\w)",
    re.IGNORECASE,
)
#: What is written before the number of something that is no phone.
_NUMBERED = re.compile(r"(?:\b(?:cases?|clients?|lists?|jobs?|rows?|ids?)|#)[ :#=]*$", re.IGNORECASE)


#: How far before a number such a word is looked for, in characters.
WORD_BEFORE = 24


def hidden(value: Any, name: str = "") -> Any:
    """The same JSON without social security numbers and personal values; `name` is the field that holds the value.

    What stands inside a personal field is personal, too, whatever it is called there.
    """
    if isinstance(value, Mapping):
        return {key: hidden(part, f"{name}.{key}" if name else str(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(part, name) for part in value]
    if value not in (None, "") and not isinstance(value, bool) and _PERSONAL_NAME.search(_plain(name)):
        return HIDDEN
    value = masked(value, name)
    return _IN_TEXT.sub(_unless_numbered, value) if isinstance(value, str) else value


def _unless_numbered(found: re.Match[str]) -> str:
    begin = found.start()
    is_number = found[0].isdigit() and _NUMBERED.search(found.string, max(0, begin - WORD_BEFORE), begin)
    return found[0] if is_number else HIDDEN
