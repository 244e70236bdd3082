"""A worker process for the tests, started as a program or by `tests.forked`.

With "blind" it has no safeguard: no lock, and what was interrupted is sent again.
With "full" there is no room on the disk for the first outcome.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_lock() -> Iterator[object]:
    """Everybody may send."""
    yield lambda: True


def main(mode: str) -> None:
    """Work until killed."""
    import django

    django.setup()
    from django.core.management import call_command

    if mode == "blind":
        from kayse_admin.jobs import runner, unanswered
        from kayse_admin.jobs.models import Chunk

        runner.sending = no_lock  # type: ignore[assignment]
        unanswered.take_over = lambda job: job.chunks.filter(  # type: ignore[assignment]
            state=Chunk.State.SENDING
        ).update(state=Chunk.State.PENDING)
    if mode == "full":
        _no_room_once()
    call_command("worker", interval=0.05)


def _no_room_once() -> None:
    from django.db import OperationalError

    from kayse_admin.audit.models import Event, Stage

    save, left = Event.save, [1]

    def full(self: Event, *args: object, **kwargs: object) -> None:
        if self.stage == Stage.OUTCOME and left:
            left.pop()
            raise OperationalError("database or disk is full")
        save(self, *args, **kwargs)

    Event.save = full  # type: ignore[method-assign]


if __name__ == "__main__":
    main(sys.argv[1])
