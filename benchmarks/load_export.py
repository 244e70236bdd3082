"""How fast `manage.py load_export` takes a client export.

    python -m benchmarks.load_export [--rows 200000] [--least 15000]

The file holds the sandbox's people with the columns of the Kayse app's export. DATABASE_URL names another database than
a fresh SQLite file. Told: rows a second of the whole command, the index making included, and the largest resident size.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import sys
import tempfile
import time
from pathlib import Path


def write(path: Path, rows: int) -> None:
    """An export of so many people."""
    from kayse_admin.sandbox.clients import COLUMNS
    from kayse_admin.sandbox.seed import batches

    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *COLUMNS])
        for batch in batches(rows):
            writer.writerows(values[: len(COLUMNS) + 1] for values in batch.clients)


def main() -> int:
    """Write the file, load it, tell; 0 when it was fast enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--least", type=int, default=15_000, help="rows a second")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kayse-bench-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
            "SECRET_KEY": "bench" * 12,
            "VAR_DIR": folder,
            "LOG_LEVEL": "WARNING",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        path = Path(folder, "export.csv")
        write(path, given.rows)
        begun, cpu = time.perf_counter(), time.process_time()
        call_command("load_export", str(path))
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        from clients_ui.models import Client

        assert Client.objects.count() == given.rows, "every row is in the directory"
    rate, most = given.rows / took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{given.rows:,} rows in {took:.1f} s ({cpu:.1f} s on the processor): {rate:,.0f} a second; {most} MB at most"
    )
    print("ok" if rate >= given.least else f"TOO SLOW: at least {given.least:,}")
    return 0 if rate >= given.least else 1


if __name__ == "__main__":
    sys.exit(main())
