"""What the shell around every page shows: navigation, budget, banners, theme."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor, actor_of

THEMES = ("light", "system", "dark")
VERSION = "0.1.0"


def shell(request: HttpRequest) -> dict[str, Any]:
    """The `shell` of the page; people who are not signed in get its theme and names only.

    What costs a query is a function that a template calls by naming it, once: a fragment shows none of it.
    """
    theme = request.COOKIES.get("theme", "system")
    context: dict[str, Any] = {
        "theme": theme if theme in THEMES else "system",
        "is_sandbox": settings.IS_SANDBOX,
        "firm_name": settings.FIRM_NAME,
        "version": VERSION,
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        from kayse_admin.jobs import ending
        from kayse_admin.upstream import status

        actor = actor_of(request)
        context |= {
            "actor": {"id": actor.id, "name": actor.name, "role_label": actor.role},
            "nav": cache(lambda: _navigation(request, actor)),
            "budget": cache(status.budget),
            "banners": cache(lambda: [*status.banners(actor), *ending.notices(actor)]),
        }
    return {"shell": context}


NAVIGATION = (
    ("", (("Home", "home", "home", None), ("Clients", "clients_ui:index", "users", Capability.CLIENTS_VIEW))),
    ("", (("Case lists", "caselists_ui:index", "queue-list", Capability.LISTS_VIEW),)),
    (
        "Operations",
        (("Jobs", "jobs:index", "arrow-path-rounded-square", Capability.CLIENTS_VIEW),
         ("Labels", "caselists_ui:labels", "tag", Capability.LISTS_VIEW),
         ("Audit log", "audit:index", "clock", Capability.AUDIT_VIEW),
         ("People", "people:index", "user-group", Capability.PEOPLE_EDIT)),
    ),
)  # fmt: skip


def _navigation(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for group, items in NAVIGATION:
        for label, name, icon, capability in items:
            if capability is not None and not actor.can(capability):
                continue
            url = reverse(name)
            current = request.path == url or (url != "/" and request.path.startswith(url))
            groups.setdefault(group, []).append(
                {"label": label, "url": url, "icon": icon, "current": current}
            )
    return [{"label": label, "items": items} for label, items in groups.items()]
