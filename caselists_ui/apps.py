"""Case lists: what the vendor told of them, what was defined here, and the screens to change them."""

from __future__ import annotations

from django.apps import AppConfig


class CaseListsConfig(AppConfig):
    """Tells recovery which look at the vendor can say what became of a change."""

    name = "caselists_ui"

    def ready(self) -> None:
        from caselists_ui import verify

        verify.register()
