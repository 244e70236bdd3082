"""Screens that change a client: new, edit, delete. Each result of the vendor has its page."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients_ui import (
    attention,
    colleagues,
    directory,
    editing,
    lookalikes,
    purged,
    reversing,
    services,
    unanswered,
    words,
)
from clients_ui.detail import waiting
from clients_ui.fields import BY_NAME, WRITABLE
from clients_ui.forms import ClientForm, EditForm, as_text
from clients_ui.known import of_known_client
from clients_ui.models import Client
from clients_ui.services import Clashed, Edited, NotCompared, Untold
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit import remarks
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, Stage
from kayse_admin.audit.recorder import AlreadyPerformed, closing_of, is_begun
from kayse_admin.converters import parse_id
from kayse_admin.kayse_api.outcomes import Applied, Failed, Rejected, Unknown
from kayse_admin.operation_field import OperationField
from kayse_admin.templatetags.ui import moment

PAGE = ["GET", "HEAD", "POST"]


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
def new(request: HttpRequest) -> HttpResponseBase:
    """Create a client; 1 request. What looks like one that is known here has to be confirmed."""
    if request.method != "POST":
        return _form(request, _blank_or_rebuilt(request), {})
    form = ClientForm(request.POST, base={})
    if not form.is_valid():
        return _form(request, form, {}, status=422)
    operation = form.cleaned_data["operation"]
    if "create_anyway" not in request.POST:
        alike = {"alike": lookalikes.find(form.changes), "sent": unanswered.like(form.changes)}
        # Asked last: a form that was sent twice finds what it has made itself.
        if any(alike.values()) and not is_begun(operation):
            return _form(request, form, alike, status=422)
    try:
        outcome = services.create(actor_of(request), form.changes, operation, form.cleaned_data["reason"])
    except AlreadyPerformed as done:
        if done.payload != form.changes:
            return _used(request, form, {}, "A client was created with this form before, with other values")
        return _created_before(request, done)
    if isinstance(outcome, Applied):
        htmx.toast(request, "Client created")
        return htmx.redirect(request, reverse("clients_ui:detail", args=[outcome.value.id]))
    if isinstance(outcome, Unknown):
        return htmx.redirect(request, reverse("clients_ui:made", args=[operation]))
    return _failed(request, form, outcome, "The client was not created")


def _blank_or_rebuilt(request: HttpRequest) -> ClientForm:
    """An empty form; with `?like=<id>` one filled with what was last known of a client that is deleted at Kayse."""
    form = ClientForm(base={})
    pk = parse_id(request.GET.get("like", ""))
    client = directory.find(pk) if pk else None
    if client is not None and client.gone_at and purged.job_of(client) is None:
        for name, value in _writable(client).items():
            form.initial[name] = as_text(name, value)
        form.initial["reason"] = f"Rebuilds client {client.pk}"
    return form


def _created_before(request: HttpRequest, done: AlreadyPerformed) -> HttpResponseBase:
    """A double click or a resent form: show what the first one came to."""
    if done.closing and done.closing.result == "applied" and done.closing.target_id:
        htmx.toast(request, "Created already, once: the form was sent twice")
        return htmx.redirect(request, reverse("clients_ui:detail", args=[done.closing.target_id]))
    return htmx.redirect(request, reverse("clients_ui:made", args=[done.operation]))


@require_safe
@requires(Capability.CLIENTS_EDIT)
def made(request: HttpRequest, operation: uuid.UUID) -> HttpResponseBase:
    """What became of a create that has no client yet: under way, unknown, or refused. For whoever sent it."""
    begun = _begun(request, operation)
    closing = closing_of(operation)
    if closing and closing.result == "applied" and closing.target_id:
        return htmx.redirect(request, reverse("clients_ui:detail", args=[closing.target_id]))
    return _made(request, begun)


@require_POST
@requires(Capability.CLIENTS_EDIT)
def found(request: HttpRequest, operation: uuid.UUID) -> HttpResponseBase:
    """Name the client that a create without a known outcome has made; 1 request."""
    begun, actor = _begun(request, operation), actor_of(request)
    if not remarks.may_resolve(actor, begun):
        raise PermissionDenied
    form = FoundForm(request.POST)
    if not form.is_valid():
        return _made(request, begun, form, status=422)
    try:
        client = unanswered.name(actor, operation, form.cleaned_data["pk"])
    except unanswered.NotThatClient as why:
        form.add_error("pk", str(why))
        return _made(request, begun, form, status=422)
    except remarks.NotUnknown:
        return htmx.redirect(request, reverse("clients_ui:made", args=[operation]))
    htmx.toast(request, "This is the client that was created")
    return htmx.redirect(request, reverse("clients_ui:detail", args=[client.pk]))


class FoundForm(forms.Form):
    """The client that somebody found at Kayse."""

    pk = forms.CharField(
        label="It is there, and this is its id",
        help_text="Reads the client and compares it with what was sent. 1 request.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "Type the id of the client."},
    )

    def clean_pk(self) -> int:
        """A whole number from 1."""
        pk = parse_id(self.cleaned_data["pk"])
        if pk is None:
            raise forms.ValidationError("This is not the id of a client: a whole number from 1.")
        return pk


def _begun(request: HttpRequest, operation: uuid.UUID) -> Event:
    """The create, for whoever sent it and for reviewers; 404 for everybody else."""
    begun = Event.objects.filter(operation=operation, stage=Stage.INTENT, action=Action.CLIENT_CREATE).first()
    actor = actor_of(request)
    if begun is None or (begun.actor_id != actor.id and not actor.can(Capability.AUDIT_VIEW)):
        raise Http404
    return begun


def _made(
    request: HttpRequest, begun: Event, form: FoundForm | None = None, status: int = 200
) -> HttpResponseBase:
    sent = [(BY_NAME[name].label, value) for name, value in (begun.payload or {}).items() if name in BY_NAME]
    may_name = remarks.may_resolve(actor_of(request), begun)
    context = {
        "begun": begun,
        "closing": closing_of(begun.operation),
        "sent": sent,
        "form": (form or FoundForm()) if may_name else None,
    }
    return render(request, "clients_ui/made.html", context, status=status)


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_EDIT)
@of_known_client
def edit(request: HttpRequest, client: Client) -> HttpResponseBase:
    """Edit a client; opening costs nothing, saving 2 requests."""
    actor, pk = actor_of(request), client.pk
    may_lift = actor.can(Capability.CLIENTS_OPT_IN)
    if request.method != "POST":
        attention.opened(actor, pk)
        attention.editing(actor, pk)
        form = EditForm.opened(pk, _writable(client), may_lift=may_lift)
        about = {**_about(client), **_reversal(request, client, form), "names": attention.others(actor, pk)}
        return _form(request, form, about)
    received = EditForm.received(pk, request.POST, may_lift=may_lift)
    if received is None:
        return _stale(request, client)
    form = received
    if not form.is_valid():
        return _form(request, form, _about(client), status=422)
    if not form.changes:
        attention.done(actor, pk)
        htmx.toast(request, "Nothing was changed, so nothing was sent")
        return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))
    return _save(request, client, form)


def _reversal(request: HttpRequest, client: Client, form: EditForm) -> dict[str, Any]:
    """`?reverse=<operation>`: the form filled with the values from before that edit, to be looked at and saved."""
    try:
        operation = uuid.UUID(request.GET.get("reverse", ""))
    except ValueError:
        return {}
    found = reversing.of(operation, client)
    if found is None:
        return {}
    for name, value in found.values.items():
        form.initial[name] = as_text(name, value)
    form.initial["reason"] = f"Reverses the edit of {moment(found.at)}"
    return {
        "reversal": found,
        "labels_lost": editing.labels(found.left_out),
        "labels_moved": editing.labels(found.moved),
    }


def _save(request: HttpRequest, client: Client, form: EditForm) -> HttpResponseBase:
    try:
        done = services.edit(
            actor_of(request),
            client.pk,
            base=form.base,
            changes=form.changes,
            operation=form.cleaned_data["operation"],
            reason=form.cleaned_data["reason"],
            may_empty=form.may_be_emptied,
        )
    except AlreadyPerformed as before:
        if not services.is_edit_of(form.cleaned_data["operation"], form.changes):
            form.ask((), _writable(client))
            return _used(request, form, _about(client), "This form was saved before, with other values")
        return _edited_before(request, client.pk, before)
    if isinstance(done, Clashed):
        form.ask(done.clashes, done.now)
        who = {"colleagues": colleagues.of_clashes(client.pk, done.clashes)}
        return _form(request, form, _about(client) | who, status=409)
    if isinstance(done, Untold):
        form.ask_untold(done.names, done.now)
        return _form(request, form, _about(client), status=409)
    if isinstance(done, NotCompared):
        assert not isinstance(done.outcome, Applied)
        return _failed(request, form, done.outcome, "Nothing was sent", _about(client))
    if isinstance(done.outcome, Applied | Unknown):
        attention.done(actor_of(request), client.pk)
    if isinstance(done.outcome, Applied):
        htmx.toast(request, _saved(done))
        return htmx.redirect(request, reverse("clients_ui:detail", args=[client.pk]))
    if isinstance(done.outcome, Unknown):
        return htmx.redirect(request, reverse("clients_ui:detail", args=[client.pk]))
    return _failed(request, form, done.outcome, "Nothing was saved", _about(client))


def _saved(done: Edited) -> str:
    """What a successful edit says; what is wrong with it stands on the client's page and stays there."""
    parts = ["Saved"]
    if done.merged:
        parts.append(f"meanwhile somebody else changed {editing.labels(done.merged)}, which was kept")
    if done.different:
        parts.append(f"Kayse writes differently: {editing.labels(done.different)}")
    if done.unconfirmed:
        parts.append(f"Kayse does not show: {editing.labels(done.unconfirmed)}")
    return "; ".join(parts)


