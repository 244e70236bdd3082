"""Jobs for the tests: rows of new clients or of changes, started as somebody would start them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import OUTCOMES, Chunk, Job, Row
from tests.conftest import Sandbox
from tests.forked import environment


def new_client(number: int, **fields: Any) -> Row:
    """A row that creates a client."""
    body = {
        "external_source": "soak",
        "external_source_id": f"S-{number}",
        "first_name": "Sol",
        "last_name": f"Soak {number}",
        **fields,
    }
    return Row(line=number + 1, label=f"Sol Soak {number}", body=body)


def started(owner: User, rows: Iterable[Row], size: int = 100, kind: str = "clients_upsert") -> Job:
    """A job with these rows, queued."""
    job = Job.objects.create(kind=kind, title="Soak", owner_id=owner.pk, owner_name=owner.display_name)
    ledger.add_rows(job, rows)
    assert ledger.start(job, size=size)
    return job


def exported(sandbox: Sandbox, source: str = "soak") -> Counter[str]:
    """How often the sandbox has each external id of the source."""
    lines = sandbox.http.get("/_sandbox/export.csv", timeout=60).text.splitlines()
    head = lines[0].split(",")
    at, ident = head.index("external_source"), head.index("external_source_id")
    cells = (line.split(",") for line in lines[1:])
    return Counter(row[ident] for row in cells if len(row) > ident and row[at] == source)


def outcomes(job: Job) -> Counter[str]:
    """The outcomes of the job's rows, counted from the rows themselves."""
    return Counter(Row.objects.filter(job=job).values_list("outcome", flat=True))


def adds_up(job: Job) -> None:
    """The five outcomes as the pages tell them are those of the rows, and add up."""
    job.refresh_from_db()
    tally = ledger.tally(job)
    counted = outcomes(job)
    assert {name: getattr(tally, name) for name in OUTCOMES} == {name: counted[name] for name in OUTCOMES}
    assert tally.settled + tally.left == tally.total == Row.objects.filter(job=job).count()
    assert tally.left == counted[""]


def recorded(job: Job) -> None:
    """Every request has an intent that was committed first, and something that tells how it ended."""
    for chunk in Chunk.objects.filter(job=job, operation__isnull=False):
        events = list(Event.objects.filter(operation=chunk.operation).order_by("id"))
        assert [events[0].stage, events[0].job] == ["intent", job.pk]
        assert events[-1].result, f"nobody knows how request {chunk.pk} ended"


def worker_environment(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """The environment of a worker process on this test's database."""
    return environment(**{"KAYSE_API_URL": sandbox.url, "KAYSE_HOURLY_LIMIT": "1000000", **more})


PYTHON = sys.executable
ROOT = Path(__file__).resolve().parents[2]
