"""Reading a client again in the background, when its page is opened and what is known of it is old.

The page itself costs nothing: it says how old its knowledge is and asks a second address, which makes the request. One
request a client, whoever looks: the claim is one conditional update in the database. The reserve of the hour stays
with people who click.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from clients_ui import services
from clients_ui.models import Client
from clients_ui.services import Looked
from kayse_admin.accounts import limits
from kayse_admin.actors import Actor
from kayse_admin.upstream import circuit, status
from kayse_admin.upstream.budget import Purpose

#: One background request for a client in so many seconds, also when it fails. Longer than any request takes.
CLAIM = limits.Limit("client read in the background", 1, 60)


def is_old(client: Client) -> bool:
    """Whether the last telling is older than `settings.CLIENT_REFRESH_MINUTES`; never when that is 0.

    Nobody asks by himself for a client that is known to be deleted at Kayse.
    """
    minutes = settings.CLIENT_REFRESH_MINUTES
    if not minutes or client.gone_at is not None:
        return False
    return timezone.now() - client.told_at >= timedelta(minutes=minutes)


def is_affordable() -> bool:
    """Whether Kayse can be reached, and the hour has more requests left than are kept for people."""
    row = circuit.state()
    left = status.budget()
    return not row.refused_at and not circuit.open_until(row) and left["remaining"] > left["reserve"]


def read(actor: Actor, pk: int) -> Looked | None:
    """Read the client from Kayse, leaving the reserve alone. None while somebody else's page does so.

    One request, tried again at most twice when no answer comes, as every read is.
    """
    if not limits.take([(CLAIM, str(pk))]):
        return None
    return services.refresh(actor, pk, purpose=Purpose.BACKGROUND)
