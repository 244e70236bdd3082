"""Merging what the vendor tells: nothing is wiped by silence, nothing old wins, every age can be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients_ui import editing, knowledge
from clients_ui.fields import BY_NAME, DOCUMENTED, FIELDS, WRITABLE, Kind
from clients_ui.models import Client
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.kayse_api.schemas import CLIENT_FIELDS

START = datetime(2026, 1, 1, tzinfo=UTC)


def value_of(name: str) -> st.SearchStrategy[Any]:
    """A value that the vendor may tell for this field."""
    if name in BY_NAME and BY_NAME[name].kind is Kind.FLAG:
        return st.none() | st.booleans()
    if name == "case_ids":
        return st.none() | st.lists(st.integers(1, 99), max_size=4)
    return st.none() | st.sampled_from(["", "a", "b", "Ünï", "x\x00y"])


tellings = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.fixed_dictionaries({}, optional={name: value_of(name) for name in DOCUMENTED}),
    ),
    max_size=6,
)


def test_the_fields_are_the_vendors() -> None:
    assert set(WRITABLE) == set(CLIENT_FIELDS)
    assert {f.name for f in FIELDS if f.required} == {
        "first_name", "last_name", "external_source", "external_source_id",
    }  # fmt: skip


@given(tellings)
def test_the_newest_telling_of_each_field_is_what_is_known(told: list[tuple[int, dict[str, Any]]]) -> None:
    """Whatever the order in which answers come in."""
    client = knowledge.blank(1, START)
    wanted: dict[str, tuple[int, Any]] = {}
    for minutes, record in told:
        knowledge.merge(client, record, START + timedelta(minutes=minutes))
        for name, value in record.items():
            if name not in wanted or wanted[name][0] <= minutes:
                wanted[name] = (minutes, value)
    assert set(client.known()) == set(wanted)
    for name, (minutes, value) in wanted.items():
        assert client.age(name) == START + timedelta(minutes=minutes)
        assert editing.kept(name, value) == getattr(client, name)
    assert client.told_at == max([START, *(START + timedelta(minutes=m) for m, _ in told)])


@given(tellings)
def test_what_is_stored_can_be_stored(told: list[tuple[int, dict[str, Any]]]) -> None:
    client = knowledge.blank(1, START)
    for minutes, record in told:
        knowledge.merge(
            client, record, START + timedelta(minutes=minutes), {"k\x00": ["\ud800", 1, {"a": "\x00"}]}
        )
    for text in (client.city, client.last_key, client.email_key, str(client.extra)):
        assert "\x00" not in (text or "")
        assert (text or "").encode().decode() == (text or "")


def test_a_client_told_in_one_piece_needs_no_exceptions() -> None:
    client = knowledge.blank(1, START)
    knowledge.merge(client, dict.fromkeys(DOCUMENTED, None), START)
    assert client.told == {}
    assert client.not_told() == []


def test_lost_is_forgotten_when_the_value_is_back() -> None:
    client = knowledge.blank(1, START)
    client.lost = {"city": {"was": "Austin", "at": 1}, "state": {"was": "TX", "at": 1}}
    knowledge.merge(client, {"city": None}, START)
    assert set(client.lost) == {"city", "state"}
    knowledge.merge(client, {"city": "Austin"}, START)
    assert set(client.lost) == {"state"}
    knowledge.merge(client, {"state": "TX"}, START)
    assert client.lost is None


states = st.fixed_dictionaries({}, optional={name: value_of(name) for name in WRITABLE})
changes = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(["a", "b", "c"]) for name in ("city", "state", "email", "last_name")}
)


@given(states, states, changes)
def test_every_field_clashes_merges_or_stands_still(
    base: dict[str, Any], now: dict[str, Any], mine: dict[str, Any]
) -> None:
    now = {**base, **now}  # knowledge is never forgotten
    found = editing.compare(base, now, mine)
    clashing = {clash.field for clash in found.clashes}
    assert clashing <= set(mine)
    assert not clashing & set(found.merged)
    for name in WRITABLE:
        moved = not editing.same(name, base.get(name, NOT_TOLD), now.get(name, NOT_TOLD))
        agreed = name in mine and editing.same(name, now.get(name, NOT_TOLD), mine[name])
        assert (name in clashing) == (moved and name in mine and not agreed)
        assert (name in found.merged) == (moved and name not in mine and name in base)


@given(states, changes)
def test_the_body_is_safe_under_both_readings(now: dict[str, Any], mine: dict[str, Any]) -> None:
    """Applied as a partial update or as a replacement, the outcome is the same for every field that is known."""
    now = {name: editing.kept(name, value) for name, value in now.items()}
    body = editing.body(now, mine)
    sendable = {n: v for n, v in now.items() if "\ufffd" not in str(v)}
    partial = {**sendable, **body}
    replaced = {name: body.get(name) for name in WRITABLE}
    for name in {*sendable, *mine}:
        assert editing.same(name, partial[name], replaced[name])
        assert editing.same(name, partial[name], mine.get(name, now.get(name)))
    assert set(body) <= {*now, *mine}
    assert all(value is not None for value in body.values())


@pytest.mark.parametrize(
    ("wanted", "told", "lost", "different"),
    [
        ({"city": "Austin"}, {"city": "Austin"}, (), ()),
        ({"city": "Austin"}, {"city": None}, ("city",), ()),
        ({"city": "Austin"}, {"city": ""}, ("city",), ()),
        ({"city": "Austin"}, {}, (), ()),
        ({"city": "Austin"}, {"city": "AUSTIN"}, (), ("city",)),
        ({"city": None}, {"city": ""}, (), ()),
        ({"city": None}, {"city": "Austin"}, (), ("city",)),
        ({"case_ids": [1, 2]}, {"case_ids": [2, 1]}, (), ()),
        ({"case_ids": [1, 2]}, {"case_ids": []}, ("case_ids",), ()),
        ({"case_ids": [1, 2]}, {"case_ids": [1]}, (), ("case_ids",)),
        ({"voice_calls_opted_out": True}, {"voice_calls_opted_out": False}, (), ("voice_calls_opted_out",)),
        ({"voice_calls_opted_out": False}, {"voice_calls_opted_out": None}, ("voice_calls_opted_out",), ()),
    ],
)
def test_an_answer_is_held_against_what_was_expected(
    wanted: dict[str, Any], told: dict[str, Any], lost: tuple[str, ...], different: tuple[str, ...]
) -> None:
    assert editing.check(wanted, told) == editing.Finding(lost, different)


def test_a_name_is_found_even_without_one() -> None:
    assert Client(id=7).name == "Client 7"
    assert Client(id=7, last_name="Lee").name == "Lee"
