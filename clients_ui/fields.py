"""The fields of a client as the vendor's page "Clients" documents them, and how each is kept here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from clients_ui.normal import storable
from kayse_admin.audit.fields import label_of

#: Longest text of a field that is kept; what the vendor tells beyond it is cut.
MOST_KEPT = 5_000


class Kind(StrEnum):
    """How a field is typed, compared and shown."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    DATE = "date"
    FLAG = "flag"
    IDS = "ids"


@dataclass(frozen=True, slots=True)
class Field:
    """A documented field: its name on the wire, whether a new client needs it, and the section it is shown in."""

    name: str
    kind: Kind
    section: str
    required: bool = False

    @property
    def label(self) -> str:
        """The field's name for people, the same as in the audit log."""
        return label_of("client", self.name)


IDENTITY, CONTACT, ADDRESS, SOURCE = "Identity", "Contact", "Address", "Source and cases"

#: The 14 fields that can be written, in the order in which they are shown.
FIELDS: Final = (
    Field("first_name", Kind.TEXT, IDENTITY, required=True),
    Field("last_name", Kind.TEXT, IDENTITY, required=True),
    Field("date_of_birth", Kind.DATE, IDENTITY),
    Field("mobile", Kind.PHONE, CONTACT),
    Field("email", Kind.EMAIL, CONTACT),
    Field("voice_calls_opted_out", Kind.FLAG, CONTACT),
    Field("address_line1", Kind.TEXT, ADDRESS),
    Field("address_line2", Kind.TEXT, ADDRESS),
    Field("city", Kind.TEXT, ADDRESS),
    Field("state", Kind.TEXT, ADDRESS),
    Field("postal_code", Kind.TEXT, ADDRESS),
    Field("external_source", Kind.TEXT, SOURCE, required=True),
    Field("external_source_id", Kind.TEXT, SOURCE, required=True),
    Field("case_ids", Kind.IDS, SOURCE),
)
BY_NAME: Final = {field.name: field for field in FIELDS}
WRITABLE: Final = tuple(BY_NAME)
#: What the vendor tells and nobody writes.
TOLD_ONLY: Final = ("origin", "update_origin")
DOCUMENTED: Final = (*WRITABLE, *TOLD_ONLY)


def kept(name: str, value: Any) -> Any:
    """A value as it is stored: text that every database takes, None for "told empty"; ids and flags as they are.

    Ids that were told as null are None: nobody knows them in full, so they are never sent back.
    """
    if type(value) is str and value.isprintable() and name not in _NO_TEXT:
        return value[:MOST_KEPT] or None  # nearly always; what can be printed can be stored
    if value is None or value == "":
        return None
    if name in _NO_TEXT:
        return list(value) if _NO_TEXT[name] is Kind.IDS else bool(value)
    return storable(str(value))[:MOST_KEPT]


def all_kept(told: Mapping[str, Any]) -> dict[str, Any]:
    """The documented fields among these, each as `kept` has it."""
    return {
        name: value
        if value and type(value) is str and len(value) <= MOST_KEPT and value.isprintable() and name in _TEXTS
        else kept(name, value)
        for name, value in told.items()
        if name in _DOCUMENTED
    }


_NO_TEXT: Final = {field.name: field.kind for field in FIELDS if field.kind in (Kind.IDS, Kind.FLAG)}
_DOCUMENTED: Final = frozenset(DOCUMENTED)
_TEXTS: Final = _DOCUMENTED - _NO_TEXT.keys()


def is_empty(value: Any) -> bool:
    """Whether a told value says "nothing": null, no text, no ids. False is an answer, not nothing."""
    return value is None or value in ("", [])
