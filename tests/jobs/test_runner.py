"""Serving jobs: requests, budget, refusals, unanswered requests, the owner's right; each of the vendor's results."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from clients_ui import bulk, directory
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ledger, raw, runner, tasks, unanswered
from kayse_admin.jobs.models import Chunk, Job, Row
from kayse_admin.kayse_api.schemas import Client as Told
from kayse_admin.upstream import budget, circuit
from kayse_admin.upstream.models import Budget
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, new_client, outcomes, recorded, started

pytestmark = pytest.mark.django_db(transaction=True)

BULK = "/v1/clients/bulk"


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def city(pk: int, value: str, before: str | None = "Old") -> Row:
    """A row that changes a client's city."""
    return Row(target=pk, label=f"Client {pk}", body={"city": value}, before={"city": before})


def test_rows_become_clients_and_the_directory_knows_them(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, (new_client(number, city="Waco") for number in range(250)), size=100)
    assert runner.serve() == 3

    assert state_of(job) == "done"
    assert outcomes(job) == {"created": 250}
    assert set(exported(sandbox).values()) == {1}
    assert len(sandbox.requests("POST", BULK)) == 3 == ledger.tally(job).requests
    assert Client.objects.filter(external_source="soak", city="Waco", changed_by=owner.pk).count() == 250
    row = Row.objects.get(job=job, number=1)
    assert Client.objects.get(pk=row.result).external_source_id == "S-0"
    adds_up(job)
    recorded(job)
    assert Event.objects.filter(job=job.pk, stage="outcome", result="applied").count() == 3


def test_rows_with_nothing_to_send_cost_nothing(sandbox: Sandbox, owner: User) -> None:
    rows = [
        new_client(1),
        Row(label="same", target=1, outcome="unchanged"),
        Row(label="bad", outcome="failed"),
    ]
    job = started(owner, rows)
    runner.serve()
    assert outcomes(job) == {"created": 1, "unchanged": 1, "failed": 1}
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)


def test_a_job_with_nothing_to_send_waits_for_nobody(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [Row(label="same", target=1, outcome="unchanged")])
    runner.serve()
    assert state_of(job) == "done"


def test_a_double_start_is_one(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [new_client(1)])
    assert not ledger.start(Job.objects.get(pk=job.pk), size=100)
    runner.serve()
    assert exported(sandbox) == {"S-1": 1}


def test_a_bad_row_is_named_and_the_others_go_on(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [new_client(1), new_client(2, email="no mail"), new_client(3)])
    runner.serve()
    assert outcomes(job) == {"created": 2, "failed": 1}
    failed = Row.objects.get(job=job, outcome="failed")
    assert (failed.number, "email" in failed.reason) == (2, True)
    adds_up(job)


def test_a_batch_refused_as_a_whole_is_halved(sandbox: Sandbox, owner: User, settings: LazySettings) -> None:
    sandbox.switch(bulk="abort_batch")
    job = started(owner, [new_client(n, **({"email": "no mail"} if n == 5 else {})) for n in range(16)])
    runner.serve()
    assert outcomes(job) == {"created": 15, "failed": 1}
    assert Row.objects.get(job=job, outcome="failed").body["external_source_id"] == "S-5"
    assert set(exported(sandbox).values()) == {1}
    assert len(sandbox.requests("POST", BULK)) == 9 == ledger.tally(job).requests
    adds_up(job)
    recorded(job)


def test_halving_ends_at_its_cap(sandbox: Sandbox, owner: User, settings: LazySettings) -> None:
    settings.JOB_SPLIT_REQUESTS = 4
    sandbox.switch(bulk="abort_batch")
    job = started(owner, [new_client(n, email="no mail") for n in range(16)])
    runner.serve()
    assert outcomes(job) == {"failed": 16}
    assert len(sandbox.requests("POST", BULK)) == 5
    adds_up(job)


def test_the_key_is_refused_in_mid_job(sandbox: Sandbox, owner: User) -> None:
    """Row 10: at most one more call, and it goes on with the next row once an administrator has acted."""
    job = started(owner, (new_client(n) for n in range(30)), size=10)
    sandbox.fault("status", method="POST", status=401, times=5, skip=1)
    runner.serve()
    assert state_of(job) == "paused"
    assert "key" in job.note
    assert len(sandbox.requests("POST")) == 2
    runner.serve()
    assert len(sandbox.requests("POST")) == 2

    sandbox.http.delete("/_sandbox/faults")
    circuit.try_again()
    ledger.resume(job)
    runner.serve()
    assert state_of(job) == "done"
    assert len(exported(sandbox)) == 30
    assert set(exported(sandbox).values()) == {1}
    adds_up(job)
    recorded(job)


