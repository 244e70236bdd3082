"""The sentence that an operation is told in."""

from __future__ import annotations

from typing import Any

import pytest

from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.records import RESULT_WORDS
from kayse_admin.audit.sentences import _TO

CLIENT = {"target_kind": "client", "target_id": 7, "target_label": "Ana García"}
LIST = {"target_kind": "case_list", "target_id": 3, "target_label": "Roundup – signed"}


def said(
    action: str, result: str = "applied", *, who: str = "Paula Legal", after: Any = None, **opening: Any
) -> str:
    begun = Event(stage="intent", opens=True, action=action, actor_name=who, **opening)
    ended = Event(stage="outcome", action=action, result=result, after=after) if result else None
    return str(Operation(begun, ended).sentence)


AUSTIN = {"city": "Austin", "state": "TX", "mobile": None, "email": "a@example.com", "case_ids": [1]}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({**AUSTIN, "city": "Dallas"}, "edited the city of client Ana García from Austin to Dallas"),
        ({**AUSTIN, "city": None}, "cleared the city of client Ana García (was Austin)"),
        ({**AUSTIN, "mobile": "+16175550123"}, "set the mobile of client Ana García to +16175550123"),
        ({**AUSTIN, "city": "Boston", "state": "MA"}, "edited the city and state of client Ana García"),
        ({**AUSTIN, "email": "b@b.com"}, "edited the e-mail of client Ana García from a@example.com to b@b.com"),
        ({**AUSTIN, "case_ids": [2]}, "edited the cases of client Ana García"),
        ({**AUSTIN, "postal_code": "123-45-6789"}, "set the ZIP code of client Ana García to •••-••-••••"),
        ({**AUSTIN, "city": "B", "state": "MA", "mobile": "1", "email": "2"}, "edited 4 fields of client Ana García"),
        ({**AUSTIN, "city": "x" * 100}, f"edited the city of client Ana García from Austin to {'x' * 39}…"),
        (AUSTIN, "edited client Ana García"),
    ],
)  # fmt: skip
def test_an_edit_names_what_changed(after: Any, expected: str) -> None:
    assert said("client_update", before=AUSTIN, after=after, **CLIENT) == f"Paula Legal {expected}"


@pytest.mark.parametrize(
    ("result", "end"),
    [
        ("rejected", "Kayse refused it"),
        ("not_sent", "it was not sent"),
        ("rate_limited", "not sent, the hourly budget was used up"),
        ("unknown", "nobody knows yet whether it happened"),
        ("not_applied", "it did not happen"),
        ("", "still under way"),
    ],
)
def test_what_did_not_simply_happen_was_tried(result: str, end: str) -> None:
    told = said("client_update", result, before=AUSTIN, payload={**AUSTIN, "city": "Dallas"}, **CLIENT)
    assert told == f"Paula Legal tried to edit the city of client Ana García from Austin to Dallas: {end}"


@pytest.mark.parametrize(
    ("action", "payload", "expected"),
    [
        ("case_list_attach", {"include_ids": [1, 2, 3]}, "attached 3 cases to case list Roundup – signed"),
        ("case_list_attach", {"include_ids": [1]}, "attached 1 case to case list Roundup – signed"),
        ("case_list_attach", {"filter": {"status_ids": [1]}}, "attached cases by filter to case list Roundup – signed"),
        ("case_list_attach", {"filter": {"status_ids": [1]}, "include_ids": [9]},
         "attached 1 case and more by filter to case list Roundup – signed"),
        ("case_list_detach", {"include_ids": [1, 2]}, "detached 2 cases from case list Roundup – signed"),
        ("case_list_append_clients", {"client_ids": [1, 2]}, "appended 2 clients to case list Roundup – signed"),
        ("case_list_remove_clients", {"client_ids": list(range(1200))},
         "removed 1,200 clients from case list Roundup – signed"),
        ("case_list_remove_clients", None, "removed clients from case list Roundup – signed"),
        ("case_list_delete", None, "deleted case list Roundup – signed"),
        ("case_list_create", {"name": "Roundup – signed"}, "created case list Roundup – signed"),
    ],
)  # fmt: skip
def test_lists_say_how_many(action: str, payload: Any, expected: str) -> None:
    assert said(action, who="Max Manager", payload=payload, **LIST) == f"Max Manager {expected}"


