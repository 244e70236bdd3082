"""The project package as an app: template tags, commands and system checks live here."""

from __future__ import annotations

from django.apps import AppConfig
from django.urls import register_converter


class KayseAdminConfig(AppConfig):
    """Registers the configuration checks (`kayse_admin.checks`) and the `<kid:…>` of addresses."""

    name = "kayse_admin"
    label = "kayse_admin"

    def ready(self) -> None:
        from kayse_admin import checks  # noqa: F401  (importing registers them)
        from kayse_admin.converters import KayseIdConverter

        register_converter(KayseIdConverter, "kid")