def test_the_reserve_is_left_to_people_and_the_job_waits(
    sandbox: Sandbox, owner: User, settings: LazySettings
) -> None:
    settings.KAYSE_HOURLY_LIMIT, settings.KAYSE_RESERVE = 10, 7
    sandbox.switch(rate_limit=10, rate_window=3600)
    job = started(owner, (new_client(n) for n in range(50)), size=10)
    runner.serve()
    assert state_of(job) == "waiting"
    assert job.note.startswith("waiting for the hourly budget until ")
    assert len(sandbox.requests("POST")) == 3
    assert budget.take(budget.Purpose.PERSON) is None, "a person may still send"
    later = DBTaskResult.objects.filter(status="READY").earliest("run_after")
    assert job.wait_until is not None
    assert abs(later.run_after - job.wait_until) < timedelta(seconds=1)
    assert Event.objects.filter(job=job.pk, result="rate_limited").count() == 0
    adds_up(job)

    Budget.objects.update(reset_at=timezone.now() - timedelta(seconds=1))
    Job.objects.update(wait_until=timezone.now())
    sandbox.switch(rate_limit=1000)
    runner.serve()
    assert state_of(job) in ("waiting", "done")
    assert len(sandbox.requests("POST")) > 3


def test_a_429_stops_at_once(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, (new_client(n) for n in range(20)), size=10)
    sandbox.switch(rate_limit=1)
    runner.serve()
    assert state_of(job) == "waiting"
    assert len(sandbox.requests("POST")) <= 2
    assert outcomes(job) == {"created": 10, "": 10}
    adds_up(job)


def test_an_unanswered_create_waits_for_a_person(
    sandbox: Sandbox, owner: User, settings: LazySettings
) -> None:
    settings.JOB_SETTLING = 0
    job = started(owner, (new_client(n) for n in range(20)), size=10)
    sandbox.fault("reset_after", method="POST", path=BULK)
    runner.serve()
    assert state_of(job) == "done"
    assert outcomes(job) == {"unknown": 10, "created": 10}
    assert len(sandbox.requests("POST", BULK)) == 2, "never sent a second time"
    assert set(exported(sandbox).values()) == {1}
    adds_up(job)
    recorded(job)


@pytest.mark.parametrize(("fault", "sent"), [("reset_after", 1), ("reset_before", 2)])
def test_an_unanswered_update_is_looked_at(
    sandbox: Sandbox, owner: User, settings: LazySettings, fault: str, sent: int
) -> None:
    """Sent again only where the read shows the old value."""
    settings.JOB_SETTLING = 0
    olds = {pk: sandbox.client(pk)["city"] for pk in (1, 2, 3)}
    job = started(owner, [city(pk, "Waco", olds[pk]) for pk in olds])
    sandbox.fault(fault, method="POST", path=BULK)
    runner.serve()
    assert state_of(job) == "done"
    assert outcomes(job) == {"updated": 3}
    assert len(sandbox.requests("POST", BULK)) == sent
    assert len(sandbox.requests("GET", "/v1/clients/")) == 3
    assert ledger.tally(job).requests == sent + 3
    assert [sandbox.client(pk)["city"] for pk in olds] == ["Waco"] * 3
    assert Client.objects.filter(city="Waco", pk__in=olds).count() == 3
    adds_up(job)
    recorded(job)


def test_looking_waits_until_the_vendor_has_settled(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [city(1, "Waco", sandbox.client(1)["city"])])
    sandbox.fault("reset_after", method="POST", path=BULK)
    runner.serve()
    assert state_of(job) == "waiting"
    assert outcomes(job) == {"unknown": 1}
    assert sandbox.requests("GET", "/v1/") == []


