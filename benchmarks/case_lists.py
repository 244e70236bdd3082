"""How fast is the list of case lists when the local copy answers, because Kayse does not?

    python -m benchmarks.case_lists --lists 5000

Makes a database that is gone afterwards, fills it with so many lists (half of them with a known definition, one in
twenty in use), and prints, for the first page, a search, the last page and "hide empty", median and 95th percentile in
milliseconds of the whole answer, as a page and as the fragment that a search gets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import uuid
from datetime import timedelta
from typing import Any

from benchmarks.throwaway import database


def fill(number: int) -> None:
    """So many lists, their versions, readings and marks."""
    from django.utils import timezone

    from caselists_ui.models import CaseList, Reading, Use, Version

    now = timezone.now()
    lists = [
        CaseList(
            pk=pk,
            name=f"Campaign {pk:05} {WORDS[pk % len(WORDS)]}",
            case_count=pk % 7,
            counted_at=now,
            told_at=now,
        )
        for pk in range(1, number + 1)
    ]
    CaseList.objects.bulk_create(lists, batch_size=500)
    Reading.objects.bulk_create(
        (Reading(case_list_id=one.pk, case_count=one.case_count, name=one.name, at=now) for one in lists),
        batch_size=500,
    )
    Version.objects.bulk_create(
        (
            Version(
                case_list_id=one.pk,
                number=1,
                author_name="Max",
                operation=uuid.uuid4(),
                definition={
                    "name": one.name,
                    "filter": {"case_type_ids": [25], "status_ids": [30, 32]},
                    "include_ids": [1],
                },
            )
            for one in lists[::2]
        ),
        batch_size=500,
    )
    until = timezone.localdate() + timedelta(days=9)
    Use.objects.bulk_create(
        Use(case_list_id=one.pk, campaign="Spring", until=until, by_name="Max") for one in lists[::20]
    )


WORDS = ("Roundup", "Zantac", "MVA – no response", "Workers' Comp", "Núñez", "Mass tort")


def measure(number: int, runs: int) -> None:
    """Print a line for each question."""
    from django.test import Client as Browser

    from kayse_admin.accounts.models import User
    from kayse_admin.accounts.roles import Role

    person = User.objects.create_user("bench")
    person.groups.add(*_groups(Role.MANAGER))
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(person)
    last = (number - 1) // 25 + 1
    questions: dict[str, dict[str, Any]] = {
        "first page": {},
        "search": {"q": "zantac"},
        "search, no match": {"q": "qqzzy"},
        "last page": {"page": last},
        "hide empty": {"hide_empty": "on"},
        "a page of 100": {"size": 100},
    }
    print(f"{number:,} lists, {runs} runs each, ms")
    print(f"{'question':20}{'page p50':>10}{'p95':>8}{'fragment p50':>14}{'p95':>8}")
    for name, asked in questions.items():
        line = f"{name:20}"
        for headers, width in (({}, 10), ({"HX-Request": "true"}, 14)):
            times = sorted(_timed(browser, asked, headers) for _ in range(runs + 3))[:-3]
            line += f"{statistics.median(times):>{width}.1f}{times[int(len(times) * 0.95) - 1]:>8.1f}"
        print(line)


def _groups(role: str) -> list[Any]:
    from django.contrib.auth.models import Group

    return [Group.objects.get_or_create(name=role)[0]]


def _timed(browser: Any, asked: dict[str, Any], headers: dict[str, str]) -> float:
    """One answer that has to come out right."""
    start = time.perf_counter()
    answer = browser.get("/case-lists/", asked, headers=headers)
    took = (time.perf_counter() - start) * 1000
    assert answer.status_code == 200
    assert b"known here" in answer.content, "the local copy answers"
    return took


def main() -> None:
    """Make the database, fill it, measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lists", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    told = parser.parse_args()
    with database(told.database, 200_000_000) as environment:
        # A port where nobody listens: Kayse is away.
        os.environ.update(environment, KAYSE_API_URL="http://127.0.0.1:9/v1", KAYSE_API_KEY="bench")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        fill(told.lists)
        measure(told.lists, told.runs)
        connections.close_all()


if __name__ == "__main__":
    main()
