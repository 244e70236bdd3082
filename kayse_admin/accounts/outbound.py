"""The hosts that the server itself may call: nobody can talk it into calling another one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter


class NotAllowed(requests.RequestException):
    """The host is not in `settings.OUTBOUND_HOSTS`; nothing was sent."""


class AllowedHosts(HTTPAdapter):
    """Sends to hosts of `settings.OUTBOUND_HOSTS` and to no other, redirects included."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, or raise `NotAllowed`."""
        host = urlsplit(str(request.url)).hostname
        if host not in settings.OUTBOUND_HOSTS:
            raise NotAllowed(f"{host} is not among OUTBOUND_HOSTS")
        return super().send(request, *args, **kwargs)


def guard(session: requests.Session) -> requests.Session:
    """Hold a session to the allow-list; no proxy of the environment, which would hide whom it calls."""
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, AllowedHosts())
    return session
