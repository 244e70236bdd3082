"""Workers killed at random in mid-job while another one races for it: nothing doubled, nothing lost, all named.

Row 12 of the faults that the product has to survive. The size comes from SOAK_ROWS and SOAK_KILLS; the benchmark
`job_soak` runs it with 10,000 rows and 100 kills.
"""

from __future__ import annotations

import os
import random
import time
from multiprocessing.process import BaseProcess

import pytest

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import OpenOperation
from kayse_admin.jobs.models import Chunk, Job, Row
from tests import forked
from tests.conftest import Sandbox
from tests.jobs import worker
from tests.jobs.helpers import adds_up, exported, new_client, recorded, started
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = int(os.environ.get("SOAK_ROWS", "1000"))
KILLS = int(os.environ.get("SOAK_KILLS", "15"))
SIZE = int(os.environ.get("SOAK_SIZE", "25"))


def over() -> bool:
    """Whether the job came to its end."""
    return Job.objects.filter(state=Job.State.DONE).exists()


def sending() -> set[int]:
    """The requests that stand as being sent."""
    return set(Chunk.objects.filter(state=Chunk.State.SENDING).values_list("pk", flat=True))


class Racing:
    """Two workers; one that is killed is replaced."""

    def __init__(self, sandbox: Sandbox, mode: str) -> None:
        self.vendor = sandbox.url
        self.mode = mode
        self.processes = [self.begin(), self.begin()]
        self.random = random.Random(7)
        self.left: set[int] = set()

    def begin(self) -> BaseProcess:
        return forked.begin(worker.main, self.mode, KAYSE_API_URL=self.vendor, KAYSE_HOURLY_LIMIT=1_000_000)

    def kill_one(self) -> None:
        """Kill one of the two at a random moment of its work."""
        until(lambda: bool(sending() - self.left) or over(), "another request")
        time.sleep(self.random.uniform(0, 0.06))
        place = self.random.randrange(2)
        self.processes[place].kill()
        self.processes[place].join(timeout=30)
        # What stands as being sent now may be what the dead left: the next kill waits for another request.
        self.left = sending()
        self.processes[place] = self.begin()

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.join(timeout=30)


def soak(sandbox: Sandbox, owner: User, mode: str) -> Job:
    """Send the rows through kills; returns the finished job."""
    sandbox.switch(bulk_row_ms=2, rate_limit=1_000_000)
    job = started(owner, (new_client(number) for number in range(ROWS)), size=SIZE)
    workers = Racing(sandbox, mode)
    killed = 0
    try:
        arrived = "/_sandbox/requests?method=POST"
        until(lambda: sandbox.http.get(arrived).json()["count"] > 0, "the first request")
        while killed < KILLS and not over():
            workers.kill_one()
            killed += 1
        until(over, "the end of the job", 120 + ROWS / 50)
    finally:
        workers.end()
    # A request whose sender was killed may still be under way at the vendor.
    until(
        lambda: all(one["status"] or one["applied"] is not None for one in sandbox.requests("POST")),
        "the end of the last request",
    )
    assert killed == KILLS, "the job was over before all kills were done"
    job.refresh_from_db()
    return job


def test_nothing_is_doubled_or_lost(sandbox: Sandbox, people: dict[str, User]) -> None:
    job = soak(sandbox, people["paralegal"], "careful")

    at_vendor = exported(sandbox)
    assert max(at_vendor.values()) == 1, "no client is there twice"
    for row in Row.objects.filter(job=job):
        there = at_vendor[row.body["external_source_id"]]
        assert row.outcome in ("created", "unknown")
        assert there == 1 or row.outcome == "unknown", "what is not at the vendor is named as unknown"
    unknown = Row.objects.filter(job=job, outcome="unknown").count()
    print(
        f"{ROWS} rows, {KILLS} kills: {len(at_vendor)} at the vendor, {unknown} named as unknown, 0 doubles"
    )
    assert unknown < ROWS, "something was done"
    adds_up(job)
    recorded(job)
    assert not OpenOperation.objects.filter(state="in_flight").exists()


def test_without_the_safeguard_there_are_doubles(sandbox: Sandbox, people: dict[str, User]) -> None:
    """The control: the same with workers that send again what was interrupted, and without the lock."""
    soak(sandbox, people["paralegal"], "blind")

    doubles = sum(count - 1 for count in exported(sandbox).values())
    print(f"{ROWS} rows, {KILLS} kills, no safeguard: {doubles} doubles")
    assert doubles > 0
