"""A sandbox in a process of its own, with no limit worth the name, for benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_apart(folder: Path) -> Iterator[str]:
    """Start it on a free port; gives its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kayse_admin.sandbox", "--port", "0", "--store", ":memory:", "--clients", "0"],
        env=os.environ | {"SANDBOX_RATE_LIMIT": "1000000000"},
        cwd=Path(__file__).resolve().parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield line.split(" listens on ")[1].split(" ")[0]
    finally:
        process.terminate()
        process.wait(timeout=30)
