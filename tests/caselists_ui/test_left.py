"""What was to be done again after a list was saved and was not: on the record, and offered."""

from __future__ import annotations

import re
import uuid

import pytest
from django.http import QueryDict
from django.test import Client as Browser

from kayse_admin.audit.models import Event
from kayse_admin.kayse_api import gesture
from tests.caselists_ui.helpers import confirmed, page_of
from tests.caselists_ui.test_edit import made, opened
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def test_what_is_done_again_and_does_not_come_any_more_is_offered(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set took the time that a person waits: the rest is on the record as not sent, each with the way to do it."""
    pk = made(as_manager)
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3 4"))
    as_manager.post(f"/case-lists/{pk}/detach/", confirmed(case_types=["25"], statuses=["30"]))
    members = sandbox.members(pk)
    values = opened(as_manager, pk, name="B")
    sandbox.fault("delay", method="POST", path="/v1/case_lists/bulk", seconds=0.5)
    with monkeypatch.context() as patch:
        patch.setattr(gesture, "LEAST", 1 - 0.5 / 25)
        page = as_manager.post(f"/case-lists/{pk}/edit/", values)
    text = page_of(page)
    assert "The list itself was saved." in text
    assert "There was no time left to ask Kayse." in text
    links = re.findall(r'href="([^"]+)">Do it now', text)
    assert [link.split("?")[0] for link in links] == [
        f"/case-lists/{pk}/clients/append/",
        f"/case-lists/{pk}/detach/",
    ]
    assert not sandbox.requests(path=f"/v1/case_lists/{pk}/clients")[1:]
    assert sandbox.members(pk) != members
    results = Event.objects.filter(stage="outcome").order_by("-id").values_list("result", "detail")[:2]
    assert [result for result, _ in results] == ["not_sent", "not_sent"]
    assert (
        results[0][1]
        == "What was to be done before it was not done. Nothing was sent, so nothing has changed."
    )
    for link in links:
        asked = as_manager.get(link)
        assert asked.status_code == 200
        hidden = QueryDict(mutable=True)
        for name, told in asked.context["hidden"]:
            hidden.appendlist(name, told)
        sent = {
            **dict(hidden.lists()),
            "operation": str(asked.context["form"]["operation"].value()),
            "confirmed": "yes",
        }
        assert as_manager.post(link.split("?")[0], sent).status_code == 303
    assert sandbox.members(pk) == members


def test_only_what_was_not_done_is_offered_again(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    as_manager.post(f"/case-lists/{pk}/clients/append/", confirmed(client_ids="3"))
    done = Event.objects.get(action="case_list_append_clients", stage="intent").operation
    for url in (f"/case-lists/{pk}/clients/append/?again={done}", f"/case-lists/{pk}/attach/?again=none",
                f"/case-lists/{pk}/attach/?again={uuid.uuid4()}"):  # fmt: skip
        assert as_manager.get(url).status_code == 404
