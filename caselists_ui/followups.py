"""What can be done about an operation on a case list: take it back, where an exact inverse exists."""

from __future__ import annotations

from collections.abc import Iterator

from caselists_ui import reversing
from caselists_ui.ledger import CHANGES
from caselists_ui.models import CaseList
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import followups
from kayse_admin.audit.followups import Followup
from kayse_admin.audit.operation import Operation


def register() -> None:
    """Tell the audit log; called once when the app is ready."""
    followups.register("case_list", of)


def of(actor: Actor, operation: Operation) -> Iterator[Followup]:
    """The steps that this person may take, each leading to a page that asks first; or why there is none."""
    if not operation.target_id or operation.result != "applied":
        return
    opening = operation.opening
    reversal = reversing.one(operation.target_id, opening.operation)
    if reversal is None:
        if opening.action in CHANGES:
            yield Followup("", "", "Cannot be taken back from here: the list has many newer operations.")
    elif not reversal.url:
        yield Followup("", "", f"Cannot be taken back exactly. {reversal.why}")
    elif (
        opening.action in CHANGES
        and CaseList.objects.filter(pk=operation.target_id, gone_at__isnull=False).exists()
    ):
        yield Followup("", "", "Cannot be taken back: the list is not at Kayse any more.")
    elif actor.can(Capability.LISTS_EDIT):
        yield Followup(reversal.words, reversal.url, reversal.why)
