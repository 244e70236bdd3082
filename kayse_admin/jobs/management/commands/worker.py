"""`manage.py worker`: serve bulk jobs until SIGTERM, which brings the request under way to its end."""

from __future__ import annotations

import logging
import threading
from types import FrameType
from typing import Any

from django.core.management import BaseCommand
from django.core.management.base import CommandParser
from django.db import DatabaseError, connection
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker

from kayse_admin.jobs import runner
from kayse_admin.processes import settle_in

logger = logging.getLogger("kayse_admin.jobs")

#: Seconds before the database is asked again after it was away.
AWAY = 2.0


class JobWorker(Worker):
    """The worker of the queue, which tells the runner that the end was asked for."""

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        """Note the wish to end; a second signal does not cut a request short."""
        runner.ending_soon.set()
        if self.running:
            super().shutdown(signum, frame)


class Command(BaseCommand):
    """Sweeps, then works; a database that is away is waited for."""

    help = "Serve bulk jobs until SIGTERM. Any number may run: one at a time sends."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--interval` seconds lie between two looks into an empty queue; `--batch` ends when it is empty."""
        parser.add_argument("--interval", type=float, default=1.0)
        parser.add_argument("--batch", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until the end is asked for."""
        settle_in()
        away = threading.Event()
        worker = _worker(options)
        if not options["batch"]:
            worker.configure_signals()
        while True:
            try:
                runner.sweep()
                return worker.run()
            except DatabaseError as error:
                logger.error("the worker waits for the database", exc_info=error)
                connection.close()
                away.wait(AWAY)
                if runner.ending_soon.is_set():
                    return None
                worker.running_task = False


def _worker(options: dict[str, Any]) -> JobWorker:
    return JobWorker(
        queue_names=["*"],
        interval=options["interval"],
        batch=options["batch"],
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
        excluded_queue_names=[],
    )
