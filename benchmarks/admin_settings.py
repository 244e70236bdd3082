"""The settings of benchmarks that measure beside Django's admin: the tests' own, the admin, and writes that last."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]  # noqa: F405
ROOT_URLCONF = "benchmarks.admin_urls"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=FULL;"  # noqa: F405  # as in earnest
else:
    DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=on"  # noqa: F405
