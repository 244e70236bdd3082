"""`make run` and its parts say in one sentence what is missing, and never overwrite what is there."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from kayse_admin.accounts.models import User
from kayse_admin.management.commands.prepare import make_people, require_free

ROOT = Path(__file__).resolve().parents[1]

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Run make in an empty folder that has only our Makefile and a requirements file without any requirement."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["make", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def interpreter(folder: Path, script: str) -> str:
    """A program that stands in for Python."""
    path = folder / "python-stand-in"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"PYTHON={path}"


def test_an_old_python_is_told(make: Make, tmp_path: Path) -> None:
    old = 'case "$*" in *version_info*) exit 1;; -V) echo "Python 3.9.2";; esac'
    done = make("run", interpreter(tmp_path, old))
    assert done.returncode != 0
    assert "This needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr


@pytest.mark.parametrize(
    ("env", "environment", "told"),
    [
        ("", {}, "--port 8000, sandbox 8001"),
        ("PORT=8300\nSANDBOX_PORT=8301\n", {}, "--port 8300, sandbox 8301"),
        ("PORT=8300\n", {"PORT": "8400", "SANDBOX_PORT": "8401"}, "--port 8400, sandbox 8401"),
    ],
)
def test_the_ports_are_those_that_are_told(
    make: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    env: str,
    environment: dict[str, str],
    told: str,
) -> None:
    """honcho hands its own port to the web server, whatever gunicorn's default is."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, script in {"python": "true", "honcho": 'echo "$*, sandbox $SANDBOX_PORT"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    (tmp_path / ".env").write_text(env)
    for done in ("python", "requirements"):
        (tmp_path / ".venv" / done).touch()
    for name in ("PORT", "SANDBOX_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert f"start {told}" in make("run").stdout


def test_a_missing_venv_module_is_told(make: Make, tmp_path: Path) -> None:
    done = make("run", interpreter(tmp_path, 'case "$*" in *ensurepip*) exit 1;; esac'))
    assert done.returncode != 0
    assert "venv module is missing" in done.stderr


def test_no_python_at_all_is_told(make: Make) -> None:
    done = make("run", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "There is no no-such-python" in done.stderr


def test_the_env_file_is_written_once(make: Make, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "python").touch()
    assert make(".env").returncode == 0
    env = tmp_path / ".env"
    first = env.read_text()
    assert first.startswith("SECRET_KEY=")
    assert len(first) > 60
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    os.utime(tmp_path / "Makefile")
    assert make(".env").returncode == 0
    assert env.read_text() == first


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is taken: .* with PORT="):
            require_free(port, "PORT")
    require_free(port, "PORT")


@pytest.mark.django_db
def test_demo_people_are_made_once() -> None:
    make_people()
    make_people()
    people = {user.username: user for user in get_user_model().objects.all()}
    assert set(people) == {"paralegal", "manager", "auditor", "admin"}
    assert people["admin"].check_password("kayse-demo-2026")
    assert list(people["admin"].groups.values_list("name", flat=True)) == ["administrator"]


@pytest.mark.django_db
def test_no_demo_people_without_the_sandbox(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IS_SANDBOX = False
    monkeypatch.setattr("kayse_admin.management.commands.prepare.require_free", lambda *_: None)
    monkeypatch.setattr("kayse_admin.management.commands.prepare.call_command", lambda *_, **__: None)
    call_command("prepare")
    assert not User.objects.exists()
