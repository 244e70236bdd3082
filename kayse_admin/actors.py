"""Who acts: the person (or the system) on whose behalf something is read, sent or recorded."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from kayse_admin.accounts.roles import granted, label_of


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, as the audit record will name them.

    `id` is the account's id (None for the system), `address` the network address, `request_id` the id shared by all
    that one click caused, `role` the roles in words at that moment, `capabilities` what they may do.
    """

    id: int | None
    name: str
    address: str = ""
    request_id: str = ""
    role: str = ""
    capabilities: frozenset[str] = frozenset()

    def can(self, capability: str) -> bool:
        """Whether the actor may do this."""
        return str(capability) in self.capabilities

    def require(self, capability: str) -> None:
        """Raise `PermissionDenied` unless the actor may do this: the service's own check behind the view's."""
        if not self.can(capability):
            raise PermissionDenied(f"{capability} is not granted")

    @classmethod
    def system(cls, name: str, request_id: str = "") -> Actor:
        """An actor for what nobody clicked: recovery, sweeps, loading."""
        return cls(id=None, name=name, request_id=request_id, role="System")


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a request; `kayse_admin.middleware.actor` put it there."""
    found: Actor = request.actor  # type: ignore[attr-defined]
    return found


def build_actor(request: HttpRequest) -> Actor:
    """Who is signed in at this moment, with what they may do; costs the queries for user and groups."""
    user = request.user
    rid: str = getattr(request, "request_id", "")
    if not user.is_authenticated:
        return Actor(id=None, name="Nobody signed in", address=address_of(request), request_id=rid)
    groups = list(Group.objects.filter(user=user.pk).values_list("name", flat=True))
    return Actor(
        id=user.pk,
        name=user.display_name,
        address=address_of(request),
        request_id=rid,
        role=label_of(groups),
        capabilities=granted(groups),
    )


def address_of(request: HttpRequest) -> str:
    """The network address of the person: the peer's, or what the outermost trusted proxy saw."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    count = settings.TRUSTED_PROXY_COUNT
    if not count:
        return peer[:45]
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return (seen[-count] if len(seen) >= count else peer)[:45]
