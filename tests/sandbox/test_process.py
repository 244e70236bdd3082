"""The sandbox as a process: starts, survives a kill with its data, exports, and says what is wrong."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kayse_admin.sandbox.config import switches_from

from .helpers import Api

ROOT = Path(__file__).resolve().parents[2]


def environment(**switches: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "DJANGO_"))}
    return {**kept, **switches}


def run(*arguments: str, **switches: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kayse_admin.sandbox", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(**switches), capture_output=True, text=True, timeout=60
    )


@contextmanager
def process(store: Path, *arguments: str, **switches: str) -> Iterator[tuple[subprocess.Popen[str], Api]]:
    command = [sys.executable, "-m", "kayse_admin.sandbox", "--port", "0", "--store", str(store), *arguments]
    child = subprocess.Popen(
        command, cwd=ROOT, env=environment(**switches), stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", child.stdout.readline())
        assert found
        with Api(httpx.HTTPTransport(), found[0]) as api:
            yield child, api
    finally:
        child.kill()
        child.communicate()


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "sandbox.sqlite3"
    with process(store, "--clients", "30") as (child, api):
        made = api.new_client()
        api("DELETE", "/clients/7")
        before = (api.client(made), api.cases())
        child.kill()
        child.wait()
    with process(store, "--clients", "99") as (_, api):  # a store that was filled stays as it is
        assert (api.client(made), api.cases()) == before
        assert api("GET", "/clients/7").status_code == 404
        assert api("GET", "/clients/40").status_code == 404


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once(tmp_path: Path, ending: signal.Signals) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell leaves it to what it starts in the background; the child would ignore it, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with process(tmp_path / "store", "--clients", "1") as (child, api):
        assert api("GET", "/clients/1").status_code == 200
        child.send_signal(ending)
        assert child.wait(timeout=10) in (0, -ending)


def test_the_switches_come_from_the_environment(tmp_path: Path) -> None:
    given = {
        "SANDBOX_PUT": "replace",
        "SANDBOX_BULK": "abort_batch",
        "SANDBOX_TOTAL": "pages",
        "SANDBOX_ANSWERS": "sparse",
        "SANDBOX_RATE_LIMIT": "7",
        "SANDBOX_RATE_WINDOW": "60",
        "SANDBOX_BULK_ROW_MS": "1",
    }
    with process(tmp_path / "store", "--clients", "1", SANDBOX_API_KEY="other", **given) as (_, api):
        shown = api.control("GET", "/switches")
        assert {f"SANDBOX_{name.upper()}": str(value) for name, value in shown.items()} == given
        assert api("GET", "/clients/1").status_code == 401
        assert api("GET", "/clients/1", headers={"X-API-KEY": "other"}).status_code == 200


def test_an_empty_environment_gives_the_defaults() -> None:
    assert switches_from({}) == switches_from({"SANDBOX_PUT": "", "SANDBOX_RATE_LIMIT": ""})
    assert switches_from({}).rate_limit == 500


def test_a_wrong_switch_is_one_clear_sentence(tmp_path: Path) -> None:
    ended = run("--store", str(tmp_path / "store"), SANDBOX_PUT="patch")
    assert ended.returncode == 1
    assert "put" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_store_that_cannot_be_used_is_one_clear_sentence(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.write_text("This is no database. " * 100)
    ended = run("--store", str(store))
    assert ended.returncode == 1
    assert str(store) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_odd_number_of_clients_is_refused() -> None:
    ended = run("--store", ":memory:", "--clients", "-5")
    assert ended.returncode == 2
    assert "whole number" in ended.stderr


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with process(tmp_path / "one", "--clients", "1") as (_, api):
        port = api.base.rpartition(":")[2]
        ended = run("--port", port, "--store", str(tmp_path / "two"), "--clients", "1")
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_export_is_written_and_the_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    ended = run("--store", str(tmp_path / "store"), "--clients", "50", "--export", str(path))
    assert (ended.returncode, ended.stderr) == (0, "")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [str(number) for number in range(1, 51)]


def test_the_labels_are_written_and_the_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    assert run("--store", str(tmp_path / "store"), "--clients", "1", "--labels", str(path)).returncode == 0
    kinds = [line.split(",")[0] for line in path.read_text("utf-8").splitlines()]
    assert kinds == ["kind", *["case_type"] * 8, *["status"] * 9]


def test_an_export_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    where = str(tmp_path / "missing" / "clients.csv")
    ended = run("--store", str(tmp_path / "store"), "--clients", "1", "--export", where)
    assert ended.returncode == 1
    assert where in ended.stderr


def test_it_never_imports_django() -> None:
    script = "import sys, kayse_admin.sandbox.__main__; print(sorted(m for m in sys.modules if m.startswith('django')))"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"