def test_looks_end_at_their_cap(sandbox: Sandbox, owner: User, settings: LazySettings) -> None:
    settings.JOB_SETTLING, settings.JOB_VERIFY_REQUESTS = 0, 2
    job = started(owner, [city(pk, "Waco", sandbox.client(pk)["city"]) for pk in (1, 2, 3)])
    sandbox.fault("reset_after", method="POST", path=BULK)
    runner.serve()
    assert outcomes(job) == {"updated": 2, "unknown": 1}
    assert state_of(job) == "done"
    adds_up(job)


def test_neither_old_nor_new_is_left_to_a_person(
    sandbox: Sandbox, owner: User, settings: LazySettings
) -> None:
    settings.JOB_SETTLING = 0
    job = started(owner, [city(1, "Waco", "Somewhere else")])
    sandbox.fault("reset_before", method="POST", path=BULK)
    runner.serve()
    assert state_of(job) == "done"
    assert outcomes(job) == {"unknown": 1}
    assert len(sandbox.requests("POST", BULK)) == 1


def test_what_a_dead_worker_left_is_unknown(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [new_client(1)])
    Chunk.objects.update(state=Chunk.State.SENDING, sent_at=timezone.now())
    runner.serve()
    assert outcomes(job) == {"unknown": 1}
    assert Row.objects.get(job=job).reason == unanswered.INTERRUPTED
    assert sandbox.requests("POST") == []
    adds_up(job)


def test_what_never_left_is_sent_later(sandbox: Sandbox, owner: User, settings: LazySettings) -> None:
    url, settings.KAYSE_API_URL = settings.KAYSE_API_URL, "http://127.0.0.1:9/v1"
    job = started(owner, [new_client(1)])
    runner.serve()
    assert state_of(job) == "waiting"
    assert outcomes(job) == {"": 1}
    recorded(job)
    settings.KAYSE_API_URL = url
    Job.objects.update(wait_until=timezone.now())
    runner.serve()
    assert state_of(job) == "done"
    assert exported(sandbox) == {"S-1": 1}
    adds_up(job)


@pytest.mark.parametrize("how", ["role", "account"])
def test_the_owner_may_not_any_more(sandbox: Sandbox, owner: User, how: str) -> None:
    job = started(owner, (new_client(n) for n in range(20)), size=10)
    if how == "role":
        owner.groups.clear()
    else:
        owner.is_active = False
        owner.save()
    runner.serve()
    assert state_of(job) == "paused"
    assert sandbox.requests("POST") == []


def test_two_jobs_take_turns(sandbox: Sandbox, owner: User) -> None:
    first = started(owner, (new_client(n) for n in range(30)), size=10)
    second = started(owner, (new_client(n) for n in range(100, 130)), size=10)
    runner.serve()
    sent = Chunk.objects.order_by("sent_at").values_list("job_id", flat=True)
    assert list(sent) == [first.pk, second.pk] * 3


@pytest.mark.parametrize(("kind", "size"), [("clients_refresh", 1), ("clients_revert", 3)])
def test_reading_jobs_take_turns_too(sandbox: Sandbox, owner: User, kind: str, size: int) -> None:
    reading = started(
        owner, (city(pk, "Waco", sandbox.client(pk)["city"]) for pk in (1, 2, 3)), size=size, kind=kind
    )
    sending = started(owner, (new_client(n) for n in range(3)), size=1)
    runner.serve()
    assert {state_of(reading), state_of(sending)} == {"done"}
    first = [one["method"] for one in sandbox.requests(path="/v1/")][:4]
    assert first == ["GET", "POST"] * 2


def test_pause_resume_cancel(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, (new_client(n) for n in range(30)), size=10)
    assert ledger.pause(job)
    runner.serve()
    assert sandbox.requests("POST") == []
    assert ledger.resume(job)
    runner.serve()
    assert state_of(job) == "done"
    other = started(owner, (new_client(n) for n in range(100, 130)), size=10)
    assert ledger.cancel(other)
    runner.serve()
    assert state_of(other) == "cancelled"
    assert ledger.tally(other).left == 30
    assert not ledger.resume(other)
    adds_up(other)


