"""What happens in this house alone is in the log, too: each under its own action and under its kind of thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from kayse_admin.accounts import people as service
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from tests.accounts.support import sign_in
from tests.audit.factory import acting
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

Cast = dict[str, User]


def roles_change(cast: Cast) -> None:
    actor = acting(cast["administrator"])
    able = type(actor)(actor.id, actor.name, capabilities=frozenset({"people_edit"}))
    service.set_roles(able, cast["nobody"], [Role.PARALEGAL])


def label_edit(cast: Cast) -> None:
    form = {"kind": "case_type", "number": 25, "name": "Mass Tort"}
    assert signed_in(cast["manager"]).post("/labels/new/", form).status_code == 303


DONE: dict[str, tuple[Callable[[Cast], object], Action, str, str]] = {
    "sign-in": (lambda cast: sign_in(Browser(), "manager"), Action.SIGN_IN, "user", "Max Manager"),
    "failure": (lambda cast: sign_in(Browser(), "manager", "x"), Action.SIGN_IN_FAILED, "user", "failed to sign in"),
    "sign-out": (lambda cast: signed_in(cast["manager"]).post("/sign-out/"), Action.SIGN_OUT, "user", "Max Manager"),
    "roles": (roles_change, Action.ROLES_CHANGE, "user", "Nora Body"),
    "label": (label_edit, Action.LABELS_CHANGE, "label", "Max Manager"),
    "clients' export": (lambda cast: signed_in(cast["manager"]).get("/clients/export.csv"), Action.CLIENT_EXPORT,
                        "directory", "Max Manager"),
    "log's export": (lambda cast: signed_in(cast["administrator"]).get("/audit/export.csv"), Action.AUDIT_EXPORT,
                     "audit", "Ada Min"),
    "key": (lambda cast: signed_in(cast["administrator"]).post("/upstream/try-again/"), Action.KEY_RETRY,
            "upstream", "Ada Min"),
}  # fmt: skip


@pytest.mark.parametrize(("do", "action", "kind", "words"), DONE.values(), ids=list(DONE))
def test_it_is_found_by_its_action_and_by_its_kind(
    do: Callable[[Cast], object], action: Action, kind: str, words: str, people: Cast, as_auditor: Browser
) -> None:
    do(people)
    event = Event.objects.get(action=action)
    assert (event.stage, event.target_kind) == ("fact", kind)
    for query in (f"action={action}", f"kind={kind}"):
        page = as_auditor.get(f"/audit/?{query}").content.decode()
        assert f"/audit/{event.operation}/" in page
        assert words in page
    assert f"/audit/{event.operation}/" not in as_auditor.get("/audit/?kind=job").content.decode()
