"""What the fields of a recorded change are called; which of their values nobody sees in full is in `masking`."""

from __future__ import annotations

from collections.abc import Mapping

from kayse_admin.audit.masking import MASK as MASK
from kayse_admin.audit.masking import masked as masked

CLIENT = {
    "email": "E-mail",
    "mobile": "Mobile",
    "external_source": "External source",
    "external_source_id": "External id",
    "first_name": "First name",
    "last_name": "Last name",
    "date_of_birth": "Date of birth",
    "city": "City",
    "state": "State",
    "postal_code": "ZIP code",
    "address_line1": "Address",
    "address_line2": "Address, second line",
    "voice_calls_opted_out": "Opted out of calls",
    "case_ids": "Cases",
    "origin": "Made by",
    "update_origin": "Last changed by",
}
CASE_LIST = {
    "in_words": "In words",
    "name": "Name",
    "description": "Description",
    "is_obo": "On behalf of",
    "case_count": "Number of cases",
    "filter": "Filter",
    "filter.case_type_ids": "Case types",
    "filter.status_ids": "Statuses",
    "include_ids": "Included cases",
    "exclude_ids": "Excluded cases",
    "client_ids": "Clients",
    "set": "Members set anew",
    "campaign": "In use by",
    "until": "In use until",
}
LABELS: Mapping[str, Mapping[str, str]] = {"client": CLIENT, "case_list": CASE_LIST}

#: Kinds of target, as a filter and a sentence name them.
KINDS: Mapping[str, str] = {
    "client": "client",
    "case_list": "case list",
    "label": "labels",
    "user": "person",
    "operation": "operation",
    "audit": "audit log",
    "directory": "directory",
    "job": "job",
    "upstream": "connection to Kayse",
}


def labels_of(kind: str) -> Mapping[str, str]:
    """The names of the fields of this kind of target; none for a kind that has no fields."""
    return LABELS.get(kind, {})


def label_of(kind: str, field: str) -> str:
    """The name of a field of this kind of target: "ZIP code"; an unknown field's own name, made readable."""
    return named(labels_of(kind), field)


def named(labels: Mapping[str, str], field: str) -> str:
    """The name of a field among these labels; an unknown field's own name, made readable."""
    return labels.get(field) or field.replace(".", ": ").replace("_", " ").strip().capitalize() or "Value"
