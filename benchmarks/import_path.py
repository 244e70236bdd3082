"""What one row costs on its whole way beside a bare loop, and how much memory that takes.

    python -m benchmarks.import_path [--rows 10000] [--rounds 3] [--ratio 5]
    python -m benchmarks.import_path --memory 10000 100000 1000000

The whole way: decode, cut, map, validate, match, write the ledger, send, record in the audit log, take into the
directory. The bare loop: csv, one pydantic validation, one httpx POST for 500 rows, one insert a row, a commit for
each request. Both send the same file in requests of the same size to the same server (`benchmarks.stub`, which costs
next to nothing) in one process and one run, in turn; on SQLite with the same journal and the same waiting for the
disk. The whole way alone opens a connection for each request, because it promises to. The best round of each counts,
in time on the wall. Beside it stands the time on the processor, which is steadier on a machine that others use. A
second bare loop validates each cell by the rules that the import goes by, instead of its type alone. DATABASE_URL names
another database than a fresh SQLite file.

With --memory the whole way is gone once for each number of rows, in a process of its own, and its largest resident
size is told: at most 200 MB, and no more than a fifth above the smallest.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from pydantic import BaseModel

from benchmarks.stub import running_apart

SIZE = 500
#: How often the bare loop goes in each round: about as long as the whole way, so that what else the machine does in a
#: round meets both alike. A short loop would find a quiet moment sooner.
PASSES = 5
MOST_MB, MOST_GROWTH = 200, 1.2  # caches of a fixed size fill up
HEAD = "external_source,external_source_id,first_name,last_name,mobile,email,city,state\n"


def lines(count: int, batch: int = 0) -> Iterator[bytes]:
    """A partner's file in pieces; each batch has other people."""
    yield HEAD.encode()
    first = batch * count
    for start in range(0, count, 5_000):
        yield "".join(
            f"acme,B-{n},Pat,Bench{n},+1{2_120_000_000 + n},p{n}@example.com,Austin,TX\n"
            for n in range(first + start, first + min(count, start + 5_000))
        ).encode()


class Line(BaseModel):
    """A row as the bare loop knows it."""

    external_source: str
    external_source_id: str
    first_name: str
    last_name: str
    mobile: str
    email: str
    city: str
    state: str


def by_type(cells: dict[str, str]) -> dict[str, Any]:
    """The validation of the bare loop."""
    return Line.model_validate(cells).model_dump()


def by_rules(cells: dict[str, str]) -> dict[str, Any]:
    """Each cell by the rules of its field."""
    from clients_ui.forms import parse

    return {name: parse(name, cell) for name, cell in cells.items()}


class Took(NamedTuple):
    """Seconds on the wall and on the processor."""

    wall: float
    cpu: float


@contextmanager
def timed(into: list[Took], times: int = 1) -> Iterator[None]:
    """Note how long the block took, which does the same so many times."""
    begun, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Took((time.perf_counter() - begun) / times, (time.process_time() - cpu) / times))


def bare(url: str, text: str, validate: Callable[[dict[str, str]], dict[str, Any]]) -> None:
    """The bare loop."""
    with tempfile.TemporaryDirectory() as folder:
        table = sqlite3.connect(f"{folder}/bare.sqlite3")
        # As the dashboard's own database: a commit waits for the disk, once.
        table.execute("PRAGMA journal_mode=WAL")
        table.execute("PRAGMA synchronous=FULL")
        table.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
        with httpx.Client(headers={"X-API-KEY": "bench"}, trust_env=False, timeout=120) as http:
            batch = []
            for cells in csv.DictReader(io.StringIO(text)):
                batch.append(validate(cells))
                if len(batch) == SIZE:
                    http.post(f"{url}/clients/bulk", json={"clients": batch}).raise_for_status()
                    table.executemany(
                        "INSERT INTO t (body) VALUES (?)", [(json.dumps(one),) for one in batch]
                    )
                    table.commit()
                    batch = []


