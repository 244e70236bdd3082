"""The settings of `benchmarks.clients`: the tests' own, with Django's admin to be measured against."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]  # noqa: F405
ROOT_URLCONF = "benchmarks.clients_urls"
