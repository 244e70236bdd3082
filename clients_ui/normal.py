"""Text as it is compared and searched: pure functions, the same for what is stored and what is typed.

Everything here gives ASCII-order comparable keys without spaces and punctuation, so that "O'Brien", "o brien" and
"OBRIEN" meet, and a composed "é" meets a decomposed one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import phonenumbers

from clients_ui.states import CODES

#: Longest key that is stored: an index entry must stay far below what PostgreSQL can hold (2,704 bytes).
KEY_LENGTH = 80
#: Behind every character that a key can hold: `prefix <= key < prefix + LAST` is "starts with".
LAST = "\U0010ffff"

#: Longest text of all words of a name that is stored, and of one of them: they stand in one index together.
WORDS_LENGTH, WORD_LENGTH = 120, 40
#: Columns for what `parts` finds: all words of a name, and three of them that begin neither name.
PARTS = ("words_key", "second_key", "third_key", "fourth_key")
NO_PARTS: tuple[str | None, ...] = (None,) * len(PARTS)
#: Words inside names that nobody is looked for by alone.
SMALL_WORDS = frozenset(
    "a al bin d da das de del della den der di do dos du e el ibn la las le los of san ter the van von y zu".split()  # noqa: SIM905
)

#: Letters that have no decomposition but are typed without their stroke.
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h"}
)
#: The ASCII characters that are neither letters nor digits.
_NO_KEY = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BETWEEN_WORDS = re.compile(r"[\s\u2010-\u2015-]+")
_NOT_DIGIT = re.compile(r"[^0-9]")
#: An external id as nearly all of them are: it has a key, and nothing in it but its case to make the same.
_COMMON_IDENT = re.compile(r"[A-Za-z0-9][!-~]*")
#: A number as nearly all of them are told: of North America, with its country code.
_COMMON_NUMBER = re.compile(r"\+1[2-9][0-9]{9}")


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


@lru_cache(maxsize=20_000)
def words(text: str | None) -> tuple[str, ...]:
    """The keys of the words of a name: "de la García-López" → ("de", "la", "garcia", "lopez")."""
    if not text:
        return ()
    return tuple(found for word in _BETWEEN_WORDS.split(text[: KEY_LENGTH * 4]) if (found := key(word)))


def parts(first: str | None, last: str | None) -> tuple[str | None, ...]:
    """What finds a name by a word that begins neither the first nor the last name.

    `words_key`, all words behind a space each, last name first: " garcia lopez maria"; then the words themselves, the
    last name's first, for as many columns as `PARTS` names. Small words ("de", "van") have none of their own. All are
    None for a first and a last name of one word each, which most people have.
    """
    if (not first or first.isalnum()) and (not last or last.isalnum()):
        return NO_PARTS  # one word each, told at a tenth of the price of cutting them
    firsts, lasts = words(first), words(last)
    if len(firsts) < 2 and len(lasts) < 2:
        return NO_PARTS
    inner = [word[:WORD_LENGTH] for word in (*lasts[1:], *firsts[1:]) if word not in SMALL_WORDS]
    every = "".join(f" {word}" for word in (*lasts, *firsts))
    return (every[:WORDS_LENGTH], *inner, *NO_PARTS)[: len(PARTS)]


def _belongs(character: str) -> bool:
    """Letters, numbers, and the vowel signs that some scripts cannot do without; not accents."""
    kind = unicodedata.category(character)[0]
    return kind in "LN" or (kind == "M" and unicodedata.combining(character) == 0)


def external(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """What external source and id of a client are alike by, letters and digits alone; None without an id.

    Who is alike may be the same person, which is for somebody to say: "12-3" and "1-23" are alike, too.
    """
    source, ident = key(values.get("external_source")), key(values.get("external_source_id"))
    return (source, ident) if ident else None


def identity(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """External source and id of a client as they are the same: case, spaces and the Unicode form do not count.

    None for an id without a letter or digit, which the directory cannot be asked for.
    """
    ident = values.get("external_source_id")
    if not ident or not (_COMMON_IDENT.fullmatch(ident) or key(ident)):
        return None
    return _same(values.get("external_source")), _same(ident)


def _same(text: str | None) -> str:
    if not text:
        return ""
    if _COMMON_IDENT.fullmatch(text):
        return text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.lower().split())


@lru_cache(maxsize=2_000)
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
    return _domain(text.rpartition("@")[2]) if text and "@" in text else ""


#: Half of all people have their address at one of ten domains.
_domain = lru_cache(maxsize=2_000)(email_key)


def digits(text: str) -> str:
    """The ASCII digits of a text in their order."""
    return _NOT_DIGIT.sub("", text)


def phone_key(text: str | None, region: str) -> str:
    """The digits of a number from the last to the first, with its country code where it can be told.

    Reversed, so that "ends with" becomes "starts with".
    """
    if not text:
        return ""
    if known := e164(text, region):
        return known[:0:-1]  # all behind the plus sign
    return digits(unicodedata.normalize("NFKC", text[:100]))[::-1][:KEY_LENGTH]


_POSSIBLE = phonenumbers.ValidationResult.IS_POSSIBLE


def e164(text: str, region: str) -> str | None:
    """The number as "+15125550100", read as people of the region write it; None when it is none.

    Without its area code it is none, nor with an extension, which would be lost.
    """
    if _COMMON_NUMBER.fullmatch(text):
        return text  # told so already: parsing costs 40 times as much
    try:
        number = phonenumbers.parse(text[:100], region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != _POSSIBLE:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
