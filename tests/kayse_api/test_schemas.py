"""Records: what was told, what was not, what is unknown, and what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayse_admin.kayse_api import CLIENT_FIELDS, CaseList, Client
from kayse_admin.kayse_api.errors import NoUsableAnswer
from kayse_admin.kayse_api.schemas import MAX_ID
from tests.kayse_api.test_reading import json_values


def test_a_missing_key_is_not_told() -> None:
    client = Client.read({"id": 1, "city": None, "email": "", "first_name": "Ada"})
    assert client.told == {"id": 1, "email": "", "first_name": "Ada", "city": None}
    assert client.case_ids is None
    assert "case_ids" not in client.told


def test_told_keeps_the_vendors_order_and_unknown_keys_stand_apart() -> None:
    client = Client.read(
        {"zodiac": [1], "city": "Rome", "email": "a@b.c", "id": "9", "told": "x", "_odd": {}}
    )
    assert list(client.told) == ["id", "email", "city"]
    assert client.extra == {"zodiac": [1], "told": "x", "_odd": {}}
    assert client.odd == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("date_of_birth", {"year": 1990}),
        ("date_of_birth", ["1990-01-01"]),
        ("email", True),
        ("case_ids", "101 102"),
        ("case_ids", [101, "x"]),
        ("case_ids", [101, None]),
        ("case_ids", [0]),
        ("case_ids", {"ids": []}),
        ("voice_calls_opted_out", "yes"),
        ("voice_calls_opted_out", 1),
        ("origin", {"name": "public_api"}),
    ],
)
def test_an_odd_value_does_not_cost_the_record(key: str, value: Any) -> None:
    client = Client.read({"id": 7, "first_name": "Ada", key: value, "zodiac": 1})
    assert (client.id, client.first_name) == (7, "Ada")
    assert client.odd == {key: value}
    assert client.told == {"id": 7, "first_name": "Ada"}
    assert client.extra == {"zodiac": 1}


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("date_of_birth", "03/01/1990", "03/01/1990"),
        ("postal_code", 10001, "10001"),
        ("external_source_id", 77, "77"),
        ("case_ids", ["101", 102], [101, 102]),
        ("case_ids", [], []),
        ("case_ids", None, None),
        ("voice_calls_opted_out", False, False),
        ("voice_calls_opted_out", None, None),
    ],
)
def test_values_are_read_where_the_meaning_is_plain(key: str, value: Any, read: Any) -> None:
    client = Client.read({"id": 7, key: value})
    assert client.told == {"id": 7, key: read}
    assert client.odd == {}


@pytest.mark.parametrize("identity", [1, "1", "007", MAX_ID, str(MAX_ID)])
def test_ids_in_both_forms(identity: Any) -> None:
    assert CaseList.read({"id": identity}).id == int(identity)


@pytest.mark.parametrize(
    "identity",
    [0, -1, MAX_ID + 1, "0", "-1", "", " 7", "7 ", "+7", "1_0", "٣", "1e3", "x", 1.0, True, None, [], {}],
)
def test_without_a_readable_id_there_is_no_record(identity: Any) -> None:
    with pytest.raises(NoUsableAnswer):
        Client.read({"id": identity, "first_name": "Ada"})


@pytest.mark.parametrize("raw", [None, [], "x", 7, {}, {"ID": 1}])
def test_what_is_no_record(raw: Any) -> None:
    with pytest.raises(NoUsableAnswer):
        Client.read(raw)


@pytest.mark.parametrize(("count", "read"), [(0, 0), ("150", 150), (150, 150)])
def test_case_counts(count: Any, read: int) -> None:
    assert CaseList.read({"id": 1, "case_count": count}).case_count == read


@pytest.mark.parametrize("count", [-1, "many", 1.5, True, "9" * 30])
def test_odd_case_counts(count: Any) -> None:
    assert CaseList.read({"id": 1, "case_count": count}).odd == {"case_count": count}


def test_the_fields_that_can_be_written_are_those_of_the_schema() -> None:
    assert set(CLIENT_FIELDS) == Client.model_fields.keys() - {"id", "origin", "update_origin"}
    assert len(CLIENT_FIELDS) == 14


keys = st.sampled_from(
    [*Client.model_fields, "zodiac", "told", "extra", "odd", "_odd", "model_config", "__class__"]
)


@given(st.dictionaries(keys | st.text(max_size=6), json_values, max_size=8), st.integers(1, MAX_ID))
def test_any_object_with_an_id_is_a_record_and_nothing_is_lost(raw: dict[str, Any], identity: int) -> None:
    raw["id"] = identity
    for kind in (Client, CaseList):
        record = kind.read(raw)
        assert record.id == identity
        assert record.told.keys() | record.odd.keys() | record.extra.keys() == raw.keys()
        assert not record.told.keys() & record.odd.keys()
        assert all(raw[key] == value for key, value in {**record.odd, **record.extra}.items())
