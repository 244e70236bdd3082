"""The whole dashboard as it runs in earnest: sandbox, gunicorn and housekeeping as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "kayse-demo-2026"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        wait_for(f"{self.vendor}/openapi.json")

    def start_web(self) -> None:
        """Start gunicorn and wait until it answers."""
        self.start("web", "-m", "gunicorn", "kayse_admin.wsgi", "--config", "kayse_admin/gunicorn.py")
        wait_for(f"{self.base}/healthz")

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a process and its children at once, as the kernel does when memory runs out."""
        process = self.processes.pop(name)
        os.killpg(process.pid, number)
        process.wait(timeout=30)

    def sandbox(self, method: str, path: str, **arguments: Any) -> Any:
        """Call one of the sandbox's own addresses; returns its JSON."""
        with httpx.Client(base_url=self.vendor, trust_env=False) as http:
            return http.request(method, path, **arguments).raise_for_status().json()

    def sandbox_text(self, path: str) -> str:
        """What one of the sandbox's own addresses says, as text."""
        return httpx.get(f"{self.vendor}{path}", trust_env=False, timeout=60).raise_for_status().text

    def stop(self) -> None:
        """End everything."""
        for name in list(self.processes):
            self.kill(name, signal.SIGTERM)


def wait_for(address: str, seconds: float = 30) -> None:
    """Wait until the address answers 200; raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(address, trust_env=False, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(address)


@contextmanager
def running_stack(folder: Path, **environment: str) -> Iterator[Stack]:
    """Prepare and start a dashboard of its own in the folder, with demo people and the sandbox's clients."""
    port, vendor_port = free_port(), free_port()
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
            "PYTHONPATH": str(ROOT),
            **environment,
        },
    )
    try:
        stack.manage("prepare")
        stack.start_sandbox()
        stack.start_web()
        yield stack
    finally:
        stack.stop()
