"""People, their roles, signing in and out."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """After each migrate the four roles exist as groups."""

    name = "kayse_admin.accounts"
    label = "accounts"

    def ready(self) -> None:
        from kayse_admin.accounts import checks, signals  # noqa: F401  (importing checks registers them)
        from kayse_admin.accounts.roles import make_groups

        signals.connect()
        post_migrate.connect(make_groups, sender=self)
