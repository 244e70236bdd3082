"""Definitions as JSON in and out, and choosing a list for clients."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser

from tests.caselists_ui.helpers import form, no_operation, page_of, pk_of, told
from tests.caselists_ui.test_edit import made
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/import/"


def test_what_is_exported_opens_in_the_builder(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager, description="d", statuses=["30"], include_ids="1 2", other_keys='{"x": [1]}')
    file = as_manager.get(f"/case-lists/{pk}/definition.json")
    assert f'filename="case-list-{pk}.json"' in file["Content-Disposition"]
    exported = json.loads(file.content)
    before = len(sandbox.requests(path="/v1/"))
    response = as_manager.post(URL, {"definition": file.content.decode()})
    text = page_of(response)
    assert response.status_code == 200
    assert 'action="/case-lists/new/"' in text
    assert "plus <strong>2</strong> picked by hand" in text
    assert len(sandbox.requests(path="/v1/")) == before
    values: dict[str, Any] = {}
    for bound in response.context["form"]:
        value = bound.value()
        if value not in (None, "", False):
            values[bound.name] = [str(one) for one in value] if isinstance(value, tuple | list) else value
    copy = pk_of(as_manager.post("/case-lists/new/", values))
    assert json.loads(as_manager.get(f"/case-lists/{copy}/definition.json").content) == exported


def test_what_is_no_definition_is_refused(as_manager: Browser) -> None:
    for text, words in (
        ("", "This field is required."),
        ("{", "This is not JSON"),
        ("[]", "A definition is a JSON object."),
        ("{}", "name: A case list needs a name."),
        ('{"name": "x", "include_ids": [0]}', "include_ids: Ids are whole numbers"),
        ('{"name": "x", "name": "y"}', "A key is there twice."),
        ("[" * 100_000, "This is not JSON"),
    ):
        response = as_manager.post(URL, {"definition": text})
        assert response.status_code == 422, text[:40]
        assert words in page_of(response), text[:40]
    no_operation()


def test_an_unknown_definition_has_no_file(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert as_manager.get("/case-lists/1/definition.json").status_code == 404


def test_a_list_is_chosen_for_clients(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    before = len(sandbox.requests(path="/v1/"))
    text = page_of(as_manager.get("/case-lists/pick/", {"client_ids": "3,4 x", "q": "tort"}))
    assert "/case-lists/1/clients/append/?client_ids=3%2C+4" in text
    assert "VIP callbacks" not in text
    assert "No list matches" in page_of(as_manager.get("/case-lists/pick/", {"q": "zzz"}))
    assert len(sandbox.requests(path="/v1/")) == before


def test_who_may(sandbox: Sandbox, as_manager: Browser, as_auditor: Browser) -> None:
    pk = made(as_manager)
    assert as_auditor.get(f"/case-lists/{pk}/definition.json").status_code == 200
    assert as_auditor.get(URL).status_code == 403
    assert as_auditor.post(URL, form(definition="{}")).status_code == 403
    assert as_auditor.get("/case-lists/pick/").status_code == 403
    assert Browser().get(URL)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('{"name": "x", "filter": {}, "unknown": 1}', "unknown: A definition has no such key. It has name,"),
        (
            '{"name": "x", "filter": {"case_type_ids": [1]}, "exclude_id": [5]}',
            "exclude_id: A definition has no",
        ),
        (r'{"name": "x", "a\ud800\u0000": 1}', "a\ufffd\ufffd: A definition has no such key."),
        (f'{{"name": "x", "{"k" * 100_000}": 1}}', f"{'k' * 40}: A definition has no such key."),
        ('{"name": "x", "name": "y"}', "A key is there twice."),
        ('{"name": "x", "exclude_ids": [5]}', "exclude_ids: Cases can only be left out of a filter"),
    ],
)
def test_what_nobody_can_read_is_refused_by_name(as_manager: Browser, typed: str, words: str) -> None:
    answer = as_manager.post("/case-lists/import/", {"definition": typed})
    assert answer.status_code == 422
    text = unescape(page_of(answer))
    assert words in text
    assert "filter: A key" not in text