def _edited_before(request: HttpRequest, pk: int, before: AlreadyPerformed) -> HttpResponseBase:
    if before.closing and before.closing.result == "applied":
        htmx.toast(request, "Saved already, once: the form was sent twice")
    return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))


def _used(request: HttpRequest, form: ClientForm, about: dict[str, Any], title: str) -> HttpResponseBase:
    """The form was sent before, and holds something else now: what is typed stays, and may be sent as a new one."""
    form.start_anew()
    text = "What is typed here now has not been sent. Look at it, and save again if it is meant so."
    return _form(request, form, {**about, "problem": words.Problem("warn", title, text, 409)}, status=409)


def _stale(request: HttpRequest, client: Client) -> HttpResponseBase:
    """The form's base is missing or forged: show what was typed over what is known now, and let a person look."""
    form = EditForm(request.POST, base=_writable(client), pk=client.pk)
    form.is_valid()
    form.add_error(
        None, "This form is out of date. Compare every field with what you meant, then save again."
    )
    form.ask((), form.base)
    return _form(request, form, _about(client), status=422)


def _failed(
    request: HttpRequest, form: ClientForm, outcome: Failed, doing: str, about: dict[str, Any] | None = None
) -> HttpResponseBase:
    """The form again with everything that was typed, and why it was not done; under a new operation."""
    told = words.problem(outcome, doing)
    name = words.named_field(outcome) if isinstance(outcome, Rejected) else None
    if name:
        form.add_error(name, f"Kayse says: {outcome.message}" if isinstance(outcome, Rejected) else "")
    form.start_anew()
    return _form(request, form, {**(about or {}), "problem": told}, status=told.status)


