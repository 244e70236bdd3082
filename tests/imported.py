"""All of the dashboard, imported: what `tests.forked` forks its processes from."""

from __future__ import annotations

import django

django.setup()

from clients_ui import services  # noqa: E402, F401
from kayse_admin.jobs.management.commands import worker  # noqa: E402, F401
