"""What the tests of the case lists share: the sandbox's cases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Sandbox


@pytest.fixture
def cases(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every case of the sandbox."""
    found: list[dict[str, Any]] = sandbox.http.get("/_sandbox/cases").json()["cases"]
    return found
