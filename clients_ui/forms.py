"""The forms for one client. They parse and validate; what was changed is told apart from what was only shown."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import QueryDict

from clients_ui import editing, normal
from clients_ui.editing import Clash
from clients_ui.fields import BY_NAME, FIELDS, Field, Kind
from kayse_admin.converters import parse_id
from kayse_admin.operation_field import OperationField

LONGEST = 255
#: Cases that one client may have; the largest payload stays far below the vendor's likely cap.
MOST_CASES = 1_000

_SALT = "clients_ui.base"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SEPARATORS = re.compile(r"[\s,;]+")
_FLAGS = (("", "Not stated"), ("false", "May be called"), ("true", "Opted out: do not call"))


def as_text(name: str, value: Any) -> str:
    """A known value as it stands in its control."""
    kind = BY_NAME[name].kind
    if value is None:
        return ""
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind is Kind.IDS:
        return " ".join(map(str, value))
    if kind is Kind.PHONE:
        return national(str(value))
    return str(value)


def national(text: str) -> str:
    """A phone number as people of the region write it; what is none stays as it is."""
    told = normal.e164(text, settings.PHONE_REGION)
    if told is None:
        return text
    if settings.PHONE_REGION == "US" and told.startswith("+1") and len(told) == 12:
        return (
            f"({told[2:5]}) {told[5:8]}-{told[8:]}"  # the same as below, which costs 100 times as much a row
        )
    number = phonenumbers.parse(told)
    at_home = number.country_code == phonenumbers.country_code_for_region(settings.PHONE_REGION)
    style = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(number, style.NATIONAL if at_home else style.INTERNATIONAL))


def parse(name: str, text: str) -> Any:
    """What was typed, as it goes to the vendor: None for nothing. Raises ValidationError with a sentence."""
    return READERS[name](text)


def _reader(read: Callable[[str], Any] | None) -> Callable[[str], Any]:
    """What is true of every field but a list of ids, and behind it what is true of this kind."""

    def parsed(text: str) -> Any:
        if not text:
            return None
        if len(text) > LONGEST:
            raise ValidationError(f"This has {len(text):,} characters; {LONGEST} fit.")
        if not text.isprintable() and _CONTROL.search(text):
            raise ValidationError(
                "There is an invisible control character in it. Type it again instead of pasting."
            )
        return read(text) if read else text

    return parsed


def _case_ids(text: str) -> list[int]:
    parts = [part for part in _SEPARATORS.split(text) if part]
    if len(parts) > MOST_CASES:
        raise ValidationError(f"These are {len(parts):,} case ids; {MOST_CASES:,} fit.")
    ids = {part: parse_id(part) for part in parts}
    wrong = [part for part, number in ids.items() if number is None]
    if wrong:
        raise ValidationError(f"“{wrong[0][:40]}” is not a case id: a whole number from 1.")
    return [number for number in ids.values() if number is not None]


#: Addresses of which no validator needs to be asked: half of the price of a row of an import.
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9_]+(?:[.+-][A-Za-z0-9_]+)*@(?:[A-Za-z0-9]{1,63}\.)+[A-Za-z]{2,63}")


def _email(text: str) -> str:
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    try:
        validate_email(text)
    except ValidationError:
        raise ValidationError("This is not an e-mail address, like name@example.com.") from None
    return text


def _date(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise ValidationError("Write the date as year-month-day, like 1975-03-24.")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValidationError("There is no such day in the calendar.") from None
    if found > date.today():  # noqa: DTZ011  (a date of birth has no time zone)
        raise ValidationError("This day has not come yet.")
    return text


def _phone(text: str) -> str:
    told = normal.e164(text, settings.PHONE_REGION)
    if told is None:
        raise ValidationError("This is not a phone number, like (512) 555-0142 or +44 20 7946 0018.")
    return told


def _flag(text: str) -> bool:
    return text == "true"


_KINDS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.EMAIL: _email, Kind.DATE: _date, Kind.PHONE: _phone, Kind.FLAG: _flag,
}  # fmt: skip
#: What reads text of a field that no general rule is broken by; None where nothing else is asked of it.
PLAIN_READERS: Mapping[str, Callable[[str], Any] | None] = {
    field.name: _case_ids if field.kind is Kind.IDS else _KINDS.get(field.kind) for field in FIELDS
}
#: How the text of each field is read; made once, for the many cells of an import.
READERS: Mapping[str, Callable[[str], Any]] = {
    field.name: _case_ids if field.kind is Kind.IDS else _reader(_KINDS.get(field.kind)) for field in FIELDS
}


def seal(pk: int, base: Mapping[str, Any], asked: Iterable[str] = (), untold: Iterable[str] = ()) -> str:
    """What the form was opened on, and what it asks about, signed so that it comes back as it went out."""
    told = {"pk": pk, "base": dict(base), "asked": list(asked), "untold": list(untold)}
    return signing.dumps(told, salt=_SALT, compress=True)


class ClientForm(forms.Form):
    """All writable fields as text; `changes` holds what differs from what was shown, as it goes to the vendor.

    `base` is the state that the form shows: empty for a new client. A field of it that was not told and stays empty
    is no change. Unchanged fields are not judged: what the vendor has may be kept, even if it could not be typed.
    """

    operation = OperationField()
    reason = forms.CharField(
        max_length=200,
        required=False,
        label="Reason for the change",
        help_text="Kept in the audit log, not sent to Kayse.",
    )

    def __init__(
        self, data: QueryDict | None = None, *, base: Mapping[str, Any], pk: int | None = None
    ) -> None:
        super().__init__(data, initial={"operation": uuid.uuid4()}, label_suffix="")
        self.base = base
        self.pk = pk
        self.clashes: tuple[Clash, ...] = ()
        self.changes: dict[str, Any] = {}
        self.not_told = {field.name for field in FIELDS if pk and field.name not in base}
        for field in FIELDS:
            self.fields[field.name] = _control(field, base, is_new=pk is None)
        self.order_fields([*BY_NAME, "reason", "operation"])

    def clean(self) -> dict[str, Any]:
        """Find out what was changed."""
        cleaned = super().clean() or {}
        for field in FIELDS:
            if field.name in cleaned:
                self._read(field, cleaned[field.name])
        return cleaned

    def _read(self, field: Field, text: str) -> None:
        # A form drops the spaces at the ends of what is typed; those that Kayse has are not what somebody changed.
        if text == as_text(field.name, self.base.get(field.name)).strip():
            return
        try:
            value = parse(field.name, text)
        except ValidationError as error:
            self.add_error(field.name, error)
            return
        if field.name in self.base and editing.same(field.name, value, self.base[field.name]):
            return
        if not text and self.base.get(field.name) is None:
            return
        self.changes[field.name] = value

    def start_anew(self) -> None:
        """Give the form a new operation id: the old one has been used, and what was typed is still worth sending."""
        self._set(operation=str(uuid.uuid4()))

    def _set(self, **values: str) -> None:
        """Put these into what was posted, for the next rendering."""
        posted = QueryDict(mutable=True)
        posted.update(self.data)
        for name, value in values.items():
            posted[name] = value
        self.data = posted

    @property
    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The controls under their headings."""
        found: dict[str, list[forms.BoundField]] = {}
        for field in FIELDS:
            found.setdefault(field.section, []).append(self[field.name])
            if field.name == editing.OPT_OUT and "may_be_called" in self.fields:
                found[field.section].append(self["may_be_called"])
        return list(found.items())


