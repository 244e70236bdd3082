"""What an administrator can do about the vendor's connection."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.upstream import circuit


@require_POST
@requires(Capability.SETTINGS_EDIT)
def try_again(request: HttpRequest) -> HttpResponseBase:
    """Close the breaker after a refused key; the next call shows whether the key is accepted now."""
    actor = actor_of(request)
    actor.require(Capability.SETTINGS_EDIT)
    recorder.fact(actor, Action.KEY_RETRY, Target("upstream", None, "Kayse"))
    circuit.try_again()
    return redirect("home")
