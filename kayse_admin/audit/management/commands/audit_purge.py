"""`manage.py audit_purge`: delete what the firm keeps no longer, a whole sealed month at a time, on the record."""

from __future__ import annotations

import getpass
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.db import DatabaseError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from kayse_admin.actors import Actor
from kayse_admin.audit import retention


class Command(BaseCommand):
    """For a nightly timer. On PostgreSQL it needs the role that owns the record: the application's may not delete."""

    help = "Delete sealed months of the audit record that are older than AUDIT_RETENTION_MONTHS."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--dry-run` says what would go and deletes nothing."""
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete month by month and say what went."""
        months = settings.AUDIT_RETENTION_MONTHS
        if not months:
            self.stdout.write(
                "AUDIT_RETENTION_MONTHS is 0: the record is kept for ever. Nothing was deleted."
            )
            return
        found = retention.due(months)
        actor = Actor.system(f"audit_purge by {getpass.getuser()}")
        for month in found:
            day = f"{timezone.localtime(month.before):%Y-%m-%d}"
            if options["dry_run"]:
                self.stdout.write(f"Would delete what was sealed before {day}, up to seal {month.last_seal}.")
                continue
            try:
                done = retention.purge(actor, month)
            except retention.NotWhole as error:
                raise CommandError(
                    f"Nothing was deleted. {error} Run audit_verify and look first."
                ) from error
            except DatabaseError as error:
                raise CommandError(
                    f"Nothing was deleted: {error} On PostgreSQL this command runs as the owner of the record."
                ) from error
            self.stdout.write(
                f"Deleted {done.count:,} event{pluralize(done.count)} sealed before {day}, "
                f"seals {done.first_seal} to {done.last_seal}."
            )
        if not found:
            self.stdout.write(
                f"Nothing is older than {months} whole month{pluralize(months)}. Nothing was deleted."
            )
