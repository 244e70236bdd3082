"""The filter of the audit log, and a person's finding about an unknown outcome."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils import timezone

from kayse_admin.accounts.roles import Role
from kayse_admin.audit import looks
from kayse_admin.audit.actions import Action
from kayse_admin.audit.fields import KINDS
from kayse_admin.audit.filters import UNDER_WAY, Filters
from kayse_admin.audit.queries import beginning
from kayse_admin.audit.records import RESULT_WORDS
from kayse_admin.converters import parse_id
from kayse_admin.pager import SIZES

SYSTEM = "system"
RESULTS = [(name or UNDER_WAY, words) for name, words in RESULT_WORDS.items()]
WHEN = {"today": ("Today", 0), "7d": ("Last 7 days", 6), "30d": ("Last 30 days", 29)}
_CHOICE = {"invalid_choice": "Choose one of the list."}
_DATE = {"invalid": "A date is written as YYYY-MM-DD, such as 2026-11-21."}


class IdField(forms.CharField):
    """An id: 1 to 2**63-1 in plain digits; cleans to int, or None when empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}), **kwargs)

    def clean(self, value: Any) -> int | None:
        """Parse, or say what an id looks like."""
        text = super().clean(value)
        if not text:
            return None
        number = parse_id(text)
        if number is None:
            raise ValidationError("An id is a whole number from 1, in plain digits.")
        return number


class FilterForm(forms.Form):
    """What the address of the log may ask for. Everything is optional; what is wrong is said at its field."""

    q = forms.CharField(required=False, max_length=100, label="Text")
    person = forms.ChoiceField(required=False, error_messages=_CHOICE)
    action = forms.ChoiceField(
        required=False,
        choices=[("", "All actions"), *((a.value, a.label) for a in Action)],
        error_messages=_CHOICE,
    )
    result = forms.ChoiceField(
        required=False, choices=[("", "All results"), *RESULTS], error_messages=_CHOICE
    )
    when = forms.ChoiceField(
        required=False,
        choices=[("", "Any time"), *((key, words) for key, (words, _) in WHEN.items())],
        error_messages=_CHOICE,
        label="Time",
    )
    since = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        label="From",
        error_messages=_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        label="To, inclusive",
        error_messages=_DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    kind = forms.ChoiceField(
        required=False,
        choices=[("", "Any kind"), *((kind, words.capitalize()) for kind, words in KINDS.items())],
        error_messages=_CHOICE,
        label="Kind of record",
    )
    pk = IdField(label="Number of the record")
    role = forms.ChoiceField(
        required=False,
        choices=[("", "Any role"), *((r.label, r.label) for r in Role), ("System", "System")],
        error_messages=_CHOICE,
        label="Role at that time",
    )
    address = forms.GenericIPAddressField(
        required=False, label="Network address", error_messages={"invalid": "This is not a network address."}
    )
    job = IdField(label="Job")
    gesture = forms.RegexField(
        r"\A[0-9a-f-]{1,36}\Z",
        required=False,
        label="Request id",
        error_messages={"invalid": "This is no request id."},
    )
    before = IdField(label="Page")
    after = IdField(label="Page")
    size = forms.TypedChoiceField(
        required=False,
        choices=[(size, str(size)) for size in SIZES],
        coerce=int,
        error_messages=_CHOICE,
        label="Rows a page",
    )

    #: Behind "More filters".
    MORE = ("since", "until", "kind", "pk", "role", "address", "job", "gesture")
    #: What narrows the list; the others only turn its pages.
    NARROWING = ("q", "person", "action", "result", "when", *MORE)

    def __init__(self, data: Any, hidden: frozenset[str] = frozenset(), *, with_looks: bool = True) -> None:
        """`hidden`: kinds of records that the reader may see nothing of. `with_looks`: who opened whom can be asked."""
        super().__init__(data, label_suffix="")
        self.hidden = hidden
        kinds = [(kind, words) for kind, words in self.fields["kind"].choices if kind not in hidden]  # type: ignore[attr-defined]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        if with_looks and "client" not in hidden:
            self.fields["action"].choices += [(looks.ACTION, looks.WORDS)]  # type: ignore[attr-defined]
        self.fields["person"].choices = lambda: self._people  # type: ignore[attr-defined]

    @property
    def more(self) -> list[BoundField]:
        """The fields behind "More filters"."""
        return [self[name] for name in self.MORE]

    @cached_property
    def _people(self) -> list[tuple[str, str]]:
        """Everybody, by name: read when the page shows them or a filter names one."""
        people = get_user_model().objects.order_by("first_name", "last_name", "username")
        names = [(str(person.pk), person.display_name) for person in people]
        return [("", "Everybody"), *names, (SYSTEM, "Nobody signed in")]

    def clean(self) -> dict[str, Any]:
        """A record's number needs its kind; a range must not end before it begins."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("pk") and not data.get("kind"):
            self.add_error("kind", "Choose the kind of record that has this number.")
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", "The range ends before it begins.")
        if data.get("action") == looks.ACTION:
            for name in looks.UNKNOWN:
                if data.get(name):
                    self.add_error(name, "Who opened a client is known by person, client and time alone.")
            if data.get("kind") not in ("", None, "client"):
                self.add_error("kind", "Only clients are opened.")
        for name in ("since", "until"):
            if data.get(name) and not 1970 <= data[name].year <= 9998:
                self.add_error(name, "This date is out of range.")
        data["size"] = data.get("size") or SIZES[0]
        return data

    def filters(self) -> Filters:
        """The filter, when the form is valid."""
        data = self.cleaned_data
        since, until = data["since"], data["until"]
        if data["when"] and not since and not until:
            since = timezone.localdate() - timedelta(days=WHEN[data["when"]][1])
        person = data["person"]
        return Filters(
            text=data["q"],
            person=None if not person else 0 if person == SYSTEM else int(person),
            role=data["role"],
            action=data["action"],
            result=data["result"],
            kind=data["kind"],
            target=data["pk"],
            mentions=True,
            since=beginning(since) if since else None,
            until=beginning(until + timedelta(days=1)) if until else None,
            address=data["address"],
            job=data["job"],
            gesture=data["gesture"],
            hidden=self.hidden,
        )

    def chips(self) -> list[tuple[str, str, str]]:
        """The active filters: name, label, value in words."""
        found = []
        for name in self.NARROWING:
            value = self.cleaned_data.get(name)
            if value in (None, ""):
                continue
            field = self.fields[name]
            words = _chosen(field, value) if isinstance(field, forms.ChoiceField) else value
            found.append((name, str(field.label or name.capitalize()), str(words)))
        return found


class NoteForm(forms.Form):
    """What a person wants others to know about an operation."""

    note = forms.CharField(
        label="Add a note",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It stays in the record under your name.",
        error_messages={"required": "Write the note first."},
    )


class ResolveForm(forms.Form):
    """What a person found out about an operation of which nobody knew whether it happened."""

    finding = forms.ChoiceField(
        label="What did you find in Kayse?",
        choices=[("applied", "It happened"), ("not_applied", "It did not happen")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say which of the two it is.", **_CHOICE},
    )
    because = forms.CharField(
        label="How do you know?",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stays in the record under your name.",
        error_messages={"required": "Say where you looked, so that others can rely on it."},
    )


def _chosen(field: forms.ChoiceField, value: Any) -> str:
    """The words of a choice."""
    return next((str(words) for key, words in field.choices if str(key) == value), value)  # type: ignore[union-attr, misc]
