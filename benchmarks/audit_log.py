"""How fast are the log, its filters, sealing and verifying in a large record, beside Django's admin?

    python -m benchmarks.audit_log --operations 5000000                        10,000,000 events on SQLite
    python -m benchmarks.audit_log --operations 5000000 --database postgresql  the same on PostgreSQL

Fills a database of its own with operations (two events each) over three years and removes it at the end. Prints the
htmx answer of the log's first, thousandth and last page and of each filter beside the changelist of Django's admin
over the same table with the same question; then sealing while 500 events a second come in, and `audit_verify` over
what was sealed. Each line says whether it is as fast as asked for 10,000,000 events, and the exit code is 1 when one is
not: with fewer events the admin is faster, too. With DATABASE_URL set that database is used instead, filled only if it
is empty, and kept.

At 10,000,000 events it takes about 10 minutes on PostgreSQL and 25 on SQLite, 15 of them waiting for the admin, with
nothing else running; `--seals 0` seals and verifies everything, which takes 10 to 20 more.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks.throwaway import database

#: Bytes of disk for an event with its indexes, while they are made.
AN_EVENT = 1_400


def arguments(given: list[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operations", type=int, default=200_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--times", type=int, default=40, help="answers measured for each page and filter")
    parser.add_argument("--admin-times", type=int, default=1, help="and of the admin; 0 leaves it out")
    parser.add_argument("--seals", type=int, default=1_000, help="seals of 1,000 events to make; 0: of all")
    parser.add_argument("--seconds", type=int, default=20, help="of sealing while events come in")
    parser.add_argument("--minutes", type=int, default=120, help="the longest that it may take")
    return parser.parse_args(given)


def main() -> int:
    """Make the place, measure in a process of its own, clean up; the exit code for the shell."""
    args = arguments(sys.argv[1:])
    command = [sys.executable, "-m", "benchmarks.audit_measures", *sys.argv[1:]]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.admin_settings"}
    if "DATABASE_URL" in os.environ:
        return subprocess.run(command, env=environment, check=False, timeout=args.minutes * 60).returncode
    with database(args.database, args.operations * 2 * AN_EVENT) as place:
        environment |= place
        return subprocess.run(command, env=environment, check=False, timeout=args.minutes * 60).returncode


if __name__ == "__main__":
    sys.exit(main())
