"""What one row costs on its whole way beside a bare loop, and the memory: `python -m benchmarks.import_path`.

The whole way: decode, cut, map, validate, match, write the ledger, send, record in the audit log, take into the
directory. The bare loop: csv, one pydantic validation, one httpx POST for 500 rows, one insert a row in the same
transaction size. Both run in one process against the same sandbox; the ratio is asserted with BENCH_RATIO.
"""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROWS = int(os.environ.get("BENCH_ROWS", "10000"))
RATIO = float(os.environ.get("BENCH_RATIO", "5"))
HEAD = "external_source,external_source_id,first_name,last_name,mobile,email,city,state\n"


def lines(count: int) -> Iterator[bytes]:
    """A partner's file in pieces."""
    yield HEAD.encode()
    for start in range(0, count, 5_000):
        yield "".join(
            f"acme,B-{n},Pat,Bench{n},+1{2_120_000_000 + n},p{n}@example.com,Austin,TX\n"
            for n in range(start, min(count, start + 5_000))
        ).encode()


def bare(url: str, count: int) -> float:
    """Seconds of the bare loop."""
    import httpx
    from pydantic import BaseModel

    class Line(BaseModel):
        external_source: str
        external_source_id: str
        first_name: str
        last_name: str
        mobile: str
        email: str
        city: str
        state: str

    text = b"".join(lines(count)).decode()
    table = sqlite3.connect(tempfile.mktemp())
    table.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    begun = time.perf_counter()
    with httpx.Client(headers={"X-API-KEY": "sandbox-key"}, trust_env=False, timeout=120) as http:
        batch = []
        for cells in csv.DictReader(io.StringIO(text)):
            batch.append(Line.model_validate(cells).model_dump())
            if len(batch) == 500:
                http.post(f"{url}/clients/bulk", json={"clients": batch}).raise_for_status()
                table.executemany("INSERT INTO t (body) VALUES (?)", [(json.dumps(one),) for one in batch])
                table.commit()
                batch = []
    return time.perf_counter() - begun


def whole(owner: Any, count: int) -> tuple[float, dict[str, float]]:
    """Seconds of the whole way, and of its parts."""
    from clients_ui.imports import mapping, services
    from kayse_admin.jobs import ledger, runner

    parts = {}
    begun = time.perf_counter()
    kept = services.keep(owner, "bench.csv", lines(count), most=10**11)
    parts["keep"] = time.perf_counter() - begun
    job = services.check(owner, kept, mapping.guess(kept.header), most=10**9)
    parts["check"] = time.perf_counter() - begun - sum(parts.values())
    services.start(owner, kept, uuid.uuid4())
    parts["start"] = time.perf_counter() - begun - sum(parts.values())
    runner.serve()
    parts["send"] = time.perf_counter() - begun - sum(parts.values())
    tally = ledger.tally(job)
    assert tally.created == count, tally
    assert tally.requests == -(-count // 500), tally
    return time.perf_counter() - begun, parts


def main() -> None:
    """Set up, measure, print, assert."""
    folder = Path(tempfile.mkdtemp(prefix="kayse-bench-"))
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
        "SECRET_KEY": "bench" * 12,
        "VAR_DIR": str(folder),
        "KAYSE_HOURLY_LIMIT": "10000000",
        "LOG_LEVEL": "WARNING",
    }
    from benchmarks.vendor import running_apart

    with running_apart(folder) as url:
        os.environ["KAYSE_API_URL"] = url
        import django

        django.setup()
        import logging

        from django.core.management import call_command

        logging.getLogger().setLevel(logging.WARNING)
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        owner = _owner()
        plain = bare(url, ROWS)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, parts = whole(owner, ROWS)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ratio = seconds / plain
    told = ", ".join(f"{name} {value / ROWS * 1e6:.0f}" for name, value in parts.items())
    print(
        f"{ROWS:,} rows; bare {plain / ROWS * 1e6:.0f} µs a row; whole {seconds / ROWS * 1e6:.0f} µs ({told})"
    )
    print(
        f"ratio {ratio:.1f} (at most {RATIO}); memory {before // 1024} MB before, {after // 1024} MB at most"
    )
    if ratio > RATIO:
        sys.exit("The whole way is too slow.")


def _owner() -> Any:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    from kayse_admin.accounts.roles import Role, granted
    from kayse_admin.actors import Actor

    person, _ = get_user_model().objects.get_or_create(username="bench")
    person.groups.add(Group.objects.get(name=Role.ADMINISTRATOR.value))
    return Actor(person.pk, "Bench", capabilities=granted([Role.ADMINISTRATOR.value]))


if __name__ == "__main__":
    main()
