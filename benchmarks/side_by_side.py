"""What keeps a comparison with Django's admin fair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def as_it_comes() -> Iterator[None]:
    """The admin of a project that has not told PostgreSQL to start no processes for a query, as ours has."""
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:
            cursor.execute("SET max_parallel_workers_per_gather = 2")
        yield
        if postgresql:
            cursor.execute("RESET max_parallel_workers_per_gather")
