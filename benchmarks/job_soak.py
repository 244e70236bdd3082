"""10,000 rows, 100 kills, two workers racing, on both databases, and the control: `python -m benchmarks.job_soak`."""

from __future__ import annotations

import os
import subprocess
import sys

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> int:
    """Run the test of the suite at full size on both databases; the exit code for the shell."""
    size = {"SOAK_ROWS": "10000", "SOAK_KILLS": "100"}
    green = True
    for title, more in (("SQLite", {}), ("PostgreSQL", {"DATABASE_URL": POSTGRES})):
        print(f"--- {title}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-s", "--create-db", "tests/jobs/test_killed.py"]
        green &= subprocess.run(command, env={**size, **os.environ, **more}, check=False).returncode == 0
    return 0 if green else 1


if __name__ == "__main__":
    sys.exit(main())
