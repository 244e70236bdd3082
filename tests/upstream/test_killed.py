"""A process that is killed at every moment of a change: the record says what is known, and Kayse has it once.

Row 11 of the faults that the product has to survive. The killed process is a real one; the vendor is the sandbox.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from clients_ui import services
from kayse_admin.actors import Actor
from kayse_admin.audit import recovery
from kayse_admin.audit.models import Event, OpenOperation
from tests.conftest import Sandbox
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = ("before_intent", "after_intent", "in_mid_call", "after_answer", "before_commit", "after_commit")


def begin(moment: str, change: str, operation: uuid.UUID, sandbox: Sandbox) -> subprocess.Popen[bytes]:
    """Start the process that will die, on this test's database."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
        "DATABASE_URL": url,
        "KAYSE_API_URL": sandbox.url,
        "VAR_DIR": str(settings.VAR_DIR),
        "PYTHONPATH": str(ROOT),
    }
    arguments = [sys.executable, "-m", "tests.upstream.killed", moment, change, str(operation)]
    return subprocess.Popen(arguments, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)


def arrived(sandbox: Sandbox, change: str) -> int:
    method = {"create": "POST", "edit": "PUT", "delete": "DELETE"}[change]
    return len(sandbox.requests(method, "/v1/clients"))


def at_vendor(sandbox: Sandbox, change: str, operation: uuid.UUID) -> int:
    """How often the vendor has the change."""
    export = sandbox.http.get("/_sandbox/export.csv").text
    if change == "create":
        return export.count(f"x-{operation}")
    first = next((line for line in export.splitlines() if line.startswith("1,")), "")
    return int("Waco" in first) if change == "edit" else int(not first)


@pytest.mark.parametrize("change", ["create", "edit", "delete"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed(
    moment: str, change: str, sandbox: Sandbox, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "SETTLING", timedelta(0))
    services.refresh(actor, 1)
    operation = uuid.uuid4()
    if moment == "in_mid_call":
        method = {"create": "POST", "edit": "PUT", "delete": "DELETE"}[change]
        sandbox.fault("delay", method=method, path="/v1/clients", seconds=30)
    process = begin(moment, change, operation, sandbox)
    if moment == "in_mid_call":
        until(lambda: arrived(sandbox, change) > 0, "the request")
        process.kill()
    assert process.wait(timeout=120) == -9

    recovery.recover()

    sent, there = arrived(sandbox, change), at_vendor(sandbox, change, operation)
    assert sent <= 1
    assert there <= 1
    events = Event.objects.filter(operation=operation)
    if moment == "before_intent":
        assert not events.exists()
        assert sent == there == 0
        return
    assert not OpenOperation.objects.filter(state="in_flight").exists(), (
        "no operation is open without a state"
    )
    said = events.filter(opens=False).latest("id").result
    if moment == "after_commit":
        assert said == "applied"
    elif change == "create":
        assert said == "unknown", "no look can tell"
    else:
        assert said == ("applied" if there else "not_applied"), "vendor and record agree"
    assert (OpenOperation.objects.count() == 1) == (said == "unknown")
    recovery.recover()
    assert arrived(sandbox, change) == sent, "recovery never sends a change"
