"""The exact count by a scratch list: right, allowed, cached, recorded, and swept when a failure left it behind."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import exact
from caselists_ui.definition import Selection
from caselists_ui.models import CaseList
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event, Stage
from tests.caselists_ui.helpers import no_operation, page_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
URL = "/case-lists/count/"


@pytest.fixture
def permitted(settings: Any) -> None:
    """An administrator has allowed it."""
    settings.KAYSE_EXACT_COUNT = True


def test_the_count_is_the_vendors(sandbox: Sandbox, actor: Actor, permitted: None) -> None:
    dice, cases = random.Random(7), sandbox.http.get("/_sandbox/cases").json()["cases"]
    for _ in range(50):
        types = dice.sample([10, 12, 15, 18, 21, 25, 28, 31], dice.randint(0, 3))
        statuses = dice.sample([20, 22, 24, 26, 28, 30, 32, 35, 40], dice.randint(0 if types else 1, 4))
        filter_ = {k: v for k, v in (("case_type_ids", types), ("status_ids", statuses)) if v}
        true = sum(
            (not types or case["case_type_id"] in types) and (not statuses or case["status_id"] in statuses)
            for case in cases
        )
        assert exact.count(actor, Selection(filter_)).cases == true
    assert len(sandbox.call("GET", "/case_lists?page_size=100")["data"]) == 12


def test_two_requests_two_operations_and_five_minutes(
    sandbox: Sandbox, as_manager: Browser, permitted: None
) -> None:
    assert "Count exactly (2 requests)" in page_of(as_manager.get("/case-lists/new/"))
    for _ in range(2):
        text = page_of(as_manager.post(URL, {"case_types": ["25"]}))
        assert "match" in text
    assert [(one["method"], one["path"]) for one in sandbox.requests(path="/v1/")] == [
        ("POST", "/v1/case_lists"),
        ("POST", "/v1/case_lists/bulk_delete"),
    ]
    actions = Event.objects.filter(stage=Stage.OUTCOME).order_by("id").values_list("action", "result")
    assert list(actions) == [
        ("case_list_create", "applied"),
        ("case_list_delete", "applied"),
    ]


def test_off_there_is_no_button_and_the_address_refuses(
    sandbox: Sandbox, as_manager: Browser, actor: Actor
) -> None:
    assert "Count exactly" not in page_of(as_manager.get("/case-lists/new/"))
    assert as_manager.post(URL, {"case_types": ["25"]}).status_code == 403
    with pytest.raises(PermissionDenied):
        exact.count(actor, Selection({"case_type_ids": [25]}))
    assert sandbox.requests(path="/v1/") == []


def test_who_may(sandbox: Sandbox, as_auditor: Browser, as_manager: Browser, permitted: None) -> None:
    assert as_auditor.post(URL, {"case_types": ["25"]}).status_code == 403
    assert as_manager.get(URL).status_code == 405
    assert as_manager.post(URL, {"exclude_ids": "5"}).status_code == 422
    no_operation()


def test_a_list_that_a_failure_left_behind_is_swept(
    sandbox: Sandbox, as_manager: Browser, actor: Actor, permitted: None
) -> None:
    sandbox.fault("reset_before", method="POST", path="/v1/case_lists/bulk_delete")
    assert exact.count(actor, Selection({"case_type_ids": [25]})).cases is not None
    sandbox.fault("reset_after", method="POST", path="/v1/case_lists")
    assert "not known" in exact.count(actor, Selection({"case_type_ids": [31]})).problem
    sandbox.call("POST", "/case_lists", {"name": f"{exact.PREFIX}of somebody else"})
    sandbox.call("POST", "/case_lists", {"name": f"{exact.PREFIX}{uuid.uuid4().hex}"})
    assert exact.sweep() == 0, "too young to be an orphan"
    later = timezone.now() + timedelta(minutes=11)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact.timezone, "now", lambda: later)
        call_command("sweep_scratch_lists", verbosity=0)
    left = [row["name"] for row in sandbox.call("GET", "/case_lists?key=[Count")["data"]]
    assert len(left) == 2, "what is not of our making stays"
    assert not CaseList.objects.filter(name__startswith=exact.PREFIX, gone_at=None).exists()


def test_a_scratch_list_left_by_a_timeout_is_swept(
    sandbox: Sandbox, as_manager: Browser, actor: Actor, permitted: None, settings: Any
) -> None:
    settings.KAYSE_PERSON_DEADLINE = 0.4
    sandbox.fault("hang", method="POST", path="/v1/case_lists", seconds=1, apply=True)
    assert "not known" in exact.count(actor, Selection({"case_type_ids": [25]})).problem
    settings.KAYSE_PERSON_DEADLINE = 25
    (left,) = sandbox.call("GET", "/case_lists?key=[Count")["data"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "ORPHANED", timedelta(seconds=-1))
        assert exact.sweep() == 1
    assert sandbox.call("GET", "/case_lists?key=[Count")["data"] == []
    assert Event.objects.get(action="case_list_delete", stage="outcome").target_id == left["id"]
