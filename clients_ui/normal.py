"""Text as it is compared and searched: pure functions, the same for what is stored and what is typed.

Everything here gives ASCII-order comparable keys without spaces and punctuation, so that "O'Brien", "o brien" and
"OBRIEN" meet, and a composed "é" meets a decomposed one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from clients_ui.states import CODES

#: Longest key that is stored: an index entry must stay far below what PostgreSQL can hold (2,704 bytes).
KEY_LENGTH = 80
#: Behind every character that a key can hold: `prefix <= key < prefix + LAST` is "starts with".
LAST = "\U0010ffff"

#: Letters that have no decomposition but are typed without their stroke.
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"}
)
#: The ASCII characters that are neither letters nor digits.
_NO_KEY = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BETWEEN_WORDS = re.compile(r"[\s\u2010-\u2015-]+")
_NOT_DIGIT = re.compile(r"[^0-9]")


def storable(text: str) -> str:
    """The text without what a database refuses (NUL, lone surrogates): each becomes U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def tidy(text: str, length: int = 200) -> str:
    """What somebody typed into a search box: compatibility forms folded, invisible characters gone, one space."""
    folded = unicodedata.normalize("NFKC", text[: length * 4])
    seen = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in folded)
    shown = "".join(c for c in seen if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
    return " ".join(shown.split())[:length]


@lru_cache(maxsize=20_000)
def key(text: str | None, length: int = KEY_LENGTH) -> str:
    """Letters and digits alone, without accents and case: "García-López" → "garcialopez"; "" for nothing."""
    if not text:
        return ""
    if text.isascii():
        lower = text[: length * 4].lower()
        return (lower if lower.isalnum() else lower.translate(_NO_KEY))[:length]
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text[: length * 4]).casefold())
    kept = (c for c in folded.translate(_STROKES) if _belongs(c))
    return "".join(kept)[:length]


def second_key(text: str | None) -> str | None:
    """The key of the last word of a name that has several: "García López" → "lopez"; None for a name of one word."""
    words = [found for word in _BETWEEN_WORDS.split((text or "")[: KEY_LENGTH * 4]) if (found := key(word))]
    return words[-1] if len(words) > 1 else None


def _belongs(character: str) -> bool:
    """Letters, numbers, and the vowel signs that some scripts cannot do without; not accents."""
    kind = unicodedata.category(character)[0]
    return kind in "LN" or (kind == "M" and unicodedata.combining(character) == 0)


def state_key(text: str | None) -> str:
    """A state under its two-letter code, whether it was written "TX", "Texas" or "tex."; others by their own key."""
    wanted = key(text)
    return CODES.get(wanted, wanted)


def email_key(text: str | None) -> str:
    """An e-mail address as it is compared: compatibility forms folded, without case and spaces."""
    if not text:
        return ""
    if text.isascii() and text.isprintable() and " " not in text:
        return text[:KEY_LENGTH].lower()
    folded = unicodedata.normalize("NFKC", text[: KEY_LENGTH * 4])
    return storable("".join(folded.casefold().split()))[:KEY_LENGTH]


def domain_key(text: str | None) -> str:
    """The part of an e-mail address after the last @; "" without one."""
    return email_key(text.rpartition("@")[2]) if text and "@" in text else ""


def digits(text: str) -> str:
    """The ASCII digits of a text in their order."""
    return _NOT_DIGIT.sub("", text)


def phone_key(text: str | None, region: str) -> str:
    """The digits of a number from the last to the first, with its country code where it can be told.

    Reversed, so that "ends with" becomes "starts with".
    """
    if not text:
        return ""
    told = digits(e164(text, region) or unicodedata.normalize("NFKC", text[:100]))
    return told[::-1][:KEY_LENGTH]


def e164(text: str, region: str) -> str | None:
    """The number as "+15125550100", read as people of the region write it; None when it is none."""
    if (
        text.startswith("+1")
        and len(text) == 12
        and text[2:].isascii()
        and text[2:].isdigit()
        and text[2] > "1"
    ):
        return text  # the common form, told so already: parsing costs 40 times as much
    try:
        number = phonenumbers.parse(text[:100], region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
