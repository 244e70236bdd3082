"""Run the sandbox: ``python -m kayse_admin.sandbox --port 8001``; ``--help`` tells the rest."""

from __future__ import annotations

import argparse
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from . import export
from .app import create_app
from .config import DEFAULT_CLIENTS, DEFAULT_KEY, DEFAULT_PORT, DEFAULT_STORE, Config, switches_from
from .schema import sentence
from .server import Server
from .state import open_sandbox
from .store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted, or with ``--export`` write the client export. Returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        switches = switches_from()
    except ValidationError as problem:
        return _complain(f"The SANDBOX_ environment is wrong. {sentence(problem)}")
    key = os.environ.get("SANDBOX_API_KEY") or DEFAULT_KEY
    config = Config(api_key=key, store=options.store, clients=options.clients, switches=switches)
    try:
        if options.export:
            return _export(config, options.export, export.clients_csv)
        if options.labels:
            return _export(config, options.labels, export.labels_csv)
        app = create_app(config)
    except (OSError, sqlite3.Error) as problem:
        return _complain(f"The store {options.store} cannot be used: {problem}.")
    server = Server(options.host, options.port, app)
    _say(f"The Kayse sandbox listens on http://{options.host}:{server.port}/v1 (store: {options.store}).")
    server.serve_forever()
    return 0


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,8}", text):
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 99,999,999")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    environ = os.environ
    parser = argparse.ArgumentParser(prog="python -m kayse_admin.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=environ.get("SANDBOX_PORT") or DEFAULT_PORT)
    parser.add_argument(
        "--store", default=environ.get("SANDBOX_STORE") or DEFAULT_STORE, help="path or :memory:"
    )
    parser.add_argument(
        "--clients", type=_count, default=DEFAULT_CLIENTS, help="how many clients an empty store gets"
    )
    parser.add_argument("--export", metavar="PATH", help="write the client export as CSV and end")
    parser.add_argument(
        "--labels", metavar="PATH", help="write the names of types and statuses as CSV and end"
    )
    return parser


def _export(config: Config, path: str, rows: Callable[[Store], Iterable[str]]) -> int:
    sandbox = open_sandbox(config)
    try:
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            file.writelines(rows(sandbox.store))
    except OSError as problem:
        return _complain(f"The export could not be written to {path}: {problem.strerror}.")
    finally:
        sandbox.store.close()
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
