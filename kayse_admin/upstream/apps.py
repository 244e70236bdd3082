"""Where Django meets the SDK: the configured client, the shared hourly budget, the circuit breaker."""

from __future__ import annotations

from django.apps import AppConfig


class UpstreamConfig(AppConfig):
    """The app of the vendor's connection."""

    name = "kayse_admin.upstream"
    label = "upstream"

    def ready(self) -> None:
        """Tell the log's numbers who counts requests: the log imports nobody."""
        from kayse_admin.audit import numbers
        from kayse_admin.upstream import usage

        numbers.requests_by_hour = usage.by_hour
