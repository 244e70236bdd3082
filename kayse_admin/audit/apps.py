"""The audit record: who changed what, when, from where and with which outcome, in rows that nobody can rewrite."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """Puts the triggers back after every migrate and registers the check that looks for them."""

    name = "kayse_admin.audit"
    label = "audit"

    def ready(self) -> None:
        from kayse_admin.audit import checks, triggers  # noqa: F401  (importing registers the check)

        post_migrate.connect(triggers.put_back, sender=self)
