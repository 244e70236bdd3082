"""The hidden field of a form that starts an operation: its id makes a double click one operation."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

STALE = "This form is out of date. Nothing was sent: look at it once more, then send it again."


class OperationField(forms.UUIDField):
    """The id of the operation. One that is missing or damaged is replaced when the form is shown again."""

    widget = forms.HiddenInput
    default_error_messages = {"required": STALE, "invalid": STALE}

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """The field in its form."""
        return _Bound(form, self, field_name)


class _Bound(forms.BoundField):
    def value(self) -> Any:
        told = super().value()
        try:
            uuid.UUID(str(told))
        except ValueError:
            return self._fresh
        return told

    @property
    def _fresh(self) -> str:
        """Another id, the same for each rendering of this form."""
        if not hasattr(self, "_made"):
            self._made = str(uuid.uuid4())
        return self._made
