"""A process that is killed at a chosen moment of one change; run by test_killed.py."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable
from typing import Any


def die(*_: Any, **__: Any) -> Any:
    """End this process at once, as the kernel does."""
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, and death behind it."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        die()

    return wrapped


def main(moment: str, change: str, operation: str) -> None:
    """Make the change, and die at that moment."""
    from clients_ui import services
    from kayse_admin.accounts.roles import Role, granted
    from kayse_admin.actors import Actor
    from kayse_admin.audit import recorder
    from kayse_admin.upstream import operations

    if moment == "before_intent":
        recorder.intent = die
    elif moment == "after_intent":
        recorder.intent = then_die(recorder.intent)
    elif moment == "after_answer":
        recorder.outcome = die
    elif moment == "before_commit":
        recorder._settle_open = die  # type: ignore[assignment]
    elif moment == "after_commit":
        recorder.outcome = then_die(recorder.outcome)
    assert operations.recorder is recorder  # the names above are the ones that the write path uses

    actor = Actor(id=1, name="Paula Legal", capabilities=granted([Role.PARALEGAL]))
    wanted = uuid.UUID(operation)
    if change == "create":
        new = {
            "first_name": "Ana",
            "last_name": "García",
            "external_source": "manual",
            "external_source_id": f"x-{operation}",
        }
        services.create(actor, new, wanted)
    elif change == "edit":
        services.edit(
            actor,
            1,
            base={"city": services.directory.find(1).city},
            changes={"city": "Waco"},
            operation=wanted,
        )  # type: ignore[union-attr]
    else:
        services.delete(actor, 1, wanted)
