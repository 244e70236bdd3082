"""Which column is which field, and what shall happen with it: the choices that belong to one file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from clients_ui.fields import BY_NAME, WRITABLE, Kind
from clients_ui.imports.models import RememberedMapping
from clients_ui.normal import key

Mode = Literal["create", "update", "both"]
Match = Literal["id", "external", "none"]
Policy = Literal["always", "if_empty", "never"]
Deleted = Literal["leave", "anew"]

MODES: dict[str, str] = {
    "both": "Create new clients and update known ones",
    "create": "Only create new clients",
    "update": "Only update known clients",
}
MATCHES: dict[str, str] = {
    "external": "External source and id, in what is known here",
    "id": "Kayse id",
    "none": "No match: every row is new",
}
POLICIES: dict[str, str] = {
    "always": "Always",
    "if_empty": "Only if empty, as known here",
    "never": "Never (new clients only)",
}
DELETED: dict[str, str] = {
    "leave": "Leave them out",
    "anew": "Create them again, as new clients",
}
#: The pseudo-field of a column that holds the Kayse id.
ID = "id"

#: Names that people give to columns, as `normal.key` writes them.
_SYNONYMS = {
    "id": {"id", "kayseid", "clientid", "kayseclientid"},
    "first_name": {"firstname", "first", "givenname", "forename"},
    "last_name": {"lastname", "last", "surname", "familyname"},
    "email": {"email", "emailaddress", "mail"},
    "mobile": {"mobile", "phone", "phonenumber", "mobilephone", "cell", "cellphone", "telephone"},
    "external_source": {"externalsource", "source", "system"},
    "external_source_id": {"externalsourceid", "externalid", "sourceid", "caseno", "reference", "partnerid"},
    "date_of_birth": {"dateofbirth", "birthdate", "dob", "birthday"},
    "city": {"city", "town"},
    "state": {"state", "province"},
    "postal_code": {"postalcode", "zip", "zipcode", "postcode"},
    "address_line1": {"addressline1", "address", "address1", "street"},
    "address_line2": {"addressline2", "address2", "apartment", "unit"},
    "voice_calls_opted_out": {"voicecallsoptedout", "optout", "optedout", "donotcall", "dnc"},
    "case_ids": {"caseids", "cases"},
}


@dataclass(frozen=True, slots=True)
class Options:
    """The choices for a file. `columns`: for each column the field it fills, or "" to leave it out."""

    columns: tuple[str, ...]
    mode: Mode = "both"
    match: Match = "external"
    policies: dict[str, Policy] = field(default_factory=dict)
    #: The external source of every row, where the file has no column for it.
    source: str = ""
    #: What becomes of rows of clients who were deleted at Kayse.
    deleted: Deleted = "leave"

    @classmethod
    def load(cls, raw: dict[str, Any]) -> Self:
        """From JSON as `dump` wrote it."""
        return cls(**{**raw, "columns": tuple(raw["columns"])})

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def policy(self, name: str) -> Policy:
        """When an update writes this field."""
        return self.policies.get(name, "always")


def problems(options: Options) -> list[str]:
    """Why these choices cannot be used together, in sentences."""
    used = [name for name in options.columns if name]
    found = []
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        label = BY_NAME[twice[0]].label if twice[0] in BY_NAME else "Kayse id"
        found.append(f"Two columns are meant to be “{label}”.")
    if not [name for name in used if name != ID]:
        found.append("Choose at least one column that is a field of a client.")
    if options.match == "id" and ID not in used:
        found.append("To match by Kayse id, say which column holds it.")
    if options.match == "external" and "external_source_id" not in used and ID not in used:
        found.append("To match by external id, say which column holds it.")
    if options.mode != "create" and options.match == "none":
        found.append("Updating needs a way to match rows with clients.")
    if options.mode != "update":
        needed = [name for name in WRITABLE if BY_NAME[name].required and name not in used]
        if options.source and "external_source" in needed:
            needed.remove("external_source")
        if needed:
            labels = ", ".join(BY_NAME[name].label for name in needed)
            found.append(f"New clients need these fields, and no column holds them: {labels}.")
    return found


def guess(header: Sequence[str]) -> Options:
    """The choices for these columns: what was chosen last time, else by their names."""
    lead = lead_of(header)
    kept = RememberedMapping.objects.filter(pk=header_digest(header)).first()
    if kept:
        options = Options.load(kept.options)
        return replace(options, columns=("",) * lead + options.columns)
    columns: list[str] = []
    for name in header:
        wanted = key(name)
        found = next((field for field, words in _SYNONYMS.items() if wanted in words), "")
        columns.append(found if found not in columns else "")
    by_id = ID in columns and "external_source_id" not in columns
    can_create = all(name in columns for name in WRITABLE if BY_NAME[name].required)
    mode: Mode = "both" if can_create or not by_id else "update"
    return Options(tuple(columns), mode, match="id" if by_id else "external")


def remember(header: Sequence[str], options: Options) -> None:
    """Keep the choices for the next file with these columns; who was deleted is asked about each time."""
    kept = replace(options, deleted="leave", columns=options.columns[lead_of(header) :]).dump()
    RememberedMapping.objects.update_or_create(pk=header_digest(header), defaults={"options": kept})


def header_digest(header: Sequence[str]) -> str:
    """Names a set of columns in their order, whatever their case."""
    own = header[lead_of(header) :]
    return hashlib.sha256("\x1f".join(name.strip().lower() for name in own).encode()).hexdigest()


#: The columns before the others in a file of rows that could not be taken (`imports.bad_file`).
LEAD = ("line in the file", "reason it was left out")


def lead_of(header: Sequence[str]) -> int:
    """How many columns of a file are only about the one that it came from."""
    return len(LEAD) if tuple(header[: len(LEAD)]) == LEAD else 0


def template_head() -> list[str]:
    """The columns of a file that needs no choosing."""
    return [ID, *(name for name in WRITABLE if BY_NAME[name].kind is not Kind.IDS), "case_ids"]
