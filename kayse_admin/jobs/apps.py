"""Bulk jobs: a ledger of what is to be sent, and the one who sends it."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app of bulk jobs."""

    name = "kayse_admin.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Say what the queue wakes somebody up for, and what the log may ask about the rows of requests."""
        from kayse_admin.audit import mentions as log_mentions
        from kayse_admin.audit import parts as log_parts
        from kayse_admin.jobs import mentions, parts, runner, tasks

        tasks.register(runner.work)
        log_mentions.register(mentions.of)
        log_parts.register(parts.of)
