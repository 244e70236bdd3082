"""Property tests on a busy machine: what a single example takes says nothing."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("case_lists", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("case_lists")
