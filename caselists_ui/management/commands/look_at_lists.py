"""`manage.py look_at_lists`: note the counts of all case lists, for instance once a night."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError

from caselists_ui import listing
from kayse_admin.kayse_api.outcomes import Applied
from kayse_admin.upstream.budget import Purpose


class Command(BaseCommand):
    """One request for 100 lists; leaves to people the requests that are kept for them."""

    help = "Ask the vendor for every case list and note names and counts."

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and say how it went."""
        outcome = listing.look(Purpose.BACKGROUND)
        if not isinstance(outcome, Applied):
            raise CommandError(outcome.sentence)
        self.stdout.write("Every case list was looked at.")
