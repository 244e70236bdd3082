"""Clients for the tests that go through their screens."""

from __future__ import annotations

from tests.clients_ui.conftest import ana, known  # noqa: F401  (fixtures)
