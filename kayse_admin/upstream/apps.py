"""Where Django meets the SDK: the configured client, the shared hourly budget, the circuit breaker."""

from __future__ import annotations

from django.apps import AppConfig


class UpstreamConfig(AppConfig):
    """The app of the vendor's connection."""

    name = "kayse_admin.upstream"
    label = "upstream"
