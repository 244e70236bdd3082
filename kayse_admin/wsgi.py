"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import logging
import os

from django.core.checks import Tags, run_checks
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kayse_admin.settings")

application = get_wsgi_application()

for _problem in run_checks(tags=[Tags.database], databases=["default"]):
    logging.getLogger("kayse_admin.start").error("%s %s", _problem.id, _problem.msg)
# The server forks after this module is loaded: a connection to the database must not be shared by two processes.
connections.close_all()
