"""`manage.py set_roles NAME ROLE [ROLE …]`: what a person may do, set by whoever runs the server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser

from kayse_admin.accounts.people import LastAdministrator, set_roles
from kayse_admin.accounts.roles import Role, granted, label_of
from kayse_admin.actors import Actor


class Command(BaseCommand):
    """Gives an account exactly the roles that are named; recorded like every other change."""

    help = "Give an account exactly these roles."

    def add_arguments(self, parser: CommandParser) -> None:
        """The account's name, and one or more roles."""
        parser.add_argument("name")
        parser.add_argument("roles", nargs="+", choices=[role.value for role in Role])

    def handle(self, *args: Any, **options: Any) -> None:
        """Set them."""
        person = get_user_model().objects.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"There is no account named {options['name']}.")
        operator = replace(Actor.system("Command line"), capabilities=granted([Role.ADMINISTRATOR]))
        try:
            set_roles(operator, person, [Role(name) for name in options["roles"]])
        except LastAdministrator as error:
            raise CommandError("Nobody else is an administrator: make somebody one first.") from error
        self.stdout.write(f"{options['name']}: {label_of(options['roles'])}")
