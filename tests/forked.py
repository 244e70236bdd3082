"""Processes of the dashboard for tests that kill them, forked from one that has imported everything already.

Each is a process of its own, with its own locks and its own connections; only the second of importing is spared.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from typing import Any
from unittest import mock

from django.conf import settings
from django.db import connection

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.imported"])


def database_url() -> str:
    """The address of this test's database."""
    database = connection.settings_dict
    if connection.vendor == "postgresql":
        return f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return f"sqlite:///{database['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """The environment of a process with the dashboard's own settings on this test's database."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "kayse_admin.settings",
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(settings.VAR_DIR),
        **more,
    }


def begin(work: Callable[..., None], *arguments: Any, **changed: Any) -> BaseProcess:
    """Start a process that does the work with the dashboard's own settings on this test's database.

    `changed` are settings that differ there. What it writes to stderr is lost.
    """
    with mock.patch.dict(os.environ, environment()):
        forkserver.ensure_running()
    process = _context.Process(target=_run, args=(work, arguments, changed), daemon=True)
    process.start()
    return process


def _run(work: Callable[..., None], arguments: tuple[Any, ...], changed: dict[str, Any]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for name, value in changed.items():
        setattr(settings, name, value)
    work(*arguments)
