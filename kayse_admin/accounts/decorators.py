"""Policy as decorators: who may call a view, and what asks for the password again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.roles import Capability
from kayse_admin.accounts.way_back import page_around
from kayse_admin.actors import actor_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Send somebody who is not signed in to the sign-in page, and from there back to where they were.

    Under htmx the way back is the page around the fragment, never the fragment; after a form it is the page with it.
    """
    reading = request.method in {"GET", "HEAD"}
    around = page_around(request) if htmx.is_htmx(request) or not reading else ""
    query = {"next": around or (request.get_full_path() if reading else reverse("home"))}
    if ended := getattr(request, "session_ended", ""):
        query["ended"] = ended
    return htmx.redirect(request, f"{settings.LOGIN_URL}?{urlencode(query)}")


def requires(*capabilities: Capability) -> Callable[[View[P]], View[P]]:
    """The view is for signed-in people who have one of the capabilities; for everybody signed in when none is named."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            actor = actor_of(request)
            if capabilities and not any(actor.can(capability) for capability in capabilities):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.capabilities = capabilities  # type: ignore[attr-defined]  # the permission matrix test reads it
        return guarded

    return decorate


def reauthenticated(view: View[P]) -> View[P]:
    """The view asks people to prove again who they are, unless they did within `settings.CONFIRMED_SECONDS`.

    For what cannot be taken back or opens doors: deleting for good or in bulk, big exports, roles. Put it below
    `requires`, on the page with the question as well as on what it sends. A view that learns only inside that it has
    to ask calls `accounts.confirming.ask_again`.
    """

    @wraps(view)
    def asking(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return ask_again(request) or view(request, *args, **kwargs)

    return asking


def polled(view: View[P]) -> View[P]:
    """The fragment of this view is asked for by the page itself, as time goes by, and not by a click.

    Such a request keeps nobody signed in: a page that is left open ends with the session.
    """
    view.polled = True  # type: ignore[attr-defined]  # `accounts.middleware` and the templates' test read it
    return view
