"""What the four roles may do."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from kayse_admin.accounts.roles import GRANTS, Capability, Role, granted, label_of
from kayse_admin.actors import Actor


def test_the_roles() -> None:
    def may(role: Role) -> set[str]:
        return {capability.value for capability in GRANTS[role]}

    views = {"clients_view", "lists_view"}
    assert may(Role.PARALEGAL) == views | {"clients_edit", "clients_delete", "clients_reveal"}
    assert may(Role.MANAGER) == views | {"lists_edit"}
    assert may(Role.AUDITOR) == views | {"audit_view"}
    assert may(Role.ADMINISTRATOR) == {capability.value for capability in Capability}


def test_several_roles_add_up_and_foreign_groups_grant_nothing() -> None:
    assert granted(["paralegal", "auditor"]) == GRANTS[Role.PARALEGAL] | GRANTS[Role.AUDITOR]
    assert granted(["staff", "Administrator", ""]) == frozenset()
    assert label_of(["auditor", "paralegal", "staff"]) == "Paralegal, Auditor"
    assert label_of([]) == "No role"
    assert label_of(["manager"]) == "Campaign manager"


def test_an_actor_is_held_to_it() -> None:
    actor = Actor(id=1, name="Paula", capabilities=granted(["paralegal"]))
    actor.require(Capability.CLIENTS_EDIT)
    with pytest.raises(PermissionDenied):
        actor.require(Capability.LISTS_EDIT)
    with pytest.raises(PermissionDenied):
        Actor.system("Recovery").require(Capability.CLIENTS_VIEW)
