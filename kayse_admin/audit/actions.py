"""Everything that the record can say somebody did: one enum, each with a label and a phrase for people."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """An action; its value is what the record stores and never changes."""

    CLIENT_CREATE = "client_create"
    CLIENT_UPDATE = "client_update"
    CLIENT_DELETE = "client_delete"
    FIELD_LOST = "field_lost"
    CASE_LIST_CREATE = "case_list_create"
    CASE_LIST_UPDATE = "case_list_update"
    CASE_LIST_ATTACH = "case_list_attach"
    CASE_LIST_DETACH = "case_list_detach"
    CASE_LIST_APPEND_CLIENTS = "case_list_append_clients"
    CASE_LIST_REMOVE_CLIENTS = "case_list_remove_clients"
    CASE_LIST_DUPLICATE = "case_list_duplicate"
    CASE_LIST_DELETE = "case_list_delete"
    CASE_LISTS_BULK_UPSERT = "case_lists_bulk_upsert"
    CASE_LISTS_BULK_DELETE = "case_lists_bulk_delete"
    CASE_LISTS_DUPLICATE = "case_lists_duplicate"
    CASE_LISTS_LOOK = "case_lists_look"
    CASE_LIST_IN_USE = "case_list_in_use"
    CASE_LIST_NOT_IN_USE = "case_list_not_in_use"
    CLIENTS_BULK_UPSERT = "clients_bulk_upsert"
    CLIENTS_BULK_DELETE = "clients_bulk_delete"
    CLIENTS_BULK_PURGE = "clients_bulk_purge"
    CLIENTS_IMPORT = "clients_import"
    CLIENT_EXPORT = "client_export"
    CLIENT_REVEAL = "client_reveal"
    JOB_START = "job_start"
    JOB_CONTROL = "job_control"
    LABELS_CHANGE = "labels_change"
    DIRECTORY_LOAD = "directory_load"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    KEY_RETRY = "key_retry"
    ROLES_CHANGE = "roles_change"
    PERSON_INVITE = "person_invite"
    PERSON_DISABLE = "person_disable"
    PERSON_ENABLE = "person_enable"
    PASSWORD_LINK = "password_link"  # noqa: S105  # the name of an action
    PASSWORD_CHANGE = "password_change"  # noqa: S105  # the name of an action
    SECOND_FACTOR_CHANGE = "second_factor_change"
    SESSIONS_END = "sessions_end"
    AUDIT_EXPORT = "audit_export"
    AUDIT_NOTE = "audit_note"
    AUDIT_PURGE = "audit_purge"

    @property
    def label(self) -> str:
        """The action as a filter names it: "Edit client"."""
        return _WORDS[self][0]

    @property
    def phrase(self) -> str:
        """The past tense between person and target: "edited" (client) "Ana García"."""
        return _WORDS[self][1]


_WORDS: dict[Action, tuple[str, str]] = {
    Action.CLIENT_CREATE: ("Create client", "created"),
    Action.CLIENT_UPDATE: ("Edit client", "edited"),
    Action.CLIENT_DELETE: ("Delete client", "deleted"),
    Action.FIELD_LOST: ("Field lost at Kayse", "found fields empty at Kayse after an edit of"),
    Action.CASE_LIST_CREATE: ("Create case list", "created"),
    Action.CASE_LIST_UPDATE: ("Edit case list", "changed"),
    Action.CASE_LIST_ATTACH: ("Attach cases", "attached cases to"),
    Action.CASE_LIST_DETACH: ("Detach cases", "detached cases from"),
    Action.CASE_LIST_APPEND_CLIENTS: ("Append clients", "appended clients to"),
    Action.CASE_LIST_REMOVE_CLIENTS: ("Remove clients", "removed clients from"),
    Action.CASE_LIST_DUPLICATE: ("Duplicate case list", "duplicated"),
    Action.CASE_LIST_DELETE: ("Delete case list", "deleted"),
    Action.CASE_LISTS_BULK_UPSERT: ("Change many case lists", "changed lists by"),
    Action.CASE_LISTS_BULK_DELETE: ("Delete many case lists", "deleted lists by"),
    Action.CASE_LISTS_DUPLICATE: ("Duplicate many case lists", "duplicated lists by"),
    Action.CASE_LISTS_LOOK: ("Look at all case lists", "looked at every"),
    Action.CASE_LIST_IN_USE: ("Mark case list as in use", "said that a campaign uses"),
    Action.CASE_LIST_NOT_IN_USE: ("Mark case list as not in use", "said that no campaign uses"),
    Action.CLIENTS_BULK_UPSERT: ("Change many clients", "changed clients in"),
    Action.CLIENTS_BULK_DELETE: ("Delete many clients", "deleted clients in"),
    Action.CLIENTS_BULK_PURGE: ("Delete many clients for good", "deleted clients for good in"),
    Action.CLIENTS_IMPORT: ("Start an import", "started"),
    Action.CLIENT_EXPORT: ("Export clients", "exported"),
    Action.CLIENT_REVEAL: ("Reveal a masked value", "revealed a masked value of"),
    Action.JOB_START: ("Start a job", "started"),
    Action.JOB_CONTROL: ("Control a job", "controlled"),
    Action.LABELS_CHANGE: ("Change labels", "changed the label of"),
    Action.DIRECTORY_LOAD: ("Load client export", "loaded"),
    Action.SIGN_IN: ("Sign in", "signed in"),
    Action.SIGN_IN_FAILED: ("Failed sign-in", "failed to sign in as"),
    Action.SIGN_OUT: ("Sign out", "signed out"),
    Action.ROLES_CHANGE: ("Change roles", "changed the roles of"),
    Action.PERSON_INVITE: ("Invite person", "invited"),
    Action.PERSON_DISABLE: ("Disable person", "disabled the account of"),
    Action.PERSON_ENABLE: ("Enable person", "enabled the account of"),
    Action.PASSWORD_LINK: ("Issue password link", "issued a password link for"),
    Action.PASSWORD_CHANGE: ("Change password", "changed the password of"),
    Action.SECOND_FACTOR_CHANGE: ("Change second factor", "changed the second factor of"),
    Action.SESSIONS_END: ("End sessions", "ended sessions of"),
    Action.KEY_RETRY: ("Try the key again", "let the dashboard try the key again"),
    Action.AUDIT_EXPORT: ("Export the audit log", "exported"),
    Action.AUDIT_NOTE: ("Add a note", "added a note to"),
    Action.AUDIT_PURGE: ("Purge the audit log", "purged"),
}
