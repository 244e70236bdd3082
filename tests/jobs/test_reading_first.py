"""Jobs that read each row before it is sent: what a refused read means."""

from __future__ import annotations

import pytest

from kayse_admin.accounts.models import User
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Row
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes, started

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_read_that_is_refused_is_not_made_again(sandbox: Sandbox, people: dict[str, User]) -> None:
    rows = [
        Row(target=pk, label=str(pk), body={"city": "Waco"}, before={"city": sandbox.client(pk)["city"]})
        for pk in (1, 2)
    ]
    job = started(people["paralegal"], rows, kind="clients_revert")
    sandbox.fault("status", method="GET", path="/v1/clients/1", status=400, times=4)
    runner.serve()
    assert len(sandbox.requests("GET", "/v1/clients/1")) == 1
    refused = Row.objects.get(job=job, target=1)
    assert refused.outcome == "failed"
    assert refused.reason.startswith("Kayse says: ")
    assert outcomes(job) == {"failed": 1, "updated": 1}
    adds_up(job)
