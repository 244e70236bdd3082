"""The OpenAPI document (filled in below)."""

from __future__ import annotations

from typing import Any


def document() -> dict[str, Any]:
    """The document."""
    return {"openapi": "3.1.0", "info": {"title": "Kayse", "version": "1"}, "paths": {}}
