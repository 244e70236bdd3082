"""What can be done about an operation on a client: an edit or a create is reversed, what was deleted is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from clients_ui import directory, purged
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import followups, remarks
from kayse_admin.audit.actions import Action
from kayse_admin.audit.followups import Followup
from kayse_admin.audit.operation import Operation


def register() -> None:
    """Tell the audit log; called once when the app is ready."""
    followups.register("client", of, named=[Action.CLIENT_CREATE])


def of(actor: Actor, operation: Operation) -> Iterator[Followup]:
    """The steps that this person may take; each leads to a page that asks first."""
    if followups.has_to_be_named(operation) and operation.result == "unknown":
        url = reverse("clients_ui:made", args=[operation.opening.operation])
        if remarks.may_resolve(actor, operation.opening) and actor.can(Capability.CLIENTS_EDIT):
            yield Followup("It is there: name the client", url, "Reads the client by its id. 1 request.")
        return
    client = directory.find(operation.target_id) if operation.target_id else None
    if client is None or operation.result != "applied":
        return
    action, gone = operation.opening.action, client.gone_at is not None
    if action == Action.CLIENT_UPDATE and not gone and actor.can(Capability.CLIENTS_EDIT):
        url = f"{reverse('clients_ui:edit', args=[client.pk])}?reverse={operation.opening.operation}"
        yield Followup("Reverse", url, "Opens the form with the values from before. Saving takes 2 requests.")
    if action == Action.CLIENT_CREATE and not gone and actor.can(Capability.CLIENTS_DELETE):
        url = reverse("clients_ui:delete", args=[client.pk])
        yield Followup("Reverse", url, "Asks whether to delete the client that was created. 1 request.")
    may_rebuild = gone and actor.can(Capability.CLIENTS_EDIT)
    if action == Action.CLIENT_DELETE and may_rebuild and purged.job_of(client) is None:
        url = f"{reverse('clients_ui:new')}?like={client.pk}"
        yield Followup(
            "Rebuild", url, "Opens a new client with what was known last; it gets a new id. 1 request."
        )
