"""`make test`: every test that can run on this machine, on SQLite and on PostgreSQL, and in a browser.

What cannot run is said on the last lines; with REQUIRE_ALL=1 it is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import psycopg

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def postgres_answers() -> bool:
    """Whether the PostgreSQL server for the tests can be reached."""
    try:
        psycopg.connect(POSTGRES.replace("postgres://", "postgresql://"), connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def run(title: str, *arguments: str, **environment: str) -> bool:
    """Run pytest once with these arguments; True when it is green."""
    print(f"--- {title}", flush=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        os.environ.get("TEST_PROCESSES", "auto"),
        *arguments,
    ]
    return subprocess.run(command, env=os.environ | environment, check=False).returncode == 0


def main() -> int:
    """Run all there is and tell what was left out; the exit code for the shell."""
    browser = any(shutil.which(name) for name in BROWSERS)
    postgres = postgres_answers()
    green = run("SQLite", "-m", "not e2e and not postgres")
    if postgres:
        green &= run(
            "PostgreSQL", "-m", "not e2e and not sqlite and not pure", "--create-db", DATABASE_URL=POSTGRES
        )
    if browser:
        green &= run("Browser", "-m", "e2e")
    left_out = []
    if not postgres:
        left_out.append("PostgreSQL does not answer: every test was run on SQLite only.")
    if not browser:
        left_out.append("There is no Chromium: the browser tests were left out.")
    print("--- " + ("all green" if green else "NOT GREEN"))
    for sentence in left_out:
        print(f"LEFT OUT: {sentence}")
    if left_out and os.environ.get("REQUIRE_ALL") == "1":
        print("REQUIRE_ALL=1: leaving something out is a failure.")
        return 1
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main())
