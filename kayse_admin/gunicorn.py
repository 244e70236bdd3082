"""gunicorn's configuration: threads, because a slow vendor must not hold up the pages that need no vendor."""

from __future__ import annotations

import gc
import os
from typing import Any

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", str(min(4, os.cpu_count() or 1))))
threads = int(os.environ.get("WEB_THREADS", "32"))
#: Loaded once and then forked: the start is shorter and the workers share memory.
preload_app = True
#: Longer than the deadline of any call that a page makes: a worker is not shot while the vendor is slow.
timeout = 180
graceful_timeout = 30
keepalive = 5
#: A line of ours per request would hold names that people searched for; errors are logged by the application.
accesslog = None
errorlog = "-"
loglevel = "warning"
limit_request_line = 8190


def when_ready(server: Any) -> None:
    """The application is loaded and not forked yet: keep the collector out of it, so that its pages stay shared."""
    gc.collect()
    gc.freeze()
