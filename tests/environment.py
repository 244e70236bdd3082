"""The environment of the tests, set before Django reads its settings (`-p tests.environment` in pyproject.toml)."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "tests-only-" + "k" * 50)
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="kayse-tests-"))
os.environ.setdefault("KAYSE_API_URL", "http://127.0.0.1:9/v1")
os.environ.setdefault("KAYSE_API_KEY", "sandbox-key")
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
