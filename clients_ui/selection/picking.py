"""The selection that somebody is making: named in the session, so that it stays while they page, sort and search."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest

from clients_ui.selection import services
from clients_ui.selection.models import Selection
from kayse_admin.actors import actor_of

_KEY = "selected"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the list says of it: how many are selected, of how many known, and which of those on the page."""

    count: int
    known: int
    here: frozenset[int]


def current(request: HttpRequest) -> Selection | None:
    """The selection that the person is making; None without one."""
    token = request.session.get(_KEY)
    return services.find(actor_of(request), uuid.UUID(token)) if token else None


def is_lost(request: HttpRequest) -> bool:
    """Whether the person was making a selection that is not there any more."""
    return _KEY in request.session and current(request) is None


def keep(request: HttpRequest, selection: Selection | None) -> None:
    """Go on with this selection, or with none."""
    if selection is not None and request.session.get(_KEY) != str(selection.pk):
        request.session[_KEY] = str(selection.pk)
    elif selection is None:
        request.session.pop(_KEY, None)


def shown(request: HttpRequest, ids: Collection[int], known: int) -> Shown:
    """The selection as the page with these of all known clients shows it; no query as long as nothing was selected."""
    selection = current(request)
    if selection is None:
        return Shown(0, known, frozenset())
    return Shown(selection.count, known, frozenset(services.here(selection, ids)))
