"""How fast are the log, its filters, sealing and verifying in a large record?

    DATABASE_URL=sqlite:////somewhere/large.sqlite3 python -m benchmarks.audit_log --operations 5000000

Fills an empty database with operations (two events each) over three years, then measures the htmx answer of the log's
first, middle and last page and of each filter, a round of sealing, and `audit_verify` over what was sealed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from kayse_admin.audit import seals, triggers  # noqa: E402
from kayse_admin.audit.models import Event  # noqa: E402
from tests.conftest import lift  # noqa: E402

DAYS = 3 * 365
#: One operation in so many ends otherwise; the rest is applied.
RESULTS = "CASE WHEN n % 1000 = 0 THEN 'unknown' WHEN n % 300 = 0 THEN 'rejected' ELSE 'applied' END"
COMMON = {
    "gesture": {"sqlite": "printf('%032x', n)", "postgresql": "lpad(to_hex(n), 32, '0')"},
    "operation": {"sqlite": "printf('%032x', n)", "postgresql": "lpad(to_hex(n), 32, '0')::uuid"},
    "at": {
        "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', {now} - {span} + n * 1.0 * {span} / {total}, 'unixepoch')",
        "postgresql": "to_timestamp({now} - {span} + n * 1.0 * {span} / {total})",
    },
}
COLUMNS = {
    "actor_id": "CASE WHEN n % 100000 = 7 THEN 9 ELSE 1 + n % 5 END",
    "actor_name": "'Person ' || (1 + n % 5)",
    "actor_role": "CASE WHEN n % 3 = 0 THEN 'Paralegal' ELSE 'Campaign manager' END",
    "address": "'10.0.0.' || (n % 200)",
    "action": "CASE WHEN n % 5000 = 0 THEN 'client_delete' WHEN n % 4 = 0 THEN 'case_list_attach' "
    "ELSE 'client_update' END",
    "target_kind": "CASE WHEN n % 4 = 0 AND n % 5000 <> 0 THEN 'case_list' ELSE 'client' END",
    "target_id": "1 + n % 20000",
    "target_label": "'Client ' || (1 + n % 20000)",
    "job": "CASE WHEN n % 50000 < 500 THEN n / 50000 + 1 END",
    "reason": "''",
    "detail": "''",
}


def fill(total: int) -> None:
    """Write the operations in bulk, without the indexes and the triggers, which are made afterwards."""
    vendor = connection.vendor
    table = Event._meta.db_table
    indexes = list(Event._meta.indexes)
    lift()
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.remove_index(Event, index)
    numbers = {
        "sqlite": f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {total})",
        "postgresql": f"WITH numbers AS (SELECT generate_series(1, {total}) AS n)",
    }[vendor]
    when = {"now": int(time.time()), "span": DAYS * 86_400, "total": total}
    shared = {name: texts[vendor].format(**when) for name, texts in COMMON.items()} | COLUMNS
    city = {name: f'\'{{"city": "{word}"}}\'' for name, word in (("before", "Austin"), ("after", "Dallas"))}
    true, false = ("1", "0") if vendor == "sqlite" else ("true", "false")
    rows = (
        {"id": "2 * n - 1", "stage": "'intent'", "opens": true, "begun": "0", "result": "''", "requests": "0",
         "before": city["before"], "payload": city["after"]},
        {"id": "2 * n", "stage": "'outcome'", "opens": false, "begun": "2 * n - 1", "result": RESULTS, "requests": "2",
         "after": city["after"], "duration_ms": "230", "http_status": "200"},
    )  # fmt: skip
    with connection.cursor() as cursor:
        for row in rows:
            told = shared | row
            if vendor == "postgresql":
                told |= {
                    name: f"{told[name]}::jsonb" for name in ("before", "after", "payload") if name in told
                }
            cursor.execute(
                f"{numbers} INSERT INTO {table} ({', '.join(told)}) SELECT {', '.join(told.values())} FROM numbers"
            )
        if vendor == "postgresql":
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {2 * total})")
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(Event, index)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    triggers.put_back()


def timed(call: Callable[[], Any], times: int) -> list[float]:
    """Milliseconds of each call, sorted."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        spent.append((time.perf_counter() - began) * 1000)
    return sorted(spent)


def browser() -> Client:
    """A signed-in auditor."""
    person, made = get_user_model().objects.get_or_create(pk=1, defaults={"username": "auditor"})
    if made:
        person.groups.add(Group.objects.get(name="auditor"))
        for number in range(2, 10):
            get_user_model().objects.create(pk=number, username=f"person{number}")
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(headers={"HX-Request": "true"})
    client.force_login(person)
    return client


def main() -> None:
    """Fill if empty, measure, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument(
        "--seals", type=int, default=100, help="how many seals of 1,000 events to make and verify"
    )
    args = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if not Event.objects.exists():
        began = time.perf_counter()
        fill(args.operations)
        print(f"filled in {time.perf_counter() - began:.0f} s")
    newest = Event.objects.order_by("-id").values_list("id", flat=True)[0]
    print(f"{connection.vendor}, {newest:,} events")
    client = browser()
    year = time.strftime("%Y", time.localtime(time.time() - 500 * 86_400))
    queries = [
        "", f"before={newest // 2}", "before=60", "when=7d", f"since={year}-03-01&until={year}-03-07", "person=2",
        "person=9",
        "action=client_delete", "action=client_update", "result=applied", "result=rejected", "result=unknown",
        "result=not_sent", "result=under_way", "kind=case_list", "kind=label", "kind=client&pk=777", "role=Paralegal",
        "role=System", "address=10.0.0.7", "address=10.9.9.9", "job=3", f"gesture={777:032x}",
        "q=client 777", "q=nobody",
        "person=9&result=unknown", f"person=2&result=rejected&since={year}-03-01&until={year}-03-07",
    ]  # fmt: skip
    for query in queries:
        url = f"/audit/?{query}"
        assert client.get(url).status_code == 200, query
        spent = timed(lambda url=url: client.get(url), args.times)
        p95 = spent[int(len(spent) * 0.95) - 1]
        print(f"{query or 'first page':60} p50 {statistics.median(spent):7.1f} ms  p95 {p95:7.1f} ms")
    began, done = time.perf_counter(), 0
    for _ in range(args.seals):
        done += seals._seal_next(whole=False)
    print(f"sealed {done:,} events, {done / (time.perf_counter() - began):,.0f}/s")
    began = time.perf_counter()
    verdict = seals.verify()
    assert verdict.fault is None, verdict.fault
    print(f"verified {verdict.events:,} events, {verdict.events / (time.perf_counter() - began):,.0f}/s")


if __name__ == "__main__":
    main()
