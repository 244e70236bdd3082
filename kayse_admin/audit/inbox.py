"""What needs a person: operations of which nobody knows how they ended, with what was tried and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recovery, remarks
from kayse_admin.audit.models import OpenOperation
from kayse_admin.audit.operation import Operation
from kayse_admin.templatetags.ui import moment


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation, what is known and was tried, and what to do next, with the page to do it on ("": none)."""

    operation: Operation
    tried: str
    step: str
    url: str


def of(actor: Actor, operations: Iterable[Operation]) -> list[Waiting]:
    """These operations with words for this person; one query."""
    shown = list(operations)
    open_rows = OpenOperation.objects.in_bulk([one.opening.operation for one in shown])
    return [
        Waiting(one, _tried(one, open_rows.get(one.opening.operation)), *_next(actor, one)) for one in shown
    ]


def _tried(operation: Operation, row: OpenOperation | None) -> str:
    """ "Kayse did not answer in time. Looked at Kayse twice; the next look is at 14:05." """
    said = [operation.detail] if operation.detail else []
    looks = recovery.verifiable(operation.opening.action)
    if row and row.state == OpenOperation.State.UNKNOWN and looks:
        times = {0: "Not looked at yet", 1: "Looked at once"}.get(row.tries, f"Looked at {row.tries} times")
        at = recovery.next_look(row)
        said.append(f"{times}; {f'next at {moment(at)}' if at else 'nothing more is tried'}.")
    elif operation.result == "unknown" and not looks and operation.opening.job is None:
        said.append("Kayse offers no way to look.")
    return " ".join(said)


def _next(actor: Actor, operation: Operation) -> tuple[str, str]:
    opening = operation.opening
    if operation.result != "unknown":
        return "Nothing to do yet: it is closed by itself when its process has ended.", ""
    if opening.job is not None and actor.can(Capability.CLIENTS_VIEW):
        return "Decide about its rows", reverse("jobs:detail", args=[opening.job])
    if remarks.may_resolve(actor, opening):
        return "Look it up in Kayse and record what you found", reverse(
            "audit:operation", args=[opening.operation]
        )
    return "An administrator can look it up and record what happened.", ""
