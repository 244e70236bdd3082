"""A form whose hidden operation id is missing or damaged: told in plain words, and what was typed can be sent again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui.models import Client
from kayse_admin.audit.models import Event
from tests.caselists_ui.helpers import confirmed, form, told
from tests.clients_ui.conftest import edit_fields, new_fields, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

TYPED = "Typed with care"
FORMS: dict[str, Callable[[Client], dict[str, Any]]] = {
    "/clients/new/": lambda ana: new_fields(),
    "/clients/2/edit/": lambda ana: edit_fields(ana, city="Waco"),
    "/clients/2/delete/": lambda ana: form(),
    "/case-lists/new/": lambda ana: form(name="New", include_ids="1"),
    "/case-lists/1/attach/": lambda ana: confirmed(include_ids="1"),
    "/case-lists/1/detach/": lambda ana: confirmed(include_ids="1"),
    "/case-lists/1/clients/append/": lambda ana: confirmed(client_ids="2"),
    "/case-lists/1/clients/remove/": lambda ana: confirmed(client_ids="2"),
    "/case-lists/1/duplicate/": lambda ana: form(),
    "/case-lists/1/delete/": lambda ana: form(),
}


@pytest.mark.parametrize(
    "operation",
    [
        *(pytest.param(damaged, marks=pytest.mark.once) for damaged in ("", "no-uuid", "0" * 400, None)),
        "\x00",  # which PostgreSQL would refuse
    ],
)
@pytest.mark.parametrize("url", FORMS)
def test_a_damaged_operation_id(
    url: str,
    operation: str | None,
    sandbox: Sandbox,
    as_admin: Browser,
    ana: Client,
) -> None:
    told(as_admin)
    arrived = len(sandbox.requests())
    values = FORMS[url](ana) | {"reason": TYPED, "operation": operation}
    if operation is None:
        del values["operation"]
    answer = as_admin.post(url, values)
    assert answer.status_code == 422
    assert text_of(answer).count("This form is out of date. Nothing was sent") == 1
    shown = answer.context["form"]
    assert shown["reason"].value() == TYPED
    fresh = str(shown["operation"].value())
    assert uuid.UUID(fresh)
    assert f'value="{fresh}"' in answer.content.decode()
    assert len(sandbox.requests()) == arrived
    assert not Event.objects.exists()
    assert as_admin.post(url, values | {"operation": fresh}).status_code in (302, 303)
    assert Event.objects.filter(operation=fresh, stage="outcome", result="applied").exists()
