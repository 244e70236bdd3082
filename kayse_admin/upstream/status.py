"""The vendor's state for the top of every page: budget gauge and banners. Two small queries, no request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.upstream import circuit
from kayse_admin.upstream.budget import key_digest
from kayse_admin.upstream.models import Budget


def budget() -> dict[str, Any]:
    """limit, used, remaining, reset_at, reserve, and state: quiet, low (under a third), reserve or spent."""
    row = Budget.objects.filter(key_digest=key_digest()).first()
    limit = row.limit if row else settings.KAYSE_HOURLY_LIMIT
    running = row is not None and row.reset_at > timezone.now()
    used = min(row.used, limit) if row and running else 0
    remaining = limit - used
    reserve = settings.KAYSE_RESERVE
    state = "quiet"
    if remaining <= 0:
        state = "spent"
    elif remaining <= reserve:
        state = "reserve"
    elif remaining * 3 <= limit:
        state = "low"
    return {
        "limit": limit,
        "used": used,
        "remaining": remaining,
        "reserve": reserve,
        "reset_at": row.reset_at if row and running else None,
        "state": state,
    }


def banners(actor: Actor) -> list[dict[str, Any]]:
    """What the top of the page must say about the vendor; empty while all is well."""
    row = circuit.state()
    if row.refused_at:
        may_act = actor.can(Capability.SETTINGS_EDIT)
        return [
            {
                "kind": "bad",
                "title": "Kayse refuses our key",
                "text": "Nothing is sent until an administrator has put it right. "
                "Browsing, searching and the audit log work from what is known here.",
                "action": reverse("upstream_try_again") if may_act else "",
                "action_text": "Try the key again",
            }
        ]
    until = circuit.open_until(row)
    if until:
        at = localtime(until).strftime("%H:%M:%S")
        return [
            {
                "kind": "warn",
                "title": "Kayse cannot be reached",
                "text": f"The next try is possible at {at}. "
                "Browsing, searching and the audit log work from what is known here.",
            }
        ]
    return []
