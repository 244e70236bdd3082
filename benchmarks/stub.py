"""A vendor that costs next to nothing, for benchmarks: takes bulk upserts of clients and answers as documented.

`python -m benchmarks.stub` prints its base URL. It keeps nothing but the last id and
how many requests there were.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ids = itertools.count(1)
_left = itertools.count(9_999_999, -1)
#: One hour for all that is measured.
_reset = str(int(time.time()) + 3600)


class Handler(BaseHTTPRequestHandler):
    """POST /v1/clients/bulk: every row is taken and told back with its id."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        """Answer with all three arrays."""
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["clients"]
        for row in rows:
            row.setdefault("id", next(_ids))
        answer = {"clients": rows, "successful_ids": [row["id"] for row in rows], "failed": []}
        body = json.dumps(answer, separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-RateLimit-Limit", "10000000")
        self.send_header("X-RateLimit-Remaining", str(next(_left)))
        self.send_header("X-RateLimit-Reset", _reset)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def running_apart() -> Iterator[str]:
    """Start it in a process of its own; gives its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stub"],
        cwd=Path(__file__).resolve().parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    """Serve until ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
