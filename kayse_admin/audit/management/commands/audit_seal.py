"""`manage.py audit_seal`: seal what is not sealed yet, now; looks through the whole record."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand
from django.template.defaultfilters import pluralize

from kayse_admin.audit import seals


class Command(BaseCommand):
    """What the housekeeping process does every minute, from the first event on."""

    help = "Seal every audit event that is in no seal yet."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal and say how many."""
        count = seals.seal_all(behind=0)
        self.stdout.write(f"{count:,} event{pluralize(count)} sealed. Head: {seals.head() or 'none'}")
