"""The measures of `benchmarks.audit_log`, in the database that DATABASE_URL names."""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlencode

import django

django.setup()
logging.disable(logging.WARNING)  # each round of sealing would print its head

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.audit_log import arguments  # noqa: E402
from benchmarks.side_by_side import as_it_comes  # noqa: E402
from kayse_admin.audit import queries, seals, triggers, verifying  # noqa: E402
from kayse_admin.audit.models import Event, SealedEvent  # noqa: E402
from tests.conftest import lift  # noqa: E402

DAYS = 3 * 365
#: What is asked: milliseconds at p95, times faster than the admin, events verified and sealed in a second.
SLOWEST, LEAST_RATIO, VERIFIED, INCOMING = 50, 100, 50_000, 500
#: The admin's names of what the log calls otherwise.
COLUMN = {"person": "actor_id", "role": "actor_role", "kind": "target_kind"}
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
        if vendor == "postgresql":  # as autovacuum would have done by then
            cursor.execute("VACUUM")
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


def browsers() -> tuple[Client, Client]:
    """A signed-in auditor under htmx, and the same person in Django's admin."""
    person, made = get_user_model().objects.get_or_create(
        pk=1, defaults={"username": "auditor", "is_staff": True, "is_superuser": True}
    )
    if made:
        person.groups.add(Group.objects.get(name="auditor"))
        for number in range(2, 10):
            get_user_model().objects.create(pk=number, username=f"person{number}")
    settings.ALLOWED_HOSTS = ["testserver"]
    ours, admin = Client(headers={"HX-Request": "true"}), Client()
    for client in (ours, admin):
        client.force_login(person)
    return ours, admin


