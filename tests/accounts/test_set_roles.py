"""`manage.py set_roles`."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event

pytestmark = pytest.mark.django_db


def test_it_sets_exactly_these_roles_on_the_record(people: dict[str, User]) -> None:
    call_command("set_roles", "paralegal", "auditor", "manager", verbosity=0)
    assert set(people["paralegal"].groups.values_list("name", flat=True)) == {"auditor", "manager"}
    event = Event.objects.get()
    assert (event.action, event.target_label, event.actor_name) == (
        "roles_change",
        "Paula Legal",
        "Command line",
    )
    assert (event.before, event.after) == ({"roles": ["paralegal"]}, {"roles": ["auditor", "manager"]})


def test_an_unknown_account_or_role_is_refused(people: dict[str, User]) -> None:
    for arguments in (["nobody-of-that-name", "auditor"], ["paralegal", "emperor"]):
        with pytest.raises(CommandError):
            call_command("set_roles", *arguments)
    assert not Event.objects.exists()
