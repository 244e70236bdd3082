"""Making the rows of a job in a worker, where that takes longer than a page may. Sends nothing.

A job that is being prepared has a lock of its own, which dies with the process that makes its rows; whoever finds it
free begins anew. What may be done with the job afterwards is a person's to say.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, InterfaceError, OperationalError

from kayse_admin.jobs import ledger
from kayse_admin.jobs.lock import is_free, sending
from kayse_admin.jobs.models import Job, Row

logger = logging.getLogger("kayse_admin.jobs")

FAILED = "The dashboard failed at this. Nothing was sent; an administrator finds the reason in the log."
#: Rows between two questions whether to go on.
ASKED = 1_000

#: Makes the rows of a job that has none; asks between two batches whether to go on, and leaves by `Interrupted`.
Way = Callable[[Job, Callable[[], bool]], None]

_ways: dict[str, Way] = {}


class Interrupted(Exception):
    """The rows are not wanted any more, or another process will make them."""


def register(name: str, way: Way) -> None:
    """How the rows of a job are made that names this way in its options, or none and is of the kind of that name;
    called from the `ready()` of its app.
    """
    _ways[name] = way


def while_going(rows: Iterable[Row], going: Callable[[], bool]) -> Iterator[Row]:
    """The rows, as long as they are wanted; it is asked behind each thousand. Raises `Interrupted`."""
    for number, row in enumerate(rows):
        if number % ASKED == 0 and not going():
            raise Interrupted
        yield row


def serve(is_ending: Callable[[], bool]) -> int:
    """Prepare every job that waits for it and that no other process is at; returns how many."""
    done = 0
    for job in Job.objects.filter(state=Job.State.PREPARING).order_by("pk"):
        with sending(job.pk) as held:
            if held is not None and not is_ending():
                done += _prepare(job, lambda: held() and not is_ending())
    return done


def _prepare(job: Job, held: Callable[[], bool]) -> bool:
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.PREPARING)
    try:
        if not waiting.exists():
            return False
        ledger.clear(job)
        _ways[job.options.get("way", job.kind)](job, lambda: held() and waiting.exists())
    except Interrupted:
        return False
    except (OperationalError, InterfaceError):
        raise  # the database is away, which is no fault of this file
    except Exception as error:  # noqa: BLE001  (one file must not keep all other jobs from being served)
        if isinstance(error, (IntegrityError, ObjectDoesNotExist)) and not waiting.exists():
            return False  # it was discarded while its rows were written
        logger.error("job %s could not be prepared: %s", job.pk, _kind_and_place(error))
        ledger.clear(job)
        return ledger.prepared(job, FAILED)
    return True


def _kind_and_place(error: Exception) -> str:
    """What the log may say of a failure: its message may quote what stands in the file."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, {Path(last.filename).name}:{last.lineno}"


def waits() -> bool:
    """Whether there is a job to be prepared that nobody is at."""
    waiting = Job.objects.filter(state=Job.State.PREPARING).values_list("pk", flat=True)
    return any(is_free(pk) for pk in waiting)
