"""`manage.py sweep_scratch_lists`: delete the lists that an exact count left behind."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from caselists_ui import exact


class Command(BaseCommand):
    """One request, and one for each list that goes."""

    help = "Delete scratch lists that a failure left at the vendor."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep, and say how many went."""
        self.stdout.write(f"{exact.sweep()} scratch lists deleted.")
