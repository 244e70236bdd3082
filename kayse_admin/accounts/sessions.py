"""Sessions that know whose they are: Django's database sessions on a table of ours, with an idle and an absolute end.

This module is `settings.SESSION_ENGINE`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

from kayse_admin.accounts.models import Session, User
from kayse_admin.actors import address_of

#: Keys of the session's data.
#: When somebody proved who they are, where that was not the moment of signing in (`accounts.oidc.proved_at`).
PROVED_AT = "proved_at"
SIGNED_IN_AT, ADDRESS, BROWSER = "signed_in_at", "signed_in_address", "signed_in_browser"
#: `last_seen_at` may be this old before it is written again: most requests write nothing.
TOUCH_EVERY = timedelta(minutes=1)

BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


class SessionStore(DatabaseStore):
    """A session in `accounts_session`."""

    last_seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        self.last_seen_at = row.last_seen_at if row else None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row to save, with the columns that lists and limits read."""
        row = cast(Session, super().create_model_instance(data))
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.signed_in_at = _moment(data.get(SIGNED_IN_AT))
        row.last_seen_at = self.last_seen_at = timezone.now()
        row.address, row.browser = data.get(ADDRESS, ""), data.get(BROWSER, "")
        return row


def begin(request: HttpRequest) -> None:
    """Note in the session when, from where and with what somebody signed in."""
    now = timezone.now().timestamp()
    request.session[SIGNED_IN_AT] = now
    request.session[PROVED_AT] = min(getattr(request, "proved_at", now), now)
    request.session[ADDRESS] = address_of(request)
    request.session[BROWSER] = browser_of(str(request.META.get("HTTP_USER_AGENT", "")))


def overdue(session: SessionBase) -> str:
    """Why a session has to end now, "old" or "idle"; empty while it may go on."""
    now = timezone.now()
    begun, seen = _moment(session.get(SIGNED_IN_AT)), getattr(session, "last_seen_at", None)
    if begun is None or now - begun >= timedelta(seconds=settings.SESSION_COOKIE_AGE):
        return "old"
    if seen is not None and now - seen >= timedelta(seconds=settings.SESSION_IDLE_SECONDS):
        return "idle"
    return ""


def ended_words(reason: str) -> str:
    """Why a session was ended, for people; empty for what `overdue` never says."""
    return {
        "old": f"after {settings.SESSION_COOKIE_AGE // 3600} hours",
        "idle": f"after {settings.SESSION_IDLE_SECONDS // 60} minutes without a click",
    }.get(reason, "")


def touch(session: SessionBase) -> None:
    """Write down that the person is there, at most once a minute and without writing the session's data."""
    now, seen = timezone.now(), getattr(session, "last_seen_at", None)
    if seen is None or now - seen >= TOUCH_EVERY:
        Session.objects.filter(session_key=session.session_key).update(last_seen_at=now)


def end(user: User, *, but: str | None = None, pk: str | None = None) -> int:
    """End the sessions of a person, all but the one with the key `but`, or only the one with the key `pk`.

    Returns how many there were.
    """
    rows = Session.objects.filter(user=user).exclude(session_key=but or "")
    if pk is not None:
        rows = rows.filter(session_key=pk)
    return rows.delete()[0]


def browser_of(agent: str) -> str:
    """The browser in two words that its user recognises: "Firefox on Windows"."""
    name = next((name for mark, name in BROWSERS if mark in agent), "Unknown browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if system else name


def _moment(stamp: Any) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int | float) else None
