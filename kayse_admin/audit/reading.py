"""What a reader of the record may see: which kinds of things by their role, and personal values only when they ask.

An operation is shown to reviewers with the personal values of clients blotted out: how to reach somebody and when they
were born. Names and cities stay, because they are what the log is about. Whoever may reveal asks for one operation at a
time, by a POST that is an event itself. The person who did it typed the values and sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.masking import hidden, masked
from kayse_admin.audit.models import Event

#: What somebody must be allowed to see to read operations on these kinds of things; of others reviewers see all.
NEEDS: Mapping[str, Capability] = {
    "client": Capability.CLIENTS_VIEW,
    "directory": Capability.CLIENTS_VIEW,
    "job": Capability.CLIENTS_VIEW,
    "case_list": Capability.LISTS_VIEW,
    "label": Capability.LISTS_VIEW,
}


def hidden_kinds(actor: Actor) -> frozenset[str]:
    """The kinds of which this person may read nothing."""
    return frozenset(kind for kind, needed in NEEDS.items() if not actor.can(needed))


def is_own(actor: Actor, opening: Event) -> bool:
    """Whether the person did it themselves."""
    return actor.id is not None and actor.id == opening.actor_id


def may_read(actor: Actor, opening: Event) -> bool:
    """Reviewers may read operations on all kinds that they may see; others what they did themselves."""
    reviews = actor.can(Capability.AUDIT_VIEW) and opening.target_kind not in hidden_kinds(actor)
    return reviews or is_own(actor, opening)


def conceals(events: Iterable[Event]) -> bool:
    """Whether these events hold personal values that readers are not shown."""
    told = [
        [
            event.target_label,
            event.before,
            event.after,
            event.payload,
            event.answer,
            event.reason,
            event.detail,
        ]
        for event in events
    ]
    return bool(hidden(told) != masked(told))
