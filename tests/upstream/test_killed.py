"""A process that is killed at every moment of a change: the record says what is known, and Kayse has it once.

Row 11 of the faults that the product has to survive. The killed process is a real one; the vendor is the sandbox.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from clients_ui import services
from kayse_admin.actors import Actor
from kayse_admin.audit import recovery
from kayse_admin.audit.models import Event, OpenOperation
from tests import forked
from tests.conftest import Sandbox
from tests.upstream import killed
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

MOMENTS = ("before_intent", "after_intent", "in_mid_call", "after_answer", "before_commit", "after_commit")


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
    process = forked.begin(killed.main, moment, change, str(operation), KAYSE_API_URL=sandbox.url)
    if moment == "in_mid_call":
        until(lambda: arrived(sandbox, change) > 0, "the request")
        process.kill()
    process.join(timeout=120)
    assert process.exitcode == -9

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
