"""The forms of the labels."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from kayse_admin.converters import parse_id


class LabelForm(forms.Form):
    """One label."""

    kind = forms.ChoiceField(choices=[("case_type", "Case type"), ("status", "Status")], label="Kind")
    number = forms.CharField(
        max_length=19,
        label="Id",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    name = forms.CharField(max_length=200, label="Name")

    def clean_number(self) -> int:
        """The id of the type or status."""
        number = parse_id(self.cleaned_data["number"])
        if number is None:
            raise ValidationError("An id is a whole number from 1.")
        return number


class LabelFileForm(forms.Form):
    """A CSV of labels."""

    file = forms.FileField(
        label="CSV file", help_text="The first line is kind,id,name; kind is case_type or status."
    )
