"""The settings of the tests: the project's own, with an environment of their own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SECRET_KEY", "tests-only-" + "k" * 50)
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="kayse-tests-"))
os.environ.setdefault("DATABASE_URL", f"sqlite:///{os.environ['VAR_DIR']}/kayse.sqlite3")
# A port where nobody listens: a test that reaches the vendor without asking for the sandbox fails.
os.environ["KAYSE_API_URL"] = "http://127.0.0.1:9/v1"
os.environ["KAYSE_API_KEY"] = "sandbox-key"

from kayse_admin.settings import *  # noqa: F403

# Hashing is slow on purpose; hundreds of test people need not be.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405  # whitenoise warns when it is not there
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# A file, as in earnest: threads of one process share an in-memory database by another kind of locking.
# Without waiting for the disk, because nobody needs these rows after a power cut.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['VAR_DIR']}/test.sqlite3"}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"  # noqa: F405
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":  # noqa: F405
    DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"  # noqa: F405
