"""`manage.py housekeeping`: what has to happen every minute without anybody clicking."""

from __future__ import annotations

import logging
import signal
import threading
import uuid
from typing import Any

from django.core.management import BaseCommand
from django.core.management.base import CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from caselists_ui import exact, nightly
from clients_ui import attention
from clients_ui.imports import services as imports
from clients_ui.selection import services as selections
from kayse_admin.accounts import limits
from kayse_admin.accounts.models import Session
from kayse_admin.audit import recovery, seals
from kayse_admin.jobs import runner
from kayse_admin.logs import current_request_id

logger = logging.getLogger("kayse_admin.housekeeping")


class Command(BaseCommand):
    """Recovers unfinished operations and jobs and seals the record, at the start and then every minute."""

    help = "Close operations that nobody finished and seal audit events; runs until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--once` does one round and ends; `--every` seconds lie between two rounds."""
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--every", type=float, default=60.0)

    def handle(self, *args: Any, **options: Any) -> None:
        """Go round until the end is asked for."""
        ending = threading.Event()
        if not options["once"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: ending.set())
        first = True
        while True:
            round_once(whole=first)
            first = False
            if options["once"] or ending.wait(options["every"]):
                return


def round_once(*, whole: bool = False) -> None:
    """One round; a database that is away is noted and met again in the next round.

    `whole`: look through the entire record for events that are in no seal, not only among the newest.
    """
    current_request_id.set(uuid.uuid4().hex)
    try:
        close_old_connections()
        closed = recovery.recover()
        runner.sweep()
        seals.seal_all(behind=0 if whole else None)
        forget_ended()
        nightly.look_if_due()
        exact.sweep_if_due()
    except DatabaseError as error:
        logger.error("housekeeping waits for the database", exc_info=error)
        return
    if closed:
        logger.info("housekeeping closed %d operations", closed)


def forget_ended() -> None:
    """Delete sessions and selections that have expired, counts of tries that are over, old notes of who looked, and
    files that nobody imported.
    """
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    limits.forget_old()
    attention.forget_old()
    selections.forget_expired()
    imports.forget_old()
