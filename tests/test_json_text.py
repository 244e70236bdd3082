"""JSON as it is stored, and looking for many values at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from clients_ui import knowledge
from clients_ui.models import Client
from kayse_admin.among import Among
from kayse_admin.audit.models import Event
from kayse_admin.json_text import JsonField, decode_many, encode


@pytest.mark.parametrize(
    "value",
    [None, 'é\n"', [1, -2.5, True, None], {"a": {"b": []}}, 10**30, -(2**63) - 1, {"x": "\ud800"}],
)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert json.loads(encode(value)) == value
    assert decode_many([encode(value), "null"]) == [value, None]


def test_keys_that_are_no_text_become_text() -> None:
    assert json.loads(encode({1: "a"})) == {"1": "a"}


@pytest.mark.parametrize("value", [object(), {1, 2}])
def test_what_json_has_no_form_for_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


def test_a_migration_sees_no_difference() -> None:
    field = Event._meta.get_field("payload")
    assert isinstance(field, JsonField)
    assert field.deconstruct()[1:] == ("django.db.models.JSONField", [], {"null": True})


@pytest.mark.django_db
def test_many_values_are_found_by_one_parameter(django_assert_num_queries: Any) -> None:
    for pk in (7, 8, 9):
        client = knowledge.blank(pk, timezone.now())
        knowledge.merge(client, {"first_name": f"Ann{pk}"}, timezone.now())
        client.save()
    with django_assert_num_queries(1):
        assert set(Client.objects.filter(Among("id", range(8, 90_000))).values_list("pk", flat=True)) == {
            8,
            9,
        }
    names = Client.objects.filter(Among("first_key", ["ann7", "it's", 'a"b', "ann9"]), gone_at=None)
    assert {client.pk for client in names} == {7, 9}
    with django_assert_num_queries(0):
        assert not Client.objects.filter(Among("id", []))
