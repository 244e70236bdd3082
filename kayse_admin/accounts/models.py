"""People, where they are signed in, and how often somebody tried."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class User(AbstractUser):
    """A person of the firm's staff. What they may do follows from their groups (`accounts.roles`)."""

    #: What makes the newest password link valid, and only that one; empty when there is none (`accounts.invitations`).
    link_nonce = models.CharField(max_length=32, blank=True, default="", editable=False)

    @property
    def display_name(self) -> str:
        """The name that colleagues and the audit record show."""
        return self.get_full_name() or self.username


def display_name(user: User) -> str:
    """The name by which allauth's pages and keys call a person."""
    return user.display_name


class SessionManager(BaseSessionManager["Session"]):
    """Sessions of people."""


class Session(AbstractBaseSession):
    """One browser. Django's own session row, with what its person needs in order to recognise and end it.

    Ending a session is deleting its row. The columns are copied from the session's data by `accounts.sessions`.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")
    signed_in_at = models.DateTimeField(null=True)
    #: To the minute: written when it is more than a minute old.
    last_seen_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=45, default="")
    browser = models.CharField(max_length=60, default="")

    objects: ClassVar[SessionManager] = SessionManager()

    class Meta:
        db_table = "accounts_session"


class Tries(models.Model):
    """How often something was tried in the running window (`accounts.limits`). The key tells nobody what was typed."""

    key = models.CharField(primary_key=True, max_length=64)
    used = models.IntegerField(default=1)
    until = models.DateTimeField(db_index=True)


class Preference(models.Model):
    """Something that a person has chosen for themselves: the columns of a list. Read by `accounts.preferences`."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    value = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="accounts_one_preference")]


class SavedFilter(models.Model):
    """The filter of a list that a person has given a name (`accounts.saved`)."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    #: Which list: the name of an `accounts.saved.Room`.
    room = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    #: The filter as the list's address holds it.
    query = models.CharField(max_length=2000)
    #: Whether everybody who sees the list is offered it.
    shared = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "room", "name"], name="accounts_one_filter_a_name")
        ]
        indexes = [
            models.Index(
                fields=["room", "name"], name="accounts_filters_shared", condition=models.Q(shared=True)
            )
        ]

    def __str__(self) -> str:
        return self.name