def _form(
    request: HttpRequest, form: ClientForm, about: dict[str, Any], status: int = 200
) -> HttpResponseBase:
    return render(request, "clients_ui/form.html", {"form": form, **about}, status=status)


def _about(client: Client) -> dict[str, Any]:
    return {
        "client": client,
        "waiting": waiting(client.pk),
        "heartbeat": attention.HEARTBEAT,
    }


def _writable(client: Client) -> dict[str, Any]:
    known = client.known()
    return {name: known[name] for name in WRITABLE if name in known}


@require_POST
@requires(Capability.CLIENTS_EDIT)
def seen(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Leave lost fields empty and put their alarm to rest; 0 requests."""
    services.seen(actor_of(request), pk)
    return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))


class DeleteForm(forms.Form):
    """The question before a delete."""

    operation = OperationField()
    reason = forms.CharField(
        max_length=200, required=False, label="Reason", help_text="Kept in the audit log, not sent to Kayse."
    )


@require_http_methods(PAGE)
@requires(Capability.CLIENTS_DELETE)
@of_known_client
def delete(request: HttpRequest, client: Client) -> HttpResponseBase:
    """Delete a client at Kayse; 1 request. A dialog, and a page without JavaScript."""
    pk = client.pk
    back = reverse("clients_ui:detail", args=[pk])
    if request.method != "POST":
        return _question(request, client, DeleteForm(initial={"operation": uuid.uuid4()}, label_suffix=""))
    form = DeleteForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _question(request, client, form, status=422)
    try:
        outcome = services.delete(
            actor_of(request), pk, form.cleaned_data["operation"], form.cleaned_data["reason"]
        )
    except AlreadyPerformed:
        return htmx.redirect(request, back)
    if isinstance(outcome, Applied):
        htmx.toast(request, f"{client.name} was deleted at Kayse")
    elif not isinstance(outcome, Unknown) and not (isinstance(outcome, Rejected) and outcome.is_not_found):
        told = words.problem(outcome, "The client was not deleted")
        form = DeleteForm({"operation": uuid.uuid4(), "reason": form.cleaned_data["reason"]}, label_suffix="")
        form.add_error(None, f"{told.title}. {told.text}")
        return _question(request, client, form, status=422 if htmx.is_fragment(request) else told.status)
    return htmx.redirect(request, back)


def _question(request: HttpRequest, client: Client, form: forms.Form, status: int = 200) -> HttpResponseBase:
    context = {
        "question": f"Delete {client.name}?",
        "text": "Kayse marks the client as deleted and offers no way back: who was deleted by mistake has to be "
        "created anew, under another id. The cases stay. Here the client stays findable, marked as deleted.",
        "verb": "Delete client",
        "action": reverse("clients_ui:delete", args=[client.pk]),
        "cancel_url": reverse("clients_ui:detail", args=[client.pk]),
        "danger": True,
        "form": form,
        "cost": "This takes 1 request.",
    }
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )
