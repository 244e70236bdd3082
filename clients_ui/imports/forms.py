"""The forms of an import: the file, its columns, the start."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat

from clients_ui.fields import FIELDS
from clients_ui.imports import mapping
from clients_ui.imports.mapping import ID, Options
from kayse_admin.converters import parse_id
from kayse_admin.operation_field import OperationField
from kayse_admin.typed_number import ask_for

COLUMN_CHOICES = [("", "Leave out"), (ID, "Kayse id"), *((field.name, field.label) for field in FIELDS)]


class FileForm(forms.Form):
    """A file, or its text pasted."""

    file = forms.FileField(
        required=False, label="CSV file", widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"})
    )
    pasted = forms.CharField(
        required=False,
        strip=False,
        label="Or paste the rows",
        # No `maxlength`: the browser would cut the last rows off without a word.
        help_text="With the column names in the first line. "
        f"Up to {filesizeformat(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)}: send more as a file.",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )


class ColumnsForm(forms.Form):
    """What each column is. The controls of a column are `column_0`, `policy_0` and so on."""

    mode = forms.ChoiceField(choices=list(mapping.MODES.items()), label="What to do")
    match = forms.ChoiceField(choices=list(mapping.MATCHES.items()), label="How rows find their client")
    deleted = forms.ChoiceField(
        choices=list(mapping.DELETED.items()), label="Rows of clients who were deleted at Kayse"
    )
    source = forms.CharField(
        max_length=200,
        required=False,
        label="External source of all rows",
        help_text="Only where the file has no column for it: the name of the partner or system.",
    )

    def __init__(self, *args: Any, header: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.header = header
        for place, name in enumerate(header):
            label = name or f"Column {place + 1}"
            self.fields[f"column_{place}"] = forms.ChoiceField(
                choices=COLUMN_CHOICES, required=False, label=label
            )
            self.fields[f"policy_{place}"] = forms.ChoiceField(
                choices=list(mapping.POLICIES.items()), required=False, label=f"When {label} is written"
            )

    @classmethod
    def showing(cls, header: list[str], options: Options) -> ColumnsForm:
        """The form with these choices made."""
        initial: dict[str, Any] = {
            name: getattr(options, name) for name in ("mode", "match", "source", "deleted")
        }
        for place, name in enumerate(options.columns):
            initial[f"column_{place}"] = name
            initial[f"policy_{place}"] = options.policy(name)
        return cls(header=header, initial=initial)

    def clean(self) -> dict[str, Any]:
        """Judge the choices together."""
        cleaned = super().clean() or {}
        if not self.errors:
            for problem in mapping.problems(self.options()):
                self.add_error(None, problem)
        return cleaned

    def options(self) -> Options:
        """The choices."""
        found = self.cleaned_data
        columns = tuple(found[f"column_{place}"] for place in range(len(self.header)))
        policies: dict[str, mapping.Policy] = {
            name: found[f"policy_{place}"] or "always"
            for place, name in enumerate(columns)
            if name and name != ID
        }
        source = found["source"].strip()
        return Options(columns, found["mode"], found["match"], policies, source, found["deleted"])

    def columns(self, sample: list[list[str]]) -> list[dict[str, Any]]:
        """Each column with its controls and its first values."""
        return [
            {
                "name": name or f"Column {place + 1}",
                "field": self[f"column_{place}"],
                "policy": self[f"policy_{place}"],
                "values": _values(sample, place),
            }
            for place, name in enumerate(self.header)
        ]


def _values(sample: list[list[str]], place: int) -> list[str]:
    """The first values of a column; those with accents come first, because they show whether the encoding is right."""
    values = dict.fromkeys(cells[place][:60] for cells in sample if place < len(cells) and cells[place])
    return sorted(values, key=str.isascii)[:3]


class StartForm(forms.Form):
    """The start of an import."""

    operation = OperationField()
    #: What the page showed (`services.plan_of`).
    plan = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=200, required=False, label="Reason", help_text="Kept in the audit log, not sent to Kayse."
    )
    again = forms.BooleanField(required=False, label="Import the same file again")

    @classmethod
    def fresh(cls) -> StartForm:
        """A form with an operation of its own."""
        return cls(initial={"operation": uuid.uuid4()}, label_suffix="")


class UndoForm(forms.Form):
    """The undo of an import. `reads`: how many clients would be read first; none, no question.

    `to_type`: how many clients it is about, where that is to be typed; the dialog has the control for it (`confirm`).
    """

    operation = OperationField()
    reason = forms.CharField(
        max_length=200, required=False, label="Reason", help_text="Kept in the audit log, not sent to Kayse."
    )
    read_first = forms.BooleanField(required=False, label="Read each client at Kayse first")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        reads: int,
        more: int,
        initial: bool,
        to_type: int | None = None,
    ) -> None:
        super().__init__(data, initial={"operation": uuid.uuid4(), "read_first": initial}, label_suffix="")
        self.to_type = to_type
        if not reads:
            del self.fields["read_first"]
            return
        self.fields["read_first"].help_text = (
            f"What somebody changed there since stays as it is. Takes {more:,} more requests; without it, "
            "what is known here decides."
        )

    def clean(self) -> dict[str, Any]:
        """Ask for the number where it is to be typed."""
        cleaned = super().clean() or {}
        if self.to_type and self.typed != self.to_type:
            self.add_error(None, ask_for(self.to_type))
        return cleaned

    @property
    def typed(self) -> int | None:
        """The number that somebody typed."""
        return parse_id(self.data.get("confirm", "").strip())
