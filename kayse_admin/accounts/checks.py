"""System checks: what is wrong with the settings of accounts, with a hint how to mend it."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from kayse_admin.accounts.roles import Role


@register(Tags.security, deploy=True)
def proxy(**_: Any) -> list[CheckMessage]:
    """HTTPS needs a proxy in front that we know of: kayse.W020."""
    if not settings.HTTPS or settings.TRUSTED_PROXY_COUNT:
        return []
    return [
        Warning(
            "HTTPS is on, but TRUSTED_PROXY_COUNT is 0: pages would redirect for ever, and the record would name the "
            "proxy instead of people's addresses.",
            hint="Set TRUSTED_PROXY_COUNT to the number of proxies that append to X-Forwarded-For, usually 1.",
            id="kayse.W020",
        )
    ]


@register()
def second_factor(**_: Any) -> list[CheckMessage]:
    """MFA_REQUIRED_FROM is a day, and outside the sandbox there is one: kayse.E020, W021."""
    since = settings.MFA_REQUIRED_FROM
    try:
        day = date.fromisoformat(since) if since else None
    except ValueError:
        return [Error("MFA_REQUIRED_FROM is no date.", hint="Write it like 2026-12-31.", id="kayse.E020")]
    if settings.IS_SANDBOX or (day and day <= date.today()):  # noqa: DTZ011  # a day of a calendar, not a moment
        return []
    return [
        Warning(
            "People get in with a password alone" + (f" until {day}." if day else "."),
            hint="Leave MFA_REQUIRED_FROM unset, or set it to a day that has come.",
            id="kayse.W021",
        )
    ]


@register()
def single_sign_on(**_: Any) -> list[CheckMessage]:
    """The provider is named as a whole, over HTTPS, and groups give roles that exist: kayse.E021 to E023."""
    found: list[CheckMessage] = []
    known = {role.value for role in Role}
    wrong = sorted(set(settings.OIDC_GROUP_ROLES.values()) - known)
    if wrong:
        hint = f"There are {', '.join(sorted(known))}."
        found.append(
            Error(f"OIDC_GROUP_ROLES names no role: {', '.join(wrong)}.", hint=hint, id="kayse.E021")
        )
    if not settings.OIDC_ISSUER:
        return found
    providers: dict[str, Any] = settings.SOCIALACCOUNT_PROVIDERS
    [app] = providers["openid_connect"]["APPS"]
    if not (app["client_id"] and app["secret"]):
        hint = "The provider gives both when the dashboard is registered there."
        found.append(Error("OIDC_CLIENT_ID or OIDC_CLIENT_SECRET is empty.", hint=hint, id="kayse.E022"))
    issuer = urlsplit(settings.OIDC_ISSUER)
    if issuer.scheme != "https" and issuer.hostname not in {"127.0.0.1", "localhost"}:
        hint = "Without TLS anybody on the way could be anybody here."
        found.append(Error("OIDC_ISSUER is not an https:// address.", hint=hint, id="kayse.E023"))
    return found