def _control(field: Field, base: Mapping[str, Any], *, is_new: bool) -> forms.Field:
    """The control of a field. Lengths are judged by `parse`, and only for what was changed."""
    value = base.get(field.name)
    has_to_stay = field.required or field.kind is Kind.FLAG
    common: dict[str, Any] = {
        "required": field.required if is_new else has_to_stay and value is not None,
        "label": field.label,
        "initial": as_text(field.name, value),
        "help_text": _HELP.get(field.name, ""),
    }
    if field.kind is Kind.FLAG:
        choices = _FLAGS[1:] if value is not None else _FLAGS
        return forms.ChoiceField(choices=choices, **common)
    if field.kind is Kind.IDS:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 2, "inputmode": "numeric"}), **common)
    kind = {Kind.EMAIL: "email", Kind.PHONE: "tel"}.get(field.kind, "text")
    if field.kind is Kind.DATE and (not value or _DATE.fullmatch(str(value))):
        kind = "date"
    attrs = {"type": kind, "autocomplete": "off", "maxlength": max(LONGEST, len(common["initial"]))}
    return forms.CharField(widget=forms.TextInput(attrs=attrs), **common)


_HELP = {
    "case_ids": "Ids of cases, separated by spaces or lines.",
    "external_source": "The system that this client comes from, such as “manual”.",
    "external_source_id": "The client's id in that system.",
}