def whole(owner: Any, count: int, batch: int = 0) -> dict[str, float]:
    """The whole way; seconds of its parts."""
    from clients_ui.imports import mapping, services
    from kayse_admin.jobs import ledger, runner

    times = [time.perf_counter()]
    kept = services.keep(owner, "bench.csv", lines(count, batch), most=10**11)
    times.append(time.perf_counter())
    job = services.check(owner, kept, mapping.guess(kept.header), most=10**9)
    times.append(time.perf_counter())
    services.start(owner, kept, uuid.uuid4())
    times.append(time.perf_counter())
    runner.serve()
    times.append(time.perf_counter())
    tally = ledger.tally(job)
    assert tally.created == count, tally
    assert tally.requests == -(-count // SIZE), tally
    parts = [after - before for before, after in itertools.pairwise(times)]
    return dict(zip(("keep", "check", "start", "send"), parts, strict=True))


def prepare(folder: Path, url: str) -> Any:
    """A fresh database, and somebody who may import."""
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
        "SECRET_KEY": "bench" * 12,
        "VAR_DIR": str(folder),
        "KAYSE_API_URL": url,
        "KAYSE_HOURLY_LIMIT": "10000000",
        "KAYSE_BULK_ROWS": str(SIZE),
        "LOG_LEVEL": "WARNING",
    }
    import logging

    import django
    from django.core.management import call_command

    django.setup()
    logging.getLogger().setLevel(logging.WARNING)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)

    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from kayse_admin.accounts.roles import Role, granted
    from kayse_admin.actors import Actor
    from kayse_admin.processes import settle_in

    settle_in()  # as a worker does at its start
    person, _ = get_user_model().objects.get_or_create(username="bench")
    person.groups.add(Group.objects.get(name=Role.ADMINISTRATOR.value))
    return Actor(person.pk, "Bench", capabilities=granted([Role.ADMINISTRATOR.value]))


def compare(rows: int, rounds: int, most: float) -> int:
    """Time them side by side; 0 when the whole way is at most `most` times the bare loop."""
    with tempfile.TemporaryDirectory(prefix="kayse-bench-") as folder, running_apart() as url:
        owner = prepare(Path(folder), url)
        by_name: dict[str, list[Took]] = {"bare": [], "bare, same rules": [], "whole way": []}
        parts = {}
        for batch in range(rounds):
            text = b"".join(lines(rows, batch)).decode()
            for name, validate in (("bare", by_type), ("bare, same rules", by_rules)):
                with timed(by_name[name], PASSES):
                    for _ in range(PASSES):
                        bare(url, text, validate)
            with timed(by_name["whole way"]):
                parts = whole(owner, rows, batch)
    best = {name: Took(*map(min, zip(*times, strict=True))) for name, times in by_name.items()}
    way = best["whole way"]
    print(f"{rows:,} rows, best of {rounds}; µs a row on the wall (on the processor)")
    for name, took in best.items():
        ratios = f"{way.wall / took.wall:.1f} ({way.cpu / took.cpu:.1f})"
        print(
            f"{name}: {took.wall / rows * 1e6:.0f} ({took.cpu / rows * 1e6:.0f}); whole way is {ratios} times it"
        )
    print("last round:", ", ".join(f"{name} {value / rows * 1e6:.0f}" for name, value in parts.items()))
    ratio = way.wall / best["bare"].wall
    print(f"{'ok' if ratio <= most else 'TOO SLOW'}: {ratio:.1f}, at most {most}")
    return 0 if ratio <= most else 1


def largest(rows: int) -> None:
    """Go the whole way once and print the largest resident size in kB."""
    with tempfile.TemporaryDirectory(prefix="kayse-bench-") as folder, running_apart() as url:
        owner = prepare(Path(folder), url)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        parts = whole(owner, rows)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, before, sum(parts.values()))


def memory(counts: list[int]) -> int:
    """Print the largest resident size for each number of rows; 0 when it is small and does not grow."""
    sizes = []
    for rows in counts:
        command = [sys.executable, "-m", "benchmarks.import_path", "--largest", str(rows)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        sizes.append(int(told[0]) / 1024)
        print(
            f"{rows:,} rows: {sizes[-1]:.0f} MB at most, {int(told[1]) / 1024:.0f} MB before, "
            f"{float(told[2]):.1f} s",
            flush=True,
        )
    good = max(sizes) <= MOST_MB and max(sizes) <= MOST_GROWTH * sizes[0]
    print("ok" if good else "TOO MUCH")
    return 0 if good else 1


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ratio", type=float, default=5)
    parser.add_argument("--memory", type=int, nargs="+", metavar="ROWS")
    parser.add_argument("--largest", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.largest:
        largest(given.largest)
        return 0
    if given.memory:
        return memory(given.memory)
    return compare(given.rows, given.rounds, given.ratio)


if __name__ == "__main__":
    sys.exit(main())
