"""What is asked before many clients are changed."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from clients_ui.editing import OPT_OUT
from clients_ui.fields import BY_NAME, Kind
from clients_ui.forms import LONGEST, parse
from kayse_admin.operation_field import OperationField

#: The fields of which many clients can have one value. Names, contacts, dates of birth and ids belong to one person,
#: and the cases of a client are linked one by one or through lists.
SHARED = (OPT_OUT, "address_line1", "address_line2", "city", "state", "postal_code", "external_source")

CHANGED = "The selection was changed since this page was opened. Look at it again."


class MarkedForm(forms.Form):
    """A yes to a change of the selection as it was shown: `mark` names that state."""

    mark = forms.IntegerField(widget=forms.HiddenInput)
    _mark = 0

    def shows(self, mark: int) -> None:
        """Say which state of the selection the page shows."""
        self.initial["mark"] = self._mark = mark

    def clean_mark(self) -> int:
        """Refuse a yes to another state of the selection."""
        mark: int = self.cleaned_data["mark"]
        if mark != self._mark:
            raise ValidationError(CHANGED)
        return mark

    def clean(self) -> dict[str, Any]:
        """Say on top of the form what is wrong with what nobody sees."""
        cleaned = super().clean() or {}
        for error in self.errors.pop("mark", ()):
            self.add_error(None, error)
        return cleaned


class ConfirmForm(MarkedForm):
    """A yes, and the reason."""

    operation = OperationField()
    reason = forms.CharField(
        max_length=200, required=False, label="Reason", help_text="Kept in the audit log, not sent to Kayse."
    )

    def __init__(self, data: QueryDict | None, mark: int) -> None:
        super().__init__(data, initial={"operation": uuid.uuid4()}, label_suffix="")
        self.shows(mark)

    def sent(self) -> list[tuple[str, str]]:
        """Everything that was filled in, for the page that asks for a yes."""
        return [
            (name, str(self[name].value()))
            for name, field in self.fields.items()
            if not isinstance(field, forms.BooleanField) or self[name].value()
        ]


class FieldForm(ConfirmForm):
    """One value of one field for all. `change` is what goes to the vendor."""

    use_required_attribute = False
    field = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, mark: int, name: str, *, may_lift: bool) -> None:
        super().__init__(data, mark)
        self._field = BY_NAME[name]
        self.initial["field"] = name
        self.change: dict[str, Any] = {}
        self.fields["value"] = self._value(may_lift)
        if self._field.kind is Kind.FLAG and may_lift:
            self.fields["may_be_called"] = forms.BooleanField(
                required=False,
                label="All of these people have agreed to be called",
                help_text="Needed to take opt-outs back, together with a reason below.",
            )
        elif self._field.kind is not Kind.FLAG and not self._field.required:
            self.fields["empty"] = forms.BooleanField(
                required=False, label=f"Empty the field “{self._field.label}” for all of them"
            )
        self.order_fields(["value", "empty", "may_be_called", "reason"])

    def _value(self, may_lift: bool) -> forms.Field:
        if self._field.kind is Kind.FLAG:
            choices = [("true", "Opted out: do not call")]
            choices += [("false", "May be called")] if may_lift else []
            return forms.ChoiceField(choices=choices, label=self._field.label)
        attrs = {"autocomplete": "off", "maxlength": LONGEST}
        needed = self._field.required or "empty" not in self.data
        return forms.CharField(required=needed, label=self._field.label, widget=forms.TextInput(attrs=attrs))

    def clean(self) -> dict[str, Any]:
        """Find out what is meant; nothing is ever emptied by a box that was left empty."""
        cleaned = super().clean()
        text, name = cleaned.get("value"), self._field.name
        if text is None:
            return cleaned
        try:
            value = parse(name, text)
        except ValidationError as error:
            self.add_error("value", error)
            return cleaned
        if value is not None and cleaned.get("empty"):
            self.add_error("empty", "There is a value above: either set it, or empty the field.")
        elif value is False:
            self._guard_opt_out(cleaned)
        self.change = {name: value}
        return cleaned

    def _guard_opt_out(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("may_be_called"):
            self.add_error("may_be_called", "Confirm that all of these people have agreed to be called.")
        if not cleaned.get("reason"):
            self.add_error("reason", "Say why the opt-outs are taken back: it is kept in the audit log.")
