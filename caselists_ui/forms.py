"""The forms of the case lists: they read what somebody typed; `services` act."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from caselists_ui import definition as pure
from caselists_ui.definition import Definition, DefinitionError, Selection
from caselists_ui.ids import MOST_IDS, Pasted, parse_pasted, write_ids
from caselists_ui.services import MOST_CLIENTS
from caselists_ui.words import Labels
from kayse_admin.converters import parse_id

#: Twenty characters for each id leave room for separators and prefixes.
LONGEST_PASTE = 25 * MOST_IDS


class IdsField(forms.Field):
    """Pasted ids; the clean value is a tuple. Words that are no ids are an error that names them."""

    widget = forms.Textarea

    def __init__(self, *, most: int = MOST_IDS, rows: int = 4, **kwargs: Any) -> None:
        attrs = {"rows": rows, "spellcheck": "false", "autocomplete": "off", "class": "mono"}
        kwargs.setdefault("required", False)
        super().__init__(widget=forms.Textarea(attrs=attrs), **kwargs)
        self.most = most

    def prepare_value(self, value: Any) -> Any:
        """Ids as text."""
        return write_ids(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> tuple[int, ...]:
        """The ids in a pasted text."""
        text = str(value or "")
        if len(text) > LONGEST_PASTE:
            raise ValidationError(f"This is longer than {LONGEST_PASTE:,} characters.")
        pasted = parse_pasted(text)
        if pasted.not_understood_count:
            raise ValidationError(strange_words(pasted))
        if len(pasted.ids) > self.most:
            raise ValidationError(
                f"These are {len(pasted.ids):,} ids; at most {self.most:,} go into one request."
            )
        return pasted.ids

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the ids, not how they were typed."""
        return parse_pasted(str(initial or "")).ids != parse_pasted(str(data or "")).ids


def strange_words(pasted: Pasted) -> str:
    """The words that were no ids, for people."""
    named = ", ".join(f"“{word}”" for word in pasted.not_understood[:5])
    more = pasted.not_understood_count - min(5, len(pasted.not_understood))
    return f"Not understood: {named}{f' and {more:,} more' if more else ''}."


