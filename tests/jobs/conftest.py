"""What the tests of jobs share."""

from __future__ import annotations

import pytest

from kayse_admin.accounts.models import User


@pytest.fixture
def owner(people: dict[str, User]) -> User:
    """Whoever starts the jobs: a paralegal."""
    return people["paralegal"]