class EditForm(ClientForm):
    """The form for a client that is known: it brings back what it was opened on.

    After a clash the same fields are asked about: `choose_<field>` is "mine" or "theirs". Where Kayse has never told
    some fields, `may_empty` takes the risk that they are emptied there.
    """

    sealed = forms.CharField(widget=forms.HiddenInput)
    may_be_called = forms.BooleanField(
        required=False,
        label="This person has agreed to be called",
        help_text="Needed to take an opt-out back, together with a reason below.",
    )

    def __init__(
        self, data: QueryDict | None = None, *, base: Mapping[str, Any], pk: int, may_lift: bool = False
    ) -> None:
        super().__init__(data, base=base, pk=pk)
        self.may_lift = may_lift
        if not may_lift or base.get(editing.OPT_OUT) is False:
            del self.fields["may_be_called"]

    @classmethod
    def opened(cls, pk: int, base: Mapping[str, Any], *, may_lift: bool = False) -> EditForm:
        """A fresh form that shows the client as known here. `may_lift`: the person may take an opt-out back."""
        form = cls(base=base, pk=pk, may_lift=may_lift)
        form.initial["sealed"] = seal(pk, base)
        return form

    @classmethod
    def received(cls, pk: int, data: QueryDict, *, may_lift: bool = False) -> EditForm | None:
        """The form as it came back; None when what it was opened on cannot be trusted any more."""
        try:
            found = signing.loads(data.get("sealed", ""), salt=_SALT)
        except signing.BadSignature:
            return None
        if found["pk"] != pk:
            return None
        form = cls(data, base=found["base"], pk=pk, may_lift=may_lift)
        form.asked = found["asked"]
        form._allow_untold(found["untold"])
        return form

    asked: list[str] = []
    untold: list[str] = []

    def clean(self) -> dict[str, Any]:
        """Take the decisions about the fields that clashed."""
        cleaned = super().clean()
        for name in self.asked:
            choice = self.data.get(f"choose_{name}")
            if choice == "theirs":
                self.changes.pop(name, None)
            elif choice != "mine":
                self.add_error(name, "Somebody else changed this field: say which value shall stay.")
        left = [name for name in self.untold if name not in self.changes]
        if left and self.changes and not cleaned.get("may_empty"):
            self.add_error("may_empty", f"Fill in {editing.labels(left)}, or say that they may be emptied.")
        if editing.lifts_opt_out(self.base, self.changes):
            self._guard_opt_out(cleaned)
        return cleaned

    @property
    def not_told_labels(self) -> str:
        """The fields that were never told, in words."""
        return editing.labels(name for name in BY_NAME if name in self.not_told)

    @property
    def may_be_emptied(self) -> tuple[str, ...]:
        """The fields of which somebody said that they may be emptied at Kayse."""
        return tuple(self.untold) if self.cleaned_data.get("may_empty") else ()

    def _allow_untold(self, names: Iterable[str]) -> None:
        """Ask for the leave to empty these at Kayse."""
        self.untold = list(names)
        if self.untold:
            label = f"Save, although Kayse may empty these: {editing.labels(self.untold)}"
            self.fields["may_empty"] = forms.BooleanField(required=False, label=label)

    def _guard_opt_out(self, cleaned: Mapping[str, Any]) -> None:
        """Calling somebody against their word is a legal matter: it takes a permission, a confirmation and a reason."""
        if not self.may_lift:
            self.add_error(editing.OPT_OUT, "Only an administrator may take an opt-out back.")
            return
        if not cleaned.get("may_be_called"):
            self.add_error("may_be_called", "Confirm that this person has agreed to be called.")
        if not cleaned.get("reason"):
            self.add_error("reason", "Say why the opt-out is taken back: it is kept in the audit log.")

    def ask(self, clashes: tuple[Clash, ...], now: Mapping[str, Any]) -> None:
        """Turn the form into a question: from now on it stands on the state now, and the typed values stay."""
        self.clashes = clashes
        self.base = now
        assert self.pk is not None
        self.start_anew()
        self._set(sealed=seal(self.pk, now, [clash.field for clash in clashes]))

    def ask_untold(self, names: tuple[str, ...], now: Mapping[str, Any]) -> None:
        """Turn the form into a question about the fields that were never told; the typed values stay."""
        self.base = now
        assert self.pk is not None
        self._allow_untold(names)
        self.start_anew()
        self._set(sealed=seal(self.pk, now, untold=names))
