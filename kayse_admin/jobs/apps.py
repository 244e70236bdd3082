"""Bulk jobs: a ledger of what is to be sent, and the one who sends it."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app of bulk jobs."""

    name = "kayse_admin.jobs"
    label = "jobs"
