"""/clients/selected/<token>/refresh/: known clients are read again by a job, within a cap and beside the reserve."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client, Selection
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from kayse_admin.upstream.models import Budget
from tests.clients_ui.conftest import job_of, selected, text_of, yes
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(people: dict[str, User], hundred: list[int]) -> Selection:
    return selected(people["paralegal"], hundred[:5])


def url(selection: Selection) -> str:
    return f"/clients/selected/{selection.pk}/refresh/"


def test_it_says_what_it_costs_and_reads_each_once(
    as_paralegal: Browser, five: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    page = text_of(as_paralegal.get(url(five)))
    assert "Ask Kayse again about 5 clients?" in page
    assert "Ask (5 requests)" in page
    assert "This takes 5 requests" in page
    sandbox.call("PUT", f"/clients/{hundred[0]}", {"city": "Elsewhere"})
    sandbox.call("DELETE", f"/clients/{hundred[1]}")
    before = len(sandbox.requests())
    job = job_of(as_paralegal.post(url(five), yes()))
    assert (job.state, len(sandbox.requests())) == ("queued", before)
    runner.serve()
    assert outcomes(job) == {"updated": 1, "unchanged": 3, "failed": 1}
    assert len(sandbox.requests("GET", "/v1/clients/")) == 5
    assert Row.objects.get(job=job, outcome="updated").reason.startswith("New here: City")
    assert Client.objects.get(pk=hundred[0]).city == "Elsewhere"
    assert Client.objects.get(pk=hundred[1]).gone_at is not None
    assert not Event.objects.exists(), "a look changes nothing"
    adds_up(job)


def test_the_oldest_within_the_cap(
    as_paralegal: Browser, five: Selection, hundred: list[int], sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.REFRESH_MOST = 2
    Client.objects.filter(pk__in=hundred[3:5]).update(told_at=timezone.now() - timedelta(days=9))
    assert "At most 2 are asked about by one job" in text_of(as_paralegal.get(url(five)))
    job = job_of(as_paralegal.post(url(five), yes()))
    assert set(Row.objects.filter(job=job).values_list("target", flat=True)) == set(hundred[3:5])


def test_the_reserve_is_left_alone(
    as_paralegal: Browser, five: Selection, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.KAYSE_HOURLY_LIMIT, settings.KAYSE_RESERVE = 10, 8
    sandbox.switch(rate_limit=10)
    job = job_of(as_paralegal.post(url(five), yes()))
    runner.serve()
    job.refresh_from_db()
    assert (job.state, outcomes(job)) == ("waiting", {"unchanged": 2, "": 3})
    Budget.objects.update(limit=500)
    sandbox.switch(rate_limit=500)
    Job.objects.update(wait_until=timezone.now())
    settings.KAYSE_RESERVE = 0
    runner.serve()
    assert outcomes(job) == {"unchanged": 5}


def test_no_answer_is_no_secret_and_nothing_unknown(
    as_paralegal: Browser, five: Selection, sandbox: Sandbox
) -> None:
    sandbox.fault("status", method="GET", status=503, times=3)
    job = job_of(as_paralegal.post(url(five), yes()))
    runner.serve()
    assert outcomes(job) == {"unchanged": 4, "failed": 1}
    assert not OpenOperation.objects.exists()


def test_the_key_is_refused(as_paralegal: Browser, five: Selection, sandbox: Sandbox) -> None:
    sandbox.fault("status", method="GET", status=401, times=9)
    job = job_of(as_paralegal.post(url(five), yes()))
    runner.serve()
    job.refresh_from_db()
    assert (job.state, outcomes(job)) == ("paused", {"": 5})


def test_access(client: Browser, as_manager: Browser, as_admin: Browser, five: Selection) -> None:
    assert client.get(url(five))["Location"].startswith("/sign-in/")
    assert as_manager.get(url(five)).status_code == 403
    assert as_admin.post(url(five), yes()).status_code == 404
    assert not Job.objects.exists()
