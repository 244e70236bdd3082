"""The project package as an app: template tags, commands and system checks live here."""

from __future__ import annotations

from django.apps import AppConfig


class KayseAdminConfig(AppConfig):
    """Registers the configuration checks (`kayse_admin.checks`)."""

    name = "kayse_admin"
    label = "kayse_admin"

    def ready(self) -> None:
        from kayse_admin import checks  # noqa: F401  (importing registers them)
