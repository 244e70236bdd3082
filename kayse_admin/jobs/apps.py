"""Bulk jobs: a ledger of what is to be sent, and the one who sends it."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app of bulk jobs."""

    name = "kayse_admin.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Say what the queue wakes somebody up for; let the log find the requests that held a row about somebody."""
        from kayse_admin.audit import mentions as log
        from kayse_admin.jobs import mentions, runner, tasks

        tasks.register(runner.work)
        log.register(mentions.of)
