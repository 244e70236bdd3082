"""Clients: the local directory, search, and the screens to read and change one client."""

from __future__ import annotations

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    """Names the looks that can tell what became of an unfinished edit or delete, and the kinds of bulk jobs."""

    name = "clients_ui"

    def ready(self) -> None:
        from clients_ui import bulk, followups, looks, verify
        from clients_ui.imports import background, results
        from clients_ui.selection import changes
        from kayse_admin.jobs import preparing, registry

        verify.register()
        followups.register()
        looks.register()
        registry.register(results.Upsert())
        registry.register(bulk.Revert())
        registry.register(bulk.Delete())
        registry.register(bulk.DeleteForGood())
        registry.register(bulk.Refresh())
        preparing.register(bulk.Upsert.name, background.check)
        preparing.register(changes.WAY, changes.make_rows)