def test_a_job_that_is_paused_meanwhile_is_not_sent(
    sandbox: Sandbox, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(owner, [new_client(1)])
    original = raw.rows_of

    def paused_meanwhile(chunk: Any) -> Any:
        ledger.pause(job)
        return original(chunk)

    monkeypatch.setattr(raw, "rows_of", paused_meanwhile)
    runner.serve()
    assert sandbox.requests("POST") == []
    assert Event.objects.filter(job=job.pk).count() == 0
    assert state_of(job) == "paused"


@pytest.mark.parametrize(("requests", "state"), [(1, "done"), (2, "paused")])
def test_a_pause_during_the_last_request_leaves_nothing_to_resume(
    sandbox: Sandbox,
    owner: User,
    as_paralegal: Browser,
    monkeypatch: pytest.MonkeyPatch,
    requests: int,
    state: str,
) -> None:
    job = started(owner, (new_client(n) for n in range(2 * requests)), size=2)
    original, pages = bulk.Upsert.send, []

    def paused_meanwhile(self: bulk.Upsert, *args: Any) -> Any:
        ledger.pause(job)
        pages.append(as_paralegal.get(f"/jobs/{job.pk}/").content.decode())
        return original(self, *args)

    monkeypatch.setattr(bulk.Upsert, "send", paused_meanwhile)
    runner.serve()
    assert state_of(job) == state
    assert len(sandbox.requests("POST")) == 1
    assert ledger.tally(job).created == 2
    assert 'hx-trigger="every 2s"' in pages[0], "the page goes on looking until the request has ended"
    assert 'hx-trigger="every 2s"' not in as_paralegal.get(f"/jobs/{job.pk}/").content.decode()


def test_a_term_signal_ends_between_two_requests(
    sandbox: Sandbox, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = started(owner, (new_client(n) for n in range(30)), size=10)
    monkeypatch.setattr(runner, "_after", lambda *_: runner.ending_soon.set())
    try:
        assert runner.serve() == 1
    finally:
        runner.ending_soon.clear()
    assert outcomes(job) == {"created": 10, "": 20}
    assert not Chunk.objects.filter(state=Chunk.State.SENDING).exists()
    assert tasks.is_queued(), "the rest is back in the queue"


def test_the_sweep_puts_interrupted_jobs_back(sandbox: Sandbox, owner: User) -> None:
    job = started(owner, [new_client(1)])
    DBTaskResult.objects.update(status="RUNNING")
    Job.objects.update(state="running")
    assert runner.sweep()
    assert not runner.sweep(), "once is enough"
    runner.serve()
    assert state_of(job) == "done"
    DBTaskResult.objects.all().delete()
    assert not runner.sweep(), "nothing is due"


def test_sparse_answers_keep_what_was_sent(sandbox: Sandbox, owner: User) -> None:
    sandbox.switch(answers="sparse")
    job = started(owner, [new_client(n, voice_calls_opted_out=True) for n in range(3)])
    runner.serve()
    assert outcomes(job) == {"created": 3}
    client = directory.find(Row.objects.filter(job=job)[0].result or 0)
    assert client is not None
    assert client.voice_calls_opted_out is True
    assert client.external_source_id == "S-0"


def test_keys_that_nobody_documents_are_kept(sandbox: Sandbox, owner: User) -> None:
    """A bulk answer may tell more than the vendor's page does; what was known of that before stays."""
    at = timezone.now()
    rows = [
        Row(line=n, number=n, target=pk, body={"city": "Waco"}) for n, pk in enumerate((900_001, 900_002))
    ]
    told = [
        Told.read({"id": 900_001, "city": "Waco", "title": "Dr.", "meta": {"a": "b\x00"}}),
        Told.read({"id": 900_002, "city": "Waco"}),
    ]
    actor = Actor(owner.pk, "Paula")
    learn = transaction.atomic(bulk.learn)
    for _ in range(2):
        learn([(row.target or 0, row, one) for row, one in zip(rows, told, strict=True)], at, actor)
        first, second = Client.objects.filter(pk__gt=900_000).order_by("pk")
        assert first.extra["title"] == "Dr."
        assert first.extra["meta"] == {"a": "b\ufffd"}
        assert (second.extra, second.city, second.changed_by) == ({}, "Waco", owner.pk)
    again = Told.read({"id": 900_001, "city": "Waco", "suffix": "jr."})
    learn([(900_001, rows[0], again)], at + timedelta(seconds=1), actor)
    assert Client.objects.get(pk=900_001).extra.keys() == {"title", "meta", "suffix"}
    learn([(900_001, rows[0], None)], at + timedelta(seconds=2), actor)
    assert Client.objects.get(pk=900_001).extra.keys() == {"title", "meta", "suffix"}
