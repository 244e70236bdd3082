"""The local directory: every client that Kayse has told us about, and how old each piece of that is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone

from clients_ui import normal
from clients_ui.fields import DOCUMENTED, WRITABLE

#: Stands for "never" where a column is sorted by: both databases would put NULL somewhere else.
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class KeyField(models.CharField):  # type: ignore[type-arg]
    """A normalised search key, compared byte by byte on every database, so that "starts with" is a range."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 80)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """PostgreSQL compares by the server's language unless it is told not to; SQLite compares bytes."""
        found = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            found["collation"] = "C"
        return found


class Client(models.Model):
    """One client of the firm, as far as it is known here.

    A documented field has one of three states: told with a value, told empty (NULL), or not told at all. `told`
    holds what `told_at` alone does not say: for each field that was last told at another moment, that moment in
    seconds since 1970, and null for a field that was never told. A client that came in one piece has `{}` there.
    """

    id = models.BigIntegerField(primary_key=True)
    email = models.TextField(null=True)
    mobile = models.TextField(null=True)
    external_source = models.TextField(null=True)
    external_source_id = models.TextField(null=True)
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    #: As it was told: the vendor's page says YYYY-MM-DD, and a date that is none must not be lost.
    date_of_birth = models.TextField(null=True)
    city = models.TextField(null=True)
    state = models.TextField(null=True)
    postal_code = models.TextField(null=True)
    address_line1 = models.TextField(null=True)
    address_line2 = models.TextField(null=True)
    voice_calls_opted_out = models.BooleanField(null=True)
    case_ids = models.JSONField(null=True)
    origin = models.TextField(null=True)
    update_origin = models.TextField(null=True)

    #: When the vendor last told anything, in whole seconds; every field not in `told` is of that age.
    told_at = models.DateTimeField()
    told = models.JSONField(default=dict)
    #: Keys that the vendor's pages do not document, as they came.
    extra = models.JSONField(default=dict)
    #: Fields that were empty at the vendor after an edit that had sent them: {field: {"was": …, "at": seconds}}.
    lost = models.JSONField(null=True)
    known_since = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=NEVER)
    #: Account of the person who last changed it through this dashboard.
    changed_by = models.BigIntegerField(null=True)
    #: How often it became known that they opted out of calls, so that a second time is told from the first; None for
    #: never since this is counted.
    opt_outs = models.IntegerField(null=True)
    #: Since when we know that it is deleted at the vendor.
    gone_at = models.DateTimeField(null=True)

    last_key = KeyField()
    first_key = KeyField()
    #: The words of a name of several, and those of them that begin neither first nor last name (`normal.parts`). NULL
    #: for most, which keeps their indexes small.
    words_key = KeyField(max_length=normal.WORDS_LENGTH, null=True, default=None)
    second_key = KeyField(null=True, default=None)
    third_key = KeyField(null=True, default=None)
    fourth_key = KeyField(null=True, default=None)
    city_key = KeyField()
    state_key = KeyField()
    postal_key = KeyField()
    source_key = KeyField()
    external_key = KeyField()
    email_key = KeyField()
    domain_key = KeyField()
    phone_key = KeyField()

    class Meta:
        # Each index ends in the order in which its matches are shown: a page is one seek.
        indexes = [
            models.Index(fields=["last_key", "first_key", "id"], name="client_last"),
            models.Index(fields=["first_key", "last_key", "id"], name="client_first"),
            # Behind the id stands what earlier sections of a search hold, so that the index alone answers.
            *(
                models.Index(
                    fields=[lead, "words_key", "id", *others],
                    name=f"client_words_{lead.removesuffix('_key')}",
                    condition=Q((f"{lead if lead in normal.PARTS else 'words_key'}__isnull", False)),
                )
                for lead, others in (
                    ("last_key", ["first_key"]),
                    ("first_key", ["last_key"]),
                    ("second_key", ["last_key", "first_key"]),
                    ("third_key", ["last_key", "first_key", "second_key"]),
                    ("fourth_key", ["last_key", "first_key", "second_key", "third_key"]),
                )
            ),
            models.Index(fields=["city_key", "state_key", "last_key", "first_key", "id"], name="client_city"),
            models.Index(fields=["postal_key", "id"], name="client_postal"),
            models.Index(fields=["external_key", "id"], name="client_external"),
            models.Index(fields=["email_key", "id"], name="client_email"),
            models.Index(fields=["domain_key", "id"], name="client_domain"),
            models.Index(fields=["phone_key", "id"], name="client_phone"),
            models.Index(fields=["told_at", "id"], name="client_told"),
            models.Index(fields=["changed_at", "id"], name="client_changed"),
            # For the filters, in the order of the list.
            models.Index(fields=["state_key", "last_key", "first_key", "id"], name="client_state"),
            models.Index(fields=["source_key", "last_key", "first_key", "id"], name="client_source"),
            models.Index(
                fields=["last_key", "first_key", "id"],
                name="client_opted_out",
                condition=Q(voice_calls_opted_out=True),
            ),
            models.Index(
                fields=["last_key", "first_key", "id"],
                name="client_calls_untold",
                condition=Q(voice_calls_opted_out__isnull=True),
            ),
            models.Index(
                fields=["last_key", "first_key", "id"], name="client_caseless", condition=Q(case_ids=[])
            ),
            models.Index(
                fields=["last_key", "first_key", "id"], name="client_gone", condition=Q(gone_at__isnull=False)
            ),
            models.Index(
                fields=["changed_by", "last_key", "first_key", "id"],
                name="client_changed_by",
                condition=Q(changed_by__isnull=False),
            ),
            models.Index(fields=["id"], name="client_lost", condition=Q(lost__isnull=False)),
        ]

    @property
    def name(self) -> str:
        """First and last name, or "Client 123" as long as no name was told."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or f"Client {self.pk}"

    def age(self, field: str) -> datetime | None:
        """When the vendor last told this field; None if it never did."""
        if field not in self.told:
            return self.told_at
        seconds = self.told[field]
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def known(self) -> dict[str, Any]:
        """What was told of the documented fields, None meaning "told empty"; a missing key was not told."""
        return {name: getattr(self, name) for name in DOCUMENTED if self.age(name) is not None}

    def not_told(self) -> list[str]:
        """The writable fields that were never told."""
        return [name for name in WRITABLE if self.age(name) is None]


class Presence(models.Model):
    """That somebody has the edit form of a client open, and when their page last said so (`clients_ui.attention`)."""

    client_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    person_name = models.CharField(max_length=200)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "person_id"], name="clients_one_presence"),
        ]


class Opened(models.Model):
    """That somebody has looked at a client (`clients_ui.attention`). Without foreign keys: it outlives both."""

    client_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    person_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    #: The five minutes in which it was, numbered: two pages that open at once are one row.
    slot = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "person_id", "slot"], name="clients_opened_once"),
        ]
        indexes = [
            models.Index(fields=["client_id", "id"], name="clients_opened_client"),
            models.Index(fields=["person_id", "id"], name="clients_opened_person"),
            models.Index(fields=["at"], name="clients_opened_at"),
        ]


from clients_ui.imports.models import Import, Piece, RememberedMapping  # noqa: E402, F401  (tables of this app)
from clients_ui.selection.models import Picked, Selection  # noqa: E402, F401  (tables of this app)
