"""Bulk jobs: a ledger of what is to be sent, and the one who sends it."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app of bulk jobs."""

    name = "kayse_admin.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Let the log find the requests that held a row about somebody, and tell of each row of a request."""
        from kayse_admin.audit import mentions as log_mentions
        from kayse_admin.audit import parts as log_parts
        from kayse_admin.jobs import mentions, parts

        log_mentions.register(mentions.of)
        log_parts.register(parts.of)