class LabelledIdsField(forms.MultipleChoiceField):
    """Ids of types or statuses out of those that are known here; the clean value is a list of ints."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(widget=forms.SelectMultiple(attrs={"data-chips": True, "size": 6}), **kwargs)

    def valid_value(self, value: Any) -> bool:
        """Any id: a label may have been deleted while the form was open."""
        return parse_id(str(value)) is not None

    def clean(self, value: Any) -> list[int]:
        """The ids in the order of the choices."""
        return [int(number) for number in super().clean(value)]

    def offer(self, names: Mapping[int, str], chosen: Iterable[object], noun: str) -> None:
        """The choices: everything that has a label, and what is chosen without one."""
        bare = [number for text in chosen if (number := parse_id(str(text))) and number not in names]
        self.choices = [(str(n), name) for n, name in names.items()]
        self.choices += [(str(n), f"{noun} {n} (no label)") for n in dict.fromkeys(bare)]


class OperationForm(forms.Form):
    """A form that starts one operation: its id makes a double click one operation."""

    operation = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": "This form is incomplete. Open the page again."}
    )
    reason = forms.CharField(
        required=False, max_length=200, help_text="Kept in the record beside your name.", label="Reason"
    )

    def __init__(self, data: QueryDict | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"operation": uuid.uuid4(), **(initial or {})})

    def refuse(self, problem: str) -> None:
        """Make the form ready for another try, after one that changed nothing: an operation id is used once."""
        self.put("operation", str(uuid.uuid4()))
        self.add_error(None, problem)

    def sent(self) -> list[tuple[str, str]]:
        """What was sent, field by field and as it was typed, to be sent once more; the operation id is left out."""
        assert isinstance(self.data, QueryDict)
        return [
            (name, text) for name in self.fields if name != "operation" for text in self.data.getlist(name)
        ]

    def put(self, name: str, value: str) -> None:
        """Show another value in a field of a form that was sent."""
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data[name] = value
        self.data = data


class SelectionForm(OperationForm):
    """Which cases: a filter, ids, and ids to leave out."""

    case_types = LabelledIdsField(label="Case types")
    statuses = LabelledIdsField(label="Statuses")
    other_types = IdsField(
        rows=1, label="Type ids without a label", help_text="For types that are not offered above."
    )
    other_statuses = IdsField(
        rows=1, label="Status ids without a label", help_text="For statuses that are not offered above."
    )
    other_keys = forms.CharField(
        required=False,
        strip=False,
        label="Other filter keys",
        help_text='A JSON object, sent as it is: {"client_ids": [101]}',
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off", "class": "mono"}
        ),
    )
    include_ids = IdsField(label="Include these cases", help_text="Paste ids from a sheet or an e-mail.")
    exclude_ids = IdsField(label="Leave these cases out", help_text="Only with a filter.")

    #: Where an error of a definition is shown.
    places: ClassVar[dict[str, str]] = {"filter": "other_keys"}

    def __init__(
        self, data: QueryDict | None = None, *, labels: Labels, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        for name, names, noun in (
            ("case_types", labels.types, "type"),
            ("statuses", labels.statuses, "status"),
        ):
            chosen = data.getlist(name) if data is not None else self.initial.get(name, ())
            field = self.fields[name]
            assert isinstance(field, LabelledIdsField)
            field.offer(names, chosen, noun)

    @staticmethod
    def values(selection: Selection) -> dict[str, Any]:
        """The fields' values for a selection."""
        return {
            "case_types": selection.type_ids,
            "statuses": selection.status_ids,
            "other_keys": pure.write_json(selection.other) if selection.other else "",
            "include_ids": selection.include_ids,
            "exclude_ids": selection.exclude_ids,
        }

    def clean_other_keys(self) -> dict[str, Any]:
        """The filter's other keys."""
        try:
            return pure.parse_other(self.cleaned_data["other_keys"])
        except DefinitionError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """Put the parts together; what they cannot be together is said at the field."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.check(self.raw())
            except DefinitionError as error:
                place = self.places.get(error.field, error.field)
                self.add_error(place if place in self.fields else None, str(error))
        return cleaned

    def check(self, raw: dict[str, Any]) -> None:
        """Raise DefinitionError when the parts cannot be sent together."""
        if pure.parse_selection(raw).is_empty:
            raise DefinitionError("include_ids", "Choose a filter, or paste the ids of cases.")

    def raw(self) -> dict[str, Any]:
        """The selection as JSON, out of the fields that could be read; pasted ids count even beside strange words."""
        told: dict[str, Any] = dict(self.cleaned_data.get("other_keys") or {})
        for key, name, other in (
            (pure.TYPES, "case_types", "other_types"),
            (pure.STATUSES, "statuses", "other_statuses"),
        ):
            ids = dict.fromkeys((*self.cleaned_data.get(name, ()), *self.pasted(other).ids))
            if ids:
                told[key] = list(ids)
        include, exclude = self.pasted("include_ids").ids, self.pasted("exclude_ids").ids
        return {"filter": told, "include_ids": include[:MOST_IDS], "exclude_ids": exclude[:MOST_IDS]}

    def pasted(self, name: str) -> Pasted:
        """What was found in one of the fields for pasted ids."""
        return parse_pasted(str(self[name].value() or "")[:LONGEST_PASTE])

    def selection(self) -> Selection:
        """The selection, as far as it can be read."""
        raw = self.raw()
        return Selection(raw["filter"], tuple(raw["include_ids"]), tuple(raw["exclude_ids"]))


class DefinitionForm(SelectionForm):
    """The builder: everything that a list is made of."""

    name = forms.CharField(max_length=255, label="Name")
    description = forms.CharField(
        required=False, max_length=5_000, label="Description", widget=forms.Textarea(attrs={"rows": 2})
    )
    external_source = forms.CharField(required=False, max_length=255, label="External source")
    external_source_id = forms.CharField(required=False, max_length=255, label="External id")
    is_obo = forms.TypedChoiceField(
        required=False,
        label="On behalf of",
        choices=[
            ("", "Leave as it is"),
            ("yes", "Yes: mark every member case"),
            ("no", "No: unmark every member case"),
        ],
        coerce=lambda value: value == "yes",
        empty_value=None,
    )
    #: The state on which an edit was opened (`Known.mark`); somebody else may have changed the list since.
    base = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    checkpoint = forms.BooleanField(
        required=False,
        label="Duplicate the list first",
        help_text="2 requests. The copy is the only one of its members that exists.",
    )
    again = forms.BooleanField(
        required=False,
        label="Do again afterwards what the save cannot carry",
        help_text="1 request each, in order.",
    )
    understood = forms.BooleanField(
        required=False,
        label="I understand that the members of this list may be replaced by what is defined here",
    )

    @classmethod
    def of(cls, definition: Definition) -> dict[str, Any]:
        """The fields' values for a definition. A flag that was switched off is not switched off again."""
        return {
            **cls.values(definition.selection),
            "name": definition.name,
            "description": definition.description,
            "external_source": definition.external_source,
            "external_source_id": definition.external_source_id,
            "is_obo": "yes" if definition.is_obo else "",
        }

    def check(self, raw: dict[str, Any]) -> None:
        """A definition may be empty of cases; it only has to be one."""
        pure.parse(raw)

    def raw(self) -> dict[str, Any]:
        """The definition as JSON, out of the fields that could be read."""
        texts = {name: self.cleaned_data.get(name, "") for name in pure.LENGTHS}
        return {**super().raw(), **texts, "is_obo": self.cleaned_data.get("is_obo")}

    def definition(self) -> Definition:
        """The definition, as far as it can be read."""
        raw = self.raw()
        texts = {name: raw[name] for name in pure.LENGTHS}
        return Definition(selection=self.selection(), is_obo=raw["is_obo"], **texts)


