"""`manage.py prepare`: everything between a checkout and a running dashboard, safe to repeat."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError

from kayse_admin.accounts.views import DEMO_PEOPLE
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event


class Command(BaseCommand):
    """Checks the ports, migrates, gathers static files and, beside the sandbox, loads demo people and data once."""

    help = "Prepare the database, the static files and, beside the sandbox, the demo data."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every step; each says in one sentence what is wrong when it cannot."""
        port = int(os.environ.get("PORT", "8000"))
        require_free(port, "PORT")
        if settings.IS_SANDBOX:
            require_free(settings.SANDBOX_PORT, "SANDBOX_PORT")
        Path(settings.VAR_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("createcachetable", verbosity=0)
        except DatabaseError as error:
            raise CommandError(f"The database cannot be prepared: {error}") from error
        # Only the htmx that the pages name: the others would be compressed at each start for nobody.
        unused = ["htm*-4*", "htmx-2.js", "django-htmx.js", "ext"]
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=unused)
        if settings.IS_SANDBOX:
            make_people()
            load_sandbox()
        self.stdout.write(f"Kayse dashboard: http://127.0.0.1:{port}/")
        if settings.IS_SANDBOX:
            names = ", ".join(name for name, _ in DEMO_PEOPLE)
            self.stdout.write(f"Demo accounts: {names}; password: {settings.DEMO_PASSWORD}")


def require_free(port: int, variable: str) -> None:
    """Raise CommandError when somebody else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken: end what listens there, or choose another with {variable}=."
            ) from error


def make_people() -> None:
    """The demo accounts, one a role; an account that is there keeps its password."""
    for name, role in DEMO_PEOPLE:
        person, made = get_user_model().objects.get_or_create(
            username=name, defaults={"first_name": "Demo", "last_name": role.label}
        )
        if made:
            person.set_password(settings.DEMO_PASSWORD)
            person.save()
            person.groups.add(Group.objects.get(name=role.value))


def load_sandbox() -> None:
    """Load the sandbox's client export into the directory, and its labels, the first time."""
    if Event.objects.filter(opens=True, action=Action.DIRECTORY_LOAD).exists():
        return
    folder = Path(settings.VAR_DIR)
    for option, command in (("--export", "load_export"), ("--labels", "load_labels")):
        path = folder / f"sandbox-{command}.csv"
        subprocess.run(  # noqa: S603  # our own module, our own arguments
            [
                sys.executable,
                "-m",
                "kayse_admin.sandbox",
                "--store",
                str(folder / "sandbox.sqlite3"),
                option,
                str(path),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        call_command(command, str(path), verbosity=0)
        path.unlink()
