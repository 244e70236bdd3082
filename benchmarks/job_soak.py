"""Workers killed in mid-job, two of them racing, on both databases, and the control without the safeguard.

    python -m benchmarks.job_soak [--rows 10000] [--kills 100] [--size 25] [--database sqlite|postgresql|both]
                                  [--only safe|control|both]

Runs `tests/jobs/test_killed.py`, which is part of the suite at a smaller size: with the safeguard nothing may be
doubled or lost, and without it the same kills must double something. PostgreSQL is that of TEST_POSTGRES_URL.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
DATABASES = {"sqlite": {}, "postgresql": {"DATABASE_URL": POSTGRES}}
TESTS = {
    "safe": "tests/jobs/test_killed.py::test_nothing_is_doubled_or_lost",
    "control": "tests/jobs/test_killed.py::test_without_the_safeguard_there_are_doubles",
}


def main() -> int:
    """Run what is asked for and tell each; the exit code for the shell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="10000")
    parser.add_argument("--kills", default="100")
    parser.add_argument("--size", default="25", help="rows in a request")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--only", choices=[*TESTS, "both"], default="both")
    given = parser.parse_args()
    size = {"SOAK_ROWS": given.rows, "SOAK_KILLS": given.kills, "SOAK_SIZE": given.size}
    green = True
    for database in DATABASES if given.database == "both" else [given.database]:
        for test in TESTS if given.only == "both" else [given.only]:
            print(f"--- {database}, {test}", flush=True)
            command = [sys.executable, "-m", "pytest", "-q", "-s", "--create-db", TESTS[test]]
            environment = {**os.environ, **size, **DATABASES[database]}
            green &= subprocess.run(command, env=environment, check=False).returncode == 0
    print("all as it must be" if green else "NOT AS IT MUST BE")
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main())
