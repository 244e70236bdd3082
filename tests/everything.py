"""`make test`: every test that can run on this machine, on SQLite and on PostgreSQL, and in a browser.

The three run at the same time, because each waits for much (locks, silent vendors, pages that settle); their words
come one after the other. The browser begins while the others' test files are compiled, once for all processes.
What cannot run is said on the last lines; with REQUIRE_ALL=1 it is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO

import psycopg

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
PYTEST = (sys.executable, "-m", "pytest", "-q")
#: Dozens of processes import the same modules: each is compiled once, whatever is usual here.
COMPILING = {"PYTHONDONTWRITEBYTECODE": ""}
#: schemathesis asks the sandbox, which has no database, and takes seconds to import.
LEAN = ("-p", "no:schemathesis")
NO_BROWSER = ("--ignore", "tests/e2e")
#: Nothing in these folders has a database; conftest.py sees to it that it stays so.
NO_DATABASE = ("--ignore", "tests/sandbox", "--ignore", "tests/kayse_api")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Run:
    """One run of pytest that was begun. Without `output` it writes to the terminal."""

    title: str
    process: subprocess.Popen[bytes]
    output: IO[bytes] | None = None

    def is_green(self) -> bool:
        """Wait for the end, show what was kept, and tell whether everything passed."""
        if self.output:
            print(f"--- {self.title}", flush=True)
        code = self.process.wait()
        if self.output:
            self.output.seek(0)
            shutil.copyfileobj(self.output, sys.stdout.buffer)
            sys.stdout.flush()
        return code == 0


def postgres_answers() -> bool:
    """Whether the PostgreSQL server for the tests can be reached."""
    try:
        psycopg.connect(POSTGRES.replace("postgres://", "postgresql://"), connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def begin(title: str, *arguments: str, shown: bool = False, **environment: str) -> Run:
    """Start pytest with these arguments; what it writes is kept until it is asked for, unless it is shown at once."""
    output = None if shown else tempfile.TemporaryFile()  # noqa: SIM115  # it is read when the run is over
    if shown:
        print(f"--- {title}", flush=True)
    processes = os.environ.get("TEST_PROCESSES", "auto")
    process = subprocess.Popen(
        [*PYTEST, "-n", processes, "--dist", "loadgroup", *arguments],
        env=os.environ | COMPILING | environment,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )
    return Run(title, process, output)


def compile_tests() -> None:
    """Let pytest rewrite the assertions of all test files once and keep that: it takes longer than collecting them.

    A file that is broken is told by the runs themselves.
    """
    subprocess.run(
        [*PYTEST, "--collect-only", *NO_BROWSER],
        env=os.environ | COMPILING,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def main() -> int:
    """Run all there is and tell what was left out; the exit code for the shell."""
    left_out, browser = [], []
    if any(shutil.which(name) for name in BROWSERS):
        browser.append(begin("Browser", "-m", "e2e", "tests/e2e", *LEAN))
    else:
        left_out.append("There is no Chromium: the browser tests were left out.")
    compile_tests()
    runs = [begin("SQLite", "-m", "not e2e and not postgres", *NO_BROWSER, shown=True)]
    if postgres_answers():
        marks = "not e2e and not sqlite and not once and not pure"
        skipped = (*NO_BROWSER, *NO_DATABASE, *LEAN)
        runs.append(begin("PostgreSQL", "-m", marks, "--create-db", *skipped, DATABASE_URL=POSTGRES))
    else:
        left_out.append("PostgreSQL does not answer: every test was run on SQLite only.")
    results = [run.is_green() for run in [*runs, *browser]]
    green = all(results)
    print("--- " + ("all green" if green else "NOT GREEN"))
    for sentence in left_out:
        print(f"LEFT OUT: {sentence}")
    if left_out and os.environ.get("REQUIRE_ALL") == "1":
        print("REQUIRE_ALL=1: leaving something out is a failure.")
        return 1
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main())
