"""Case lists: what the vendor told of them, what was defined here, and the screens to change them."""

from __future__ import annotations

from django.apps import AppConfig


class CaseListsConfig(AppConfig):
    """Tells recovery how to look at what became of a change, and the jobs what can be done with many lists."""

    name = "caselists_ui"

    def ready(self) -> None:
        from caselists_ui import bulk, followups, labels, ledger, many_kinds, verify
        from kayse_admin.audit import retention
        from kayse_admin.jobs import registry

        verify.register()
        followups.register()
        labels.register()
        many_kinds.register()
        retention.hold("case lists", ledger.oldest_needed)
        registry.register(bulk.Append())
        registry.register(bulk.Remove())
