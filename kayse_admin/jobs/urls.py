"""Addresses of the jobs, below /jobs/."""

from __future__ import annotations

app_name = "jobs"
urlpatterns: list[object] = []
