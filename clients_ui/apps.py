"""Clients: the local directory, search, and the screens to read and change one client."""

from __future__ import annotations

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    """Names the looks that can tell what became of an edit or a delete that nobody finished."""

    name = "clients_ui"

    def ready(self) -> None:
        from clients_ui import verify

        verify.register()
