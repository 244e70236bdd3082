"""People."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person of the firm's staff. What they may do follows from their groups (`accounts.roles`)."""

    @property
    def display_name(self) -> str:
        """The name that colleagues and the audit record show."""
        return self.get_full_name() or self.username
