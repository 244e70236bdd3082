"""The whole dashboard as it runs in earnest: sandbox, gunicorn and housekeeping as processes of their own."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "kayse-demo-2026"


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port for a server of ours, which nobody else on this machine is given while the block runs.

    It is bound here and never listened on: a server that says SO_REUSEADDR, as every one does, may listen on it.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@dataclass
class Stack:
    """A running dashboard. `base` is its address, `vendor` the sandbox's root."""

    folder: Path
    port: int
    vendor_port: int
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The dashboard's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def vendor(self) -> str:
        """The sandbox's root address."""
        return f"http://127.0.0.1:{self.vendor_port}"

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def start(self, name: str, *command: str) -> None:
        """Start a process in a session of its own, so that it can be ended with its children."""
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def start_sandbox(self, clients: int = 300) -> None:
        """Start the sandbox and wait until it answers."""
        store = str(self.folder / "sandbox.sqlite3")
        self.start(
            "sandbox", "-m", "kayse_admin.sandbox", "--port", str(self.vendor_port), "--store", store,
            "--clients", str(clients),
        )  # fmt: skip
        self.wait_for("sandbox", f"{self.vendor}/openapi.json")

    def start_web(self) -> None:
        """Start gunicorn and wait until it answers."""
        self.start("web", "-m", "gunicorn", "kayse_admin.wsgi", "--config", "kayse_admin/gunicorn.py")
        self.wait_for("web", f"{self.base}/healthz")

    def wait_for(self, name: str, address: str) -> None:
        """Wait until the process answers at the address; fails with what it wrote when it ends instead."""
        process = self.processes[name]
        until(lambda: process.poll() is not None or answers(address), f"the process {name}")
        assert process.poll() is None, (self.folder / f"{name}.log").read_text()

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a process and its children at once, as the kernel does when memory runs out."""
        process = self.processes.pop(name)
        os.killpg(process.pid, number)
        process.wait(timeout=60)

    def sandbox(self, method: str, path: str, **arguments: Any) -> Any:
        """Call one of the sandbox's own addresses; returns its JSON."""
        with httpx.Client(base_url=self.vendor, trust_env=False) as http:
            return http.request(method, path, **arguments).raise_for_status().json()

    def sandbox_text(self, path: str) -> str:
        """What one of the sandbox's own addresses says, as text."""
        return httpx.get(f"{self.vendor}{path}", trust_env=False, timeout=60).raise_for_status().text

    def stop(self) -> None:
        """End everything; nothing is waited for that somebody still asks."""
        for name in list(self.processes):
            self.kill(name)


def answers(address: str) -> bool:
    """Whether the address answers 200."""
    try:
        return httpx.get(address, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def new_stack(folder: Path, **environment: str) -> Iterator[Stack]:
    """A dashboard in the folder that is neither prepared nor started; ended with the block."""
    with reserved_port() as port, reserved_port() as vendor_port:
        stack = Stack(
            folder,
            port,
            vendor_port,
            {
                "PATH": os.environ["PATH"],
                "SECRET_KEY": "stack-only-" + "k" * 50,
                "VAR_DIR": str(folder),
                "PORT": str(port),
                "SANDBOX_PORT": str(vendor_port),
                "WEB_CONCURRENCY": "1",
                # No page reads a client again by itself because the tests take long on this machine.
                "CLIENT_REFRESH_MINUTES": "600",
                "PYTHONPATH": str(ROOT),
                **environment,
            },
        )
        try:
            yield stack
        finally:
            stack.stop()


@contextmanager
def running_stack(folder: Path, prepared: Path | None = None, **environment: str) -> Iterator[Stack]:
    """Prepare and start a dashboard of its own in the folder, with demo people and the sandbox's clients.

    With `prepared`, a folder that `prepare_once` returned, a copy of that takes the place of preparing.
    """
    with new_stack(folder, **environment) as stack:
        if prepared:
            shutil.copytree(prepared, folder, dirs_exist_ok=True)
        else:
            stack.manage("prepare")
        stack.start_sandbox()
        stack.start_web()
        yield stack


def prepare_once(shared: Path) -> Path:
    """A folder of a prepared dashboard on SQLite, made by the first process that asks for it in the shared folder."""
    made, unfinished = shared / "prepared", shared / "prepared.new"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            with new_stack(unfinished) as stack:
                stack.manage("prepare")
            unfinished.rename(made)
    return made
