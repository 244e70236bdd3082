"""`make test`: every test that can run on this machine, on SQLite and on PostgreSQL, and in a browser.

One after the other: side by side they take each other's place in the processor's cache, and longer. One process more
than there are processors works while another waits (for locks, silent vendors, pages that settle).
What cannot run is said on the last lines; with REQUIRE_ALL=1 it is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg

from tests.e2e.browser import chromium_path

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
PYTEST = (sys.executable, "-m", "pytest", "-q")
#: All processes import the same modules: each is compiled once, whatever is usual here.
COMPILING = {"PYTHONDONTWRITEBYTECODE": ""}
#: schemathesis asks the sandbox, which has no database, and takes seconds to import.
LEAN = ("-p", "no:schemathesis")
NO_BROWSER = ("--ignore", "tests/e2e")
#: Nothing in these folders has a database; conftest.py sees to it that it stays so.
NO_DATABASE = ("--ignore", "tests/sandbox", "--ignore", "tests/kayse_api")


def postgres_answers() -> bool:
    """Whether the PostgreSQL server for the tests can be reached."""
    try:
        psycopg.connect(POSTGRES.replace("postgres://", "postgresql://"), connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def passes(title: str, *arguments: str, **environment: str) -> bool:
    """Whether all tests pass that these arguments of pytest name."""
    print(f"--- {title}", flush=True)
    processes = os.environ.get("TEST_PROCESSES", str((os.cpu_count() or 1) + 1))
    command = [*PYTEST, "-n", processes, "--dist", "loadgroup", *arguments]
    return subprocess.run(command, env=os.environ | COMPILING | environment, check=False).returncode == 0


def main() -> int:
    """Run all there is and tell what was left out; the exit code for the shell."""
    left_out = []
    results = [passes("SQLite", "-m", "not e2e and not postgres", *NO_BROWSER)]
    if postgres_answers():
        marks = "not e2e and not sqlite and not once and not pure"
        skipped = (*NO_BROWSER, *NO_DATABASE, *LEAN)
        results.append(passes("PostgreSQL", "-m", marks, "--create-db", *skipped, DATABASE_URL=POSTGRES))
    else:
        left_out.append("PostgreSQL does not answer: every test was run on SQLite only.")
    if chromium_path():
        results.append(passes("Browser", "-m", "e2e", "tests/e2e", *LEAN))
    else:
        left_out.append("There is no Chromium: the browser tests were left out.")
    print("--- " + ("all green" if all(results) else "NOT GREEN"))
    for sentence in left_out:
        print(f"LEFT OUT: {sentence}")
    if left_out and os.environ.get("REQUIRE_ALL") == "1":
        print("REQUIRE_ALL=1: leaving something out is a failure.")
        return 1
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
