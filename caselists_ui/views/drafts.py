"""Keeping a draft without JavaScript, and discarding one. The builder opens drafts, and keeps them while it is used."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST

from caselists_ui import drafts, labels
from caselists_ui.forms import DefinitionForm
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.converters import parse_id


@require_POST
@requires(Capability.LISTS_EDIT)
def keep(request: HttpRequest) -> HttpResponseBase:
    """Keep a builder's form as a draft; nothing is sent."""
    form = DefinitionForm(request.POST, labels=labels.current())
    form.is_valid()
    if drafts.keep(actor_of(request), form, parse_id(request.POST.get("pk", ""))):
        htmx.toast(request, "The draft is kept.")
    return htmx.redirect(request, reverse("caselists_ui:index"))


@require_POST
@requires(Capability.LISTS_EDIT)
def discard(request: HttpRequest, draft: uuid.UUID) -> HttpResponseBase:
    """Forget a draft; one that is gone already is no mistake."""
    drafts.discard(actor_of(request), draft)
    htmx.toast(request, "The draft is discarded.")
    return htmx.redirect(request, reverse("caselists_ui:index"))
