"""Operations for the tests of the reviewers' screens, made the way the application makes them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, label_of
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, Stage
from kayse_admin.audit.records import Target

ANA = Target("client", 7, "Ana García")
ROUNDUP = Target("case_list", 3, "Roundup – signed")
CITY = {"before": {"city": "Austin", "state": "TX"}, "after": {"city": "Dallas", "state": "TX"}}


def acting(person: User, *, gesture: str = "", address: str = "10.0.0.7") -> Actor:
    """The person as an actor, with the role of their first group."""
    names = list(person.groups.values_list("name", flat=True))
    return Actor(person.pk, person.display_name, address, gesture or uuid.uuid4().hex, label_of(names))


def performed(
    who: Actor,
    action: Action = Action.CLIENT_UPDATE,
    target: Target = ANA,
    *,
    result: Any = "applied",
    before: Any = None,
    after: Any = None,
    payload: Any = None,
    learned: Target | None = None,
    job: int | None = None,
    **closing: Any,
) -> Event:
    """An operation with its intent and, unless `result` is "", its outcome. Returns the intent."""
    begun = recorder.intent(
        who, action, target, operation=uuid.uuid4(), payload=payload, before=before, job=job
    )
    if result:
        recorder.outcome(begun, result, settle=lambda: learned, after=lambda: after, **closing)
    return begun


def many(number: int, *, result: str = "applied", at: datetime | None = None, **fields: Any) -> list[Event]:
    """So many finished edits of one person, written in bulk. Returns the intents."""
    told: dict[str, Any] = {
        "actor_id": 1, "actor_name": "Paula Legal", "actor_role": Role.PARALEGAL.label, "action": "client_update",
        "target_kind": "client", "target_id": 7, "target_label": "Ana García", **fields,
    }  # fmt: skip
    if at:
        told["at"] = at
    city = {"before": {"city": "Austin"}, "payload": {"city": "Dallas"}}
    intents = Event.objects.bulk_create(
        Event(stage=Stage.INTENT, opens=True, gesture=uuid.uuid4().hex, **told, **city) for _ in range(number)
    )
    Event.objects.bulk_create(
        Event(
            stage=Stage.OUTCOME, opens=False, operation=one.operation, begun=one.pk, result=result, **told,
            after={"city": "Dallas"}, requests=2,
        )
        for one in intents
    )  # fmt: skip
    return intents
