"""Taking an edit back: the values from before it, as far as they are known."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clients_ui import editing
from clients_ui.fields import WRITABLE
from clients_ui.models import Client
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.audit.models import Event, Stage
from kayse_admin.audit.recorder import closing_of


@dataclass(frozen=True, slots=True)
class Reversal:
    """What it takes to reverse one edit.

    values: the fields that it changed, as they were before it. left_out: fields of which nobody knows what they were.
    moved: fields that were changed again since.
    """

    at: datetime
    actor_name: str
    values: Mapping[str, Any]
    left_out: tuple[str, ...]
    moved: tuple[str, ...]


def of(operation: uuid.UUID, client: Client) -> Reversal | None:
    """How to reverse this edit of this client; None when it is none, or did not happen."""
    begun = Event.objects.filter(operation=operation, stage=Stage.INTENT, action=Action.CLIENT_UPDATE).first()
    closing = closing_of(operation)
    if begun is None or begun.target_id != client.pk or closing is None or closing.result != "applied":
        return None
    before, after, now = begun.before or {}, closing.after or {}, client.known()
    changed = [n for n in WRITABLE if not editing.same(n, before.get(n, NOT_TOLD), after.get(n, NOT_TOLD))]
    return Reversal(
        at=begun.at,
        actor_name=begun.actor_name,
        values={name: before[name] for name in changed if name in before},
        left_out=tuple(name for name in changed if name not in before),
        moved=tuple(n for n in changed if not editing.same(n, after.get(n, NOT_TOLD), now.get(n, NOT_TOLD))),
    )
