"""How fast are the clients' list, each class of search and deep pages in a large directory, beside Django's admin?

    DATABASE_URL=sqlite:////somewhere/large.sqlite3 python -m benchmarks.clients --rows 1000000

Fills an empty database with the sandbox's people, every fourth with a second last name, then prints, for each class
of search, milliseconds in the database and for the whole htmx answer (median and 95th percentile), and what the same
search costs in the changelist of Django's admin with `search_fields` over the same table in the same run; then pages at
three depths, and a page of 25 rows.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.admin_settings")

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client as Browser  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.side_by_side import as_it_comes  # noqa: E402
from clients_ui import keyset, search  # noqa: E402
from clients_ui.export_file import Row  # noqa: E402
from clients_ui.load import load  # noqa: E402
from clients_ui.models import Client  # noqa: E402
from kayse_admin.sandbox.clients import COLUMNS  # noqa: E402
from kayse_admin.sandbox.seed import batches  # noqa: E402
from kayse_admin.sandbox.seed_words import LAST_NAMES  # noqa: E402

SEARCHES = {
    "last name": "garcia",
    "first name": "maria",
    "two names": "gar mar",
    "second name": "lopez mar",
    "three names": "mar gar lop",
    "rare part": "garcia zoe qu",
    "e-mail": "jessica.m",
    "domain": "@mail.example",
    "phone": "555 0142",
    "external id": "LD-1004",
    "Kayse id": "500000",
    "city, state": "austin, tx",
    "ZIP": "78701",
    "nobody": "qqzzy",
}


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds of several runs."""

    times: list[float]

    @property
    def median(self) -> float:
        """Half of the runs were faster."""
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        """19 of 20 runs were faster."""
        return sorted(self.times)[max(0, int(len(self.times) * 0.95) - 1)]


def timed(work: Callable[[], Any], runs: int) -> Took:
    """Run it once to warm up, then so often."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return Took(times)


def fill(rows: int) -> None:
    """Load the sandbox's people, as many as are missing."""
    if Client.objects.exists():
        return
    start = time.perf_counter()
    loaded = load(_people(rows), timezone.now())
    took = time.perf_counter() - start
    print(f"{loaded.taken:,} clients loaded in {took:.0f} s: {loaded.taken / took:,.0f} a second")


def _people(rows: int) -> Any:
    line = 1
    for batch in batches(rows):
        for values in batch.clients:
            line += 1
            told = dict(zip(COLUMNS, values[1:], strict=False))
            told["voice_calls_opted_out"] = bool(told["voice_calls_opted_out"])
            if line % 4 == 0:
                told["last_name"] = f"{told['last_name']} {LAST_NAMES[line // 4 % len(LAST_NAMES)]}"
            yield Row(line, int(str(values[0])), told)


def reader() -> Browser:
    """Somebody who may see clients, and the admin."""
    person, _ = get_user_model().objects.get_or_create(
        username="bench", defaults={"is_staff": True, "is_superuser": True}
    )
    person.groups.add(Group.objects.get_or_create(name="paralegal")[0])
    browser = Browser()
    browser.force_login(person)
    return browser


def ask(browser: Browser, url: str, **data: str) -> Callable[[], None]:
    """An htmx answer that must come out right."""

    def run() -> None:
        assert browser.get(url, data, headers={"HX-Request": "true"}).status_code == 200

    return run


def database(typed: str) -> Callable[[], None]:
    """The statements of a search alone."""
    sections = search.sections(typed)

    def run() -> None:
        keyset.page(sections, 25, counts=keyset.count(sections))

    return run


def searches(browser: Browser, runs: int) -> None:
    """Each class of search, ours and the admin's."""
    print(
        f"\n{'search':14}{'database p50':>14}{'p95':>8}{'answer p50':>12}{'p95':>8}{'admin':>10}{'times':>8}"
    )
    for name, typed in SEARCHES.items():
        inside, whole = timed(database(typed), runs), timed(ask(browser, "/clients/", q=typed), runs)
        with as_it_comes():
            admin = timed(ask(browser, "/admin/clients_ui/client/", q=typed.replace(",", "")), 2)
        times = admin.median / whole.median
        print(
            f"{name:14}{inside.median:14.2f}{inside.p95:8.2f}{whole.median:12.1f}{whole.p95:8.1f}"
            f"{admin.median:10.0f}{times:8.0f}"
        )


def depths(browser: Browser, runs: int) -> None:
    """Page 1, page 1,000 and the last page."""
    sections = [keyset.Section("", search.BY_LAST)]
    cursor, page = None, keyset.page(sections, 25)
    for _ in range(998):
        page = keyset.page(sections, 25, after=page.next)
    cursor = page.next
    urls = {
        "page 1": {},
        "page 1,000": {"after": cursor.encode() if cursor else ""},
        "last page": {"before": "end"},
    }
    print(f"\n{'depth':14}{'answer p50':>12}{'p95':>8}")
    for name, data in urls.items():
        took = timed(ask(browser, "/clients/", **data), runs)
        print(f"{name:14}{took.median:12.1f}{took.p95:8.1f}")
    ours = timed(ask(browser, "/clients/"), runs)
    with as_it_comes():
        admin = timed(ask(browser, "/admin/clients_ui/client/"), runs)
    print(
        f"\n25 rows: {ours.median:.1f} ms, admin's changelist {admin.median:.1f} ms: {admin.median / ours.median:.1f}×"
    )


def main() -> None:
    """Read the arguments, fill, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=40)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    fill(options.rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"{connection.vendor}, {Client.objects.count():,} clients")
    setup_test_environment()
    browser = reader()
    searches(browser, options.runs)
    depths(browser, options.runs)


if __name__ == "__main__":
    main()