def test_signing_in_and_failing_to() -> None:
    user = {"target_kind": "user", "target_id": 1, "target_label": "Paula Legal"}
    assert said("sign_in", **user) == "Paula Legal signed in"
    assert (
        said("sign_in_failed", "rejected", who="Nobody signed in", **user)
        == "Somebody failed to sign in as Paula Legal"
    )


def test_a_target_without_a_name_is_named_by_its_number() -> None:
    assert said("client_delete", target_kind="client", target_id=7) == "Paula Legal deleted client number 7"


def test_a_created_record_is_named_by_its_answer() -> None:
    begun = Event(opens=True, action="client_create", actor_name="Paula Legal", target_kind="client")
    ended = Event(action="client_create", result="applied", target_kind="client", target_label="Zoë O'Brien")
    assert str(Operation(begun, ended).sentence) == "Paula Legal created client Zoë O'Brien"


def test_a_copy_is_named_by_its_number() -> None:
    begun = Event(opens=True, action="case_list_duplicate", actor_name="Max Manager", **LIST)
    ended = Event(action="case_list_duplicate", result="applied", target_kind="case_list", target_id=12)
    told = "Max Manager duplicated case list Roundup – signed as number 12"
    assert str(Operation(begun, ended).sentence) == told


def test_a_finding_without_a_state_tells_what_was_asked_for() -> None:
    """A person says that it happened; nobody told the state after."""
    told = said("client_update", before=AUSTIN, payload={**AUSTIN, "city": "Dallas"}, **CLIENT)
    assert told == "Paula Legal edited the city of client Ana García from Austin to Dallas"


def test_a_delete_tells_what_there_was() -> None:
    begun = Event(
        stage="intent", opens=True, action="client_delete", before=AUSTIN, payload={"id": 7}, **CLIENT
    )
    changes = Operation(begun, Event(result="applied")).changes
    assert ("City", "Austin", None) in [(change.label, change.before, change.after) for change in changes]
    assert Operation(begun, Event(result="rejected")).changes == []


@pytest.mark.parametrize(
    ("detail", "verb"),
    [
        ("Paused.", "paused"), ("Resumed.", "resumed"), ("Cancelled.", "cancelled"),
        ("Row 3 is at Kayse.", "decided about a row of"),
    ],
)  # fmt: skip
def test_what_was_done_to_a_job_is_named(detail: str, verb: str) -> None:
    job = {"target_kind": "job", "target_id": 3, "target_label": "Import"}
    assert said("job_control", detail=detail, **job) == f"Paula Legal {verb} job Import"


@pytest.mark.parametrize(
    ("label", "told"),
    [("17 labels", "changed 17 labels"), ("Case type 25", "changed the label of Case type 25")],
)
def test_labels_are_named_once(label: str, told: str) -> None:
    assert said("labels_change", target_kind="label", target_label=label) == f"Paula Legal {told}"


def test_an_action_of_another_version_is_still_told() -> None:
    assert said("client_teleport", **CLIENT) == "Paula Legal did “client_teleport” Ana García"


@pytest.mark.parametrize("result", RESULT_WORDS)
@pytest.mark.parametrize("action", Action)
def test_every_action_with_every_result_is_a_sentence(action: Action, result: str) -> None:
    told = said(action, result, **CLIENT)
    assert len(told.split()) >= 3
    assert "  " not in told


def test_the_table_of_verbs_is_whole() -> None:
    """Whatever is sent to the vendor can fail, and its sentence needs a verb for that."""
    sent = {action for action in Action if action.startswith(("client", "case_list"))}
    here_alone = {
        Action.CLIENT_EXPORT,
        Action.CLIENT_REVEAL,
        Action.CLIENTS_IMPORT,
        Action.CASE_LISTS_LOOK,
        Action.CASE_LIST_IN_USE,
        Action.CASE_LIST_NOT_IN_USE,
    }
    assert set(_TO) == sent - here_alone
