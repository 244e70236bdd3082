"""System checks: what is wrong with the configuration, with a hint how to mend it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def vendor(**_: Any) -> list[CheckMessage]:
    """The vendor's address and key: kayse.E001 to E003."""
    found: list[CheckMessage] = []
    url = urlsplit(settings.KAYSE_API_URL)
    if url.scheme not in {"http", "https"} or not url.hostname:
        found.append(Error("KAYSE_API_URL is not a web address.", hint="e.g. https://…/v1", id="kayse.E001"))
    elif url.scheme == "http" and not settings.IS_SANDBOX:
        found.append(
            Error(
                "KAYSE_API_URL would send the key over plain HTTP.",
                hint="Use the https:// address of the vendor.",
                id="kayse.E002",
            )
        )
    if not settings.KAYSE_API_KEY:
        found.append(
            Error(
                "KAYSE_API_KEY is empty.",
                hint="Make a key in the firm's Kayse settings and put it into the environment.",
                id="kayse.E003",
            )
        )
    return found


@register()
def budget(**_: Any) -> list[CheckMessage]:
    """The reserve must leave something for jobs: kayse.W001."""
    if 0 <= settings.KAYSE_RESERVE < settings.KAYSE_HOURLY_LIMIT:
        return []
    return [
        Warning(
            "KAYSE_RESERVE leaves no request to jobs and background refreshes.",
            hint="Set it between 0 and the hourly limit; 100 of 500 is the default.",
            id="kayse.W001",
        )
    ]
