"""`manage.py load_labels PATH`: take names of case types and statuses from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.template.defaultfilters import pluralize

from caselists_ui import labels
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor


class Command(BaseCommand):
    """Adds and renames labels; a file with a bad line changes nothing."""

    help = "Load labels of case types and statuses from a CSV file with the columns kind, id, name."

    def add_arguments(self, parser: CommandParser) -> None:
        """The path of the file."""
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        """Read, check, write, say how many."""
        actor = Actor(
            id=None, name="load_labels", role="System", capabilities=frozenset({Capability.LISTS_EDIT})
        )
        try:
            rows = labels.from_csv(path.read_bytes())
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from error
        except labels.BadFile as error:
            raise CommandError("Nothing was loaded.\n" + "\n".join(map(str, error.troubles[:20]))) from error
        changed = labels.write(actor, rows, reason=f"Loaded from {path.name}")
        self.stdout.write(f"{len(rows)} label{pluralize(rows)} read, {changed} changed.")
