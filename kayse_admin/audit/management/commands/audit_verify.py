"""`manage.py audit_verify`: is the record what it was when it was sealed?"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from django.core.management import BaseCommand
from django.core.management.base import CommandParser
from django.template.defaultfilters import pluralize

from kayse_admin.audit import seals, verifying


class Command(BaseCommand):
    """Exit code 0 when every seal holds, 1 with the first thing that is wrong."""

    help = "Compare every sealed audit event with its seal."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--head 12:3f9a…`: a head from the log or the head file; without it a cut-off end is not noticed.

        `--processes 1`: leave the other cores alone.
        """
        parser.add_argument("--head", default="", help="a head that was kept outside the database")
        parser.add_argument(
            "--processes",
            type=int,
            default=os.cpu_count() or 1,
            help="processes that read a long record (default: one for each core)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and say what was seen."""
        began = time.monotonic()
        verdict = verifying.verify(options["head"], processes=options["processes"])
        took = time.monotonic() - began
        if verdict.fault:
            self.stderr.write(self.style.ERROR(verdict.fault.sentence))
            sys.exit(1)
        self.stdout.write(
            f"{verdict.events:,} event{pluralize(verdict.events)} in {verdict.seals:,} "
            f"seal{pluralize(verdict.seals)} {pluralize(verdict.events, 'is as it was,are as they were')} sealed; "
            f"{verdict.unsealed:,} {pluralize(verdict.unsealed, 'is,are')} not sealed yet ({took:.1f} s)."
        )
        if not options["head"]:
            self.stdout.write(
                "Without --head a record whose end was cut off looks whole. Keep heads elsewhere."
            )
        self.stdout.write(f"Head: {seals.head() or 'none'}")