def questions(newest: int) -> list[tuple[str, dict[str, object], dict[str, object]]]:
    """For each row of the table: its name, what the log is asked, and the same for the admin's changelist."""
    now = time.time()
    year = time.strftime("%Y", time.localtime(now - 500 * 86_400))
    week = time.strftime("%Y-%m-%d", time.localtime(now - 6 * 86_400))
    march = {"since": f"{year}-03-01", "until": f"{year}-03-07"}
    in_march = {"at__gte": f"{year}-03-01T00:00:00Z", "at__lt": f"{year}-03-08T00:00:00Z"}
    thousandth = max(newest - 2 * 25 * 999, 51)
    rows: list[tuple[str, dict[str, object], dict[str, object]]] = [
        ("first page", {}, {}),
        ("thousandth page", {"before": thousandth}, {"p": min(1000, newest // 25)}),
        ("last page", {"before": 51}, {"p": newest // 25}),
        ("last 7 days", {"when": "7d"}, {"at__gte": f"{week}T00:00:00Z"}),
        ("a week long ago", march, in_march),
        ("a person", {"person": 2}, {"actor_id": 2}),
        ("a person who did little", {"person": 9}, {"actor_id": 9}),
        ("a role", {"role": "Paralegal"}, {"actor_role": "Paralegal"}),
        ("a role without rows", {"role": "System"}, {"actor_role": "System"}),
        ("a kind", {"kind": "case_list"}, {"target_kind": "case_list"}),
        ("a kind without rows", {"kind": "label"}, {"target_kind": "label"}),
        ("one client", {"kind": "client", "pk": 777}, {"target_kind": "client", "target_id": 777}),
        ("a person and a result", {"person": 9, "result": "unknown"}, {"actor_id": 9, "result": "unknown"}),
        ("person, result, week", {"person": 2, "result": "rejected", **march},
         {"actor_id": 2, "result": "rejected", **in_march}),
        ("under way", {"result": "under_way"}, {"result": "", "stage": "outcome"}),
    ]  # fmt: skip
    # Of two conditions neither of which is rare and which never or seldom hold together, and of more.
    for name, told in (
        ("person, address: never", {"person": 2, "address": "10.0.0.7"}),
        ("person, address", {"person": 3, "address": "10.0.0.7"}),
        ("person, result: never", {"person": 2, "result": "unknown"}),
        ("person, role", {"person": 2, "role": "Paralegal"}),
        ("kind, action: never", {"kind": "case_list", "action": "client_update"}),
        ("address, kind: never", {"address": "10.0.0.7", "kind": "case_list"}),
        ("address, result", {"address": "10.0.0.7", "result": "rejected"}),
        ("action, result: never", {"action": "client_delete", "result": "rejected"}),
        (
            "role, kind, person, result",
            {"role": "Paralegal", "kind": "client", "person": 2, "result": "unknown"},
        ),
        ("person, q: never", {"person": 2, "q": "nobody"}),
        ("q, result: never", {"q": "nobody", "result": "unknown"}),
        ("job, person", {"job": 3, "person": 2}),
    ):
        rows.append((name, told, {COLUMN.get(key, key): value for key, value in told.items()}))
    for name, value in (
        ("action", "client_delete"), ("action", "client_update"), ("result", "applied"), ("result", "rejected"),
        ("result", "unknown"), ("result", "not_sent"), ("address", "10.0.0.7"), ("address", "10.9.9.9"), ("job", 3),
        ("gesture", f"{777:032x}"), ("q", "client 777"), ("q", "nobody"),
    ):  # fmt: skip
        rows.append((f"{name} {value}"[:28], {name: value}, {name: value}))
    return rows


def shown(admin: Client, url: str) -> None:
    """Ask the admin for a page."""
    answer = admin.get(url)
    assert answer.status_code == 200, (url, answer.headers.get("Location"))


def answers(newest: int, times: int, admin_times: int) -> int:
    """The table of pages and filters; how many of its lines are not as fast as asked."""
    ours, admin = browsers()
    print(f"{'':28}{'p50 ms':>9}{'p95 ms':>9}{'admin ms':>11}{'times':>8}", flush=True)
    worst, least, failed = 0.0, float("inf"), 0
    for name, asked, of_admin in questions(newest):
        urls = f"/audit/?{urlencode(asked)}", f"/admin/audit/event/?{urlencode(of_admin)}"
        assert ours.get(urls[0]).status_code == 200, name
        spent = timed(lambda url=urls[0]: ours.get(url), times)
        p95 = spent[max(0, int(len(spent) * 0.95) - 1)]
        worst, line = max(worst, p95), f"{name:28}{statistics.median(spent):9.1f}{p95:9.1f}"
        ratio = float("inf")
        if admin_times:
            with as_it_comes():
                theirs = statistics.median(timed(lambda url=urls[1]: shown(admin, url), admin_times))
            ratio = theirs / p95
            least = min(least, ratio)
            line += f"{theirs:11.0f}{ratio:8.0f}"
        passed = p95 <= SLOWEST and ratio >= LEAST_RATIO
        failed += not passed
        print(f"{line}  {'pass' if passed else 'FAIL'}", flush=True)
    print(
        f"slowest p95 {worst:.1f} ms (asked: {SLOWEST}); least ratio {least:.0f} (asked: {LEAST_RATIO}); "
        f"{failed} lines fail",
        flush=True,
    )
    return failed


def sealing(number: int) -> int:
    """So many seals of the newest events (0: of all), and verifying them; 1 if that is too slow."""
    began = time.perf_counter()
    done = seals.seal_all(behind=max(0, queries.newest() - number * seals.MOST) if number else 0)
    print(f"sealed {done:,} events, {done / (time.perf_counter() - began):,.0f}/s", flush=True)
    processes, began = os.cpu_count() or 1, time.perf_counter()
    verdict = verifying.verify(processes=processes)
    assert verdict.fault is None, verdict.fault
    rate = verdict.events / (time.perf_counter() - began)
    passed = rate >= VERIFIED
    print(
        f"verified {verdict.events:,} events with at most {processes} processes, {rate:,.0f}/s "
        f"(asked: {VERIFIED:,})  {'pass' if passed else 'FAIL'}",
        flush=True,
    )
    return int(not passed)


def produce(rate: int, seconds: int) -> None:
    """In a process of its own: write so many events a second, and catch up when the database let it wait."""
    told = {"stage": "fact", "opens": True, "action": "sign_in", "actor_id": 1, "actor_name": "Person 1"}
    written, begun = 0, time.perf_counter()
    while (took := time.perf_counter() - begun) < seconds or written < rate * seconds:
        missing = int(min(took, seconds) * rate) - written
        Event.objects.bulk_create(Event(result="applied", **told) for _ in range(missing))
        written += missing
        time.sleep(0.02)
    print(f"{written:,} events written in {took:.1f} s: {written / took:,.0f}/s", flush=True)


def keeping_up(seconds: int) -> int:
    """Seal every second while events come in, and print what is not sealed yet: 1 if that grows, or too few came."""
    first = queries.newest()
    writer = get_context("spawn").Process(target=produce, args=(INCOMING + INCOMING // 10, seconds))
    writer.start()
    while queries.newest() == first:  # until it has begun
        time.sleep(0.01)
    print(f"{'s':>5}{'came in':>10}{'not sealed after the round':>28}{'round, ms':>12}")
    begun, behind, came, rate = time.perf_counter(), [], 0, 0.0
    while writer.is_alive():
        time.sleep(1)
        began = time.perf_counter()
        seals.seal_all()
        ended = time.perf_counter()
        came = Event.objects.filter(pk__gt=first).count()
        behind.append(came - SealedEvent.objects.filter(event_id__gt=first).count())
        print(f"{ended - begun:5.0f}{came:10,}{behind[-1]:28,}{(ended - began) * 1000:12,.0f}", flush=True)
        if ended - begun < seconds:
            rate = came / (ended - begun)
    writer.join()
    seals.seal_all()
    came = Event.objects.filter(pk__gt=first).count()
    sealed = SealedEvent.objects.filter(event_id__gt=first).count()
    assert sealed == came, f"{sealed:,} of {came:,} sealed"
    half = len(behind) // 2
    passed = rate >= INCOMING and max(behind[half:]) <= max([*behind[:half], INCOMING])
    print(
        f"{rate:,.0f} events/s came in (asked: {INCOMING}), all sealed; at most {max(behind):,} not sealed after a "
        f"round  {'pass' if passed else 'FAIL'}",
        flush=True,
    )
    return int(not passed)


def main() -> int:
    """Fill if empty, measure, print; 1 when something is slower than asked, which is asked at 10,000,000 events."""
    args, start = arguments(sys.argv[1:]), time.perf_counter()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if not Event.objects.exists():
        began = time.perf_counter()
        fill(args.operations)
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
    newest = queries.newest()
    print(f"{connection.vendor}, {newest:,} events", flush=True)
    failed = answers(newest, args.times, args.admin_times) + sealing(args.seals) + keeping_up(args.seconds)
    print(f"took {(time.perf_counter() - start) / 60:.0f} minutes", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
