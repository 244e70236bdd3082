"""The diff of two recorded states: what counts as a change, and that it tells the whole change."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayse_admin.audit.diff import NOT_TOLD, Change, Kind, diff, shown_safely
from kayse_admin.audit.fields import CLIENT, MASK, label_of, labels_of, masked
from kayse_admin.audit.masking import HIDDEN


def changes(before: Any, after: Any) -> list[tuple[str, Any, Any, str]]:
    return [
        (change.field, change.before, change.after, change.kind.value)
        for change in diff(before, after, CLIENT)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"city": "Austin"}, {"city": "Dallas"}, [("city", "Austin", "Dallas", "changed")]),
        ({"city": "Austin"}, {"city": "Austin"}, []),
        ({"city": None}, {"city": "Dallas"}, [("city", None, "Dallas", "added")]),
        ({"city": "Austin"}, {"city": None}, [("city", "Austin", None, "removed")]),
        ({"city": "Austin"}, {}, [("city", "Austin", NOT_TOLD, "untold")]),
        ({}, {"city": "Dallas"}, [("city", NOT_TOLD, "Dallas", "added")]),
        ({"city": None}, {"city": ""}, []),
        ({}, {"city": None}, []),
        ({"case_ids": []}, {"case_ids": None}, []),
        ({"case_ids": [1, 2, 3]}, {"case_ids": [3, 4, 1]}, [("case_ids", [2], [4], "items")]),
        ({"case_ids": [1, 2]}, {"case_ids": [2, 1]}, []),
        ({"case_ids": [1, 1]}, {"case_ids": [1]}, [("case_ids", [1], [], "items")]),
        ({"case_ids": None}, {"case_ids": [4]}, [("case_ids", None, [4], "added")]),
        ({"is_obo": True}, {"is_obo": 1}, [("is_obo", True, 1, "changed")]),
        ({"filter": {"a_ids": [1]}}, {"filter": {"a_ids": [1, 2]}}, [("filter.a_ids", [], [2], "items")]),
        ({"filter": {}}, {"filter": {"status_ids": [1]}}, [("filter.status_ids", NOT_TOLD, [1], "added")]),
        ({"update_origin": "a"}, {"update_origin": "public_api"}, []),
        (None, {"city": "Dallas", "state": None}, [("city", None, "Dallas", "added")]),
        ({"city": "Austin"}, None, [("city", "Austin", None, "removed")]),
        ({"case_ids": [9]}, {"case_ids": []}, [("case_ids", [9], [], "removed")]),
        (None, None, []),
        ("text", ["list"], []),
    ],
)  # fmt: skip
def test_what_counts_as_a_change(before: Any, after: Any, expected: list[Any]) -> None:
    assert changes(before, after) == expected


def test_fields_are_named_for_people() -> None:
    assert label_of("client", "postal_code") == "ZIP code"
    assert label_of("case_list", "filter.status_ids") == "Statuses"
    assert label_of("client", "middle_name") == "Middle name"
    assert label_of("nothing", "") == "Value"
    assert [change.label for change in diff({"city": 1}, {"city": 2}, {"city": "Town"})] == ["Town"]


def test_a_missing_key_is_said_in_words() -> None:
    assert str(NOT_TOLD) == "not told"


def test_social_security_numbers_are_blotted_out_after_comparing() -> None:
    found = shown_safely(diff({"note": "123-45-6789"}, {"note": "123-45-6780"}, {}))
    assert [(change.before, change.after) for change in found] == [(MASK, MASK)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("her number is 123-45-6789.", f"her number is {MASK}."),
        ("123 45 6789", MASK),
        ("123–45–6789", MASK),
        ("+16175550123", "+16175550123"),
        ("1234-56-78901", "1234-56-78901"),
        ({"social_security": "123456789"}, {"social_security": MASK}),
        ({"meta": {"ssn": 123456789, "ssn_known": True}}, {"meta": {"ssn": MASK, "ssn_known": True}}),
        ({"ssn": None, "city": "Austin"}, {"ssn": None, "city": "Austin"}),
        ([["123-45-6789"]], [[MASK]]),
        (7, 7),
    ],
)
def test_masking(value: Any, expected: Any) -> None:
    assert masked(value) == expected


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = scalars | st.lists(st.integers(0, 5) | st.text(max_size=2), max_size=4)
names = st.sampled_from(["city", "state", "case_ids", "mobile", "note"])
states = st.dictionaries(names, values) | st.none()


def nothing(value: Any) -> bool:
    return value is NOT_TOLD or value is None or value in ("", [], Counter())


def applied(state: dict[str, Any], found: list[Change]) -> dict[str, Any]:
    """The state that the changes lead to."""
    after = dict(state)
    for change in found:
        if change.kind is Kind.ITEMS:
            left = Counter(map(repr, after[change.field])) - Counter(map(repr, change.before))
            after[change.field] = left + Counter(map(repr, change.after))
        elif change.after is NOT_TOLD:
            after.pop(change.field)
        else:
            after[change.field] = change.after
    return after


def canonical(value: Any) -> Any:
    """Lists as bags."""
    return Counter(map(repr, value)) if isinstance(value, list) else value


@given(states, states)
def test_the_changes_lead_from_before_to_after(before: Any, after: Any) -> None:
    reached = applied(before or {}, diff(before, after, CLIENT))
    for name in {*(before or {}), *(after or {})}:
        got, want = reached.get(name, NOT_TOLD), (after or {}).get(name, NOT_TOLD)
        if nothing(want):
            assert nothing(got)
        else:
            assert canonical(got) == canonical(want)


@given(states)
def test_nothing_changed_is_no_change(state: Any) -> None:
    assert diff(state, state, CLIENT) == []


def test_a_value_that_was_not_told_is_not_shown_as_one_that_is_hidden() -> None:
    (change,) = shown_safely(diff({}, {"mobile": "+15125550100"}, labels_of("client")), hides=True)
    assert change.before is NOT_TOLD
    assert change.after == HIDDEN
