"""The four roles and what each may do.

A role is a Django group of that name; what it may do is this table and nothing else, so that the answer to "who may
delete a client?" is one line of code that a reviewer can read.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """A role; its value is the name of the Django group."""

    PARALEGAL = "paralegal"
    MANAGER = "manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        """The role in words for people."""
        return {"manager": "Campaign manager"}.get(self.value, self.value.capitalize())


class Capability(StrEnum):
    """One thing that a person may do."""

    CLIENTS_VIEW = "clients_view"
    CLIENTS_EDIT = "clients_edit"
    CLIENTS_DELETE = "clients_delete"
    #: Delete clients so that Kayse keeps nothing of them.
    CLIENTS_DELETE_FOR_GOOD = "clients_delete_for_good"
    #: Say that somebody who opted out of calls (or of whom that is not known) may be called.
    CLIENTS_OPT_IN = "clients_opt_in"
    #: See a social security number that is blotted out; each time is on the record.
    CLIENTS_REVEAL = "clients_reveal"
    LISTS_VIEW = "lists_view"
    LISTS_EDIT = "lists_edit"
    AUDIT_VIEW = "audit_view"
    #: Ask for the personal values of one operation, or of an export of the log; each time is on the record.
    AUDIT_REVEAL = "audit_reveal"
    SETTINGS_EDIT = "settings_edit"
    PEOPLE_EDIT = "people_edit"

    @property
    def label(self) -> str:
        """What it allows, in words for people."""
        return CAPABILITY_WORDS.get(self, self.value.replace("_", " ").capitalize())


CAPABILITY_WORDS: dict[Capability, str] = {
    Capability.CLIENTS_VIEW: "See clients",
    Capability.CLIENTS_EDIT: "Create and edit clients",
    Capability.CLIENTS_DELETE: "Delete clients",
    Capability.CLIENTS_DELETE_FOR_GOOD: "Delete clients for good",
    Capability.CLIENTS_OPT_IN: "Take back an opt-out of calls",
    Capability.CLIENTS_REVEAL: "Reveal social security numbers of clients",
    Capability.LISTS_VIEW: "See case lists",
    Capability.LISTS_EDIT: "Create, change and delete case lists",
    Capability.AUDIT_VIEW: "Read the audit log",
    Capability.AUDIT_REVEAL: "Reveal personal values in the audit log",
    Capability.SETTINGS_EDIT: "Change settings",
    Capability.PEOPLE_EDIT: "Invite people and give roles",
}

VIEWS = frozenset({Capability.CLIENTS_VIEW, Capability.LISTS_VIEW})

GRANTS: dict[Role, frozenset[Capability]] = {
    Role.PARALEGAL: VIEWS | {Capability.CLIENTS_EDIT, Capability.CLIENTS_DELETE, Capability.CLIENTS_REVEAL},
    Role.MANAGER: VIEWS | {Capability.LISTS_EDIT},
    Role.AUDITOR: VIEWS | {Capability.AUDIT_VIEW},
    Role.ADMINISTRATOR: frozenset(Capability),
}


def granted(names: Iterable[str]) -> frozenset[str]:
    """What somebody in the groups with these names may do; groups that are no role grant nothing."""
    known = {role.value: role for role in Role}
    return frozenset(str(c) for name in names if name in known for c in GRANTS[known[name]])


def label_of(names: Iterable[str]) -> str:
    """The roles among these group names, in words: "Paralegal, Auditor"; "No role" without one."""
    held = set(names)
    return ", ".join(role.label for role in Role if role.value in held) or "No role"


def make_groups(**_: Any) -> None:
    """Make the four groups where they are missing (receiver of `post_migrate`)."""
    from django.contrib.auth.models import Group

    for role in Role:
        Group.objects.get_or_create(name=role.value)