class DefinitionJsonForm(forms.Form):
    """A definition as somebody keeps it in a file."""

    definition = forms.CharField(
        strip=False,
        label="Definition as JSON",
        help_text="As a list's page exports it: name, filter, include_ids, exclude_ids and the rest.",
        widget=forms.Textarea(
            attrs={"rows": 14, "spellcheck": "false", "autocomplete": "off", "class": "mono"}
        ),
    )

    def clean_definition(self) -> Definition:
        """The definition."""
        try:
            return pure.parse(pure.read_json(self.cleaned_data["definition"]))
        except DefinitionError as error:
            place = f"{error.field}: " if error.field else ""
            raise ValidationError(f"{place}{error}") from error


class ClientsForm(OperationForm):
    """Clients whose cases are appended or removed."""

    client_ids = IdsField(
        most=MOST_CLIENTS, required=True, label="Client ids", help_text="Paste ids from a sheet or an e-mail."
    )


class ConfirmForm(OperationForm):
    """A change that needs nothing but a yes."""


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


class IndexForm(forms.Form):
    """The question of the list page, out of its address."""

    q = forms.CharField(required=False, max_length=255)
    page = forms.CharField(required=False, max_length=9)
    size = forms.ChoiceField(required=False, choices=[("25", "25"), ("50", "50"), ("100", "100")])
    hide_empty = forms.BooleanField(required=False)

    def clean_page(self) -> int:
        """The number of the page; the first when none is named."""
        text = self.cleaned_data["page"]
        number = parse_id(text) if text else 1
        if number is None:
            raise ValidationError("There is no such page.")
        return number
