"""What is found out, or said by a person, about clients of whom a bulk request was sent and never answered."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Chunk, Job
from tests.clients_ui.conftest import job_of, selected, text_of, yes
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, new_client, outcomes, started

pytestmark = pytest.mark.django_db


def settled(job: Job) -> Job:
    """The job after every look that it had planned, whose time is now."""
    for _ in range(4):
        Chunk.objects.filter(verify_at__isnull=False).update(verify_at=timezone.now())
        Job.objects.filter(pk=job.pk).update(wait_until=None)
        runner.serve()
    job.refresh_from_db()
    return job


def living(pks: list[int]) -> int:
    """How many of these clients are not marked as deleted here."""
    return Client.objects.filter(pk__in=pks, gone_at=None).count()


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
@pytest.mark.parametrize("page", ["delete", "delete-for-good"])
def test_a_delete_that_was_never_answered_is_found_done(
    sandbox: Sandbox,
    as_admin: Browser,
    people: dict[str, User],
    hundred: list[int],
    settings: LazySettings,
    page: str,
    fault: str,
) -> None:
    """That Kayse does not know the clients any more is what was asked for, whichever request did it."""
    settings.JOB_SETTLING = 0
    chosen = selected(people["administrator"], hundred[:3])
    sandbox.fault(fault, method="POST")
    job = settled(job_of(as_admin.post(f"/clients/selected/{chosen.pk}/{page}/", yes(confirm="3"))))
    assert outcomes(job) == {"updated": 3}
    assert living(hundred[:3]) == 0, "what is gone at Kayse is gone here"
    assert set(Client.objects.filter(pk__in=hundred[:3]).values_list("changed_by", flat=True)) == {
        people["administrator"].pk
    }
    if fault == "reset_after":
        assert Event.objects.get(stage="reconciled").result == "applied"
    adds_up(job)


def test_a_word_that_a_delete_was_done_marks_the_client(
    sandbox: Sandbox, as_paralegal: Browser, people: dict[str, User], hundred: list[int]
) -> None:
    chosen = selected(people["paralegal"], hundred[:1])
    sandbox.fault("reset_after", method="POST")
    job = job_of(as_paralegal.post(f"/clients/selected/{chosen.pk}/delete/", yes()))
    assert outcomes(job) == {"unknown": 1}
    as_paralegal.post(f"/jobs/{job.pk}/rows/1/", {"choice": "there"})
    assert outcomes(job) == {"updated": 1}
    assert living(hundred[:1]) == 0


@pytest.fixture
def created(sandbox: Sandbox, people: dict[str, User], hundred: list[int]) -> Job:
    """A job that created a client, as nobody told us."""
    sandbox.fault("reset_after", method="POST")
    job = started(people["paralegal"], [new_client(1, mobile="+15125550142")])
    runner.serve()
    assert outcomes(job) == {"unknown": 1}
    sandbox.http.delete("/_sandbox/requests")
    return job


def newest(sandbox: Sandbox) -> int:
    """The id of the client that came last."""
    lines = sandbox.http.get("/_sandbox/export.csv").text.splitlines()[1:]
    return max(int(line.split(",")[0]) for line in lines)


def test_a_client_that_was_known_before_is_not_the_new_one(
    sandbox: Sandbox, as_paralegal: Browser, created: Job, hundred: list[int]
) -> None:
    was = Client.objects.get(pk=hundred[0])
    assert "is read first: 1 request" in text_of(as_paralegal.get(f"/jobs/{created.pk}/"))
    answer = as_paralegal.post(f"/jobs/{created.pk}/rows/1/", {"choice": "there", "result": str(was.pk)})
    assert answer.status_code == 422
    assert "was known here before" in text_of(answer)
    assert outcomes(created) == {"unknown": 1}
    assert Client.objects.get(pk=was.pk).name == was.name
    assert sandbox.requests("GET", "/v1/") == []


def test_an_id_is_read_and_compared(sandbox: Sandbox, as_paralegal: Browser, created: Job) -> None:
    url, pk = f"/jobs/{created.pk}/rows/1/", newest(sandbox)
    other = sandbox.call("POST", "/clients", new_client(2).body)["id"]
    answer = as_paralegal.post(url, {"choice": "there", "result": str(other)})
    assert (answer.status_code, "is not as it was sent" in text_of(answer)) == (422, True)
    answer = as_paralegal.post(url, {"choice": "there", "result": "999999"})
    assert (answer.status_code, "does not know a client" in text_of(answer)) == (422, True)
    assert outcomes(created) == {"unknown": 1}
    assert as_paralegal.post(url, {"choice": "there", "result": str(pk)}).status_code == 303
    assert outcomes(created) == {"created": 1}
    assert Client.objects.get(pk=pk).external_source_id == "S-1"
    assert len(sandbox.requests("GET", "/v1/")) == 3
