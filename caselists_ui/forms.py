"""The forms of the case lists: they read what somebody typed; `services` act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from caselists_ui import definition as pure
from caselists_ui import in_use
from caselists_ui.definition import Definition, DefinitionError, Selection
from caselists_ui.fields import LONGEST_PASTE, IdsField, LabelledIdsField
from caselists_ui.ids import MOST_IDS, Pasted, parse_pasted
from caselists_ui.many import Do, How
from caselists_ui.models import CaseList, Use
from caselists_ui.services import MOST_CLIENTS
from caselists_ui.words import Labels
from clients_ui.selection.forms import MarkedForm
from kayse_admin.operation_field import OperationField
from kayse_admin.templatetags.ui import day

LONGEST_USE = timedelta(days=366)


class OperationForm(forms.Form):
    """A form that starts one operation: its id makes a double click one operation."""

    operation = OperationField()
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

    @property
    def faults(self) -> list[str]:
        """Why what was typed cannot be sent, each with its field: "Name: This field is required." """
        return [f"{bound.label}: {error}" for bound in self.visible_fields() for error in bound.errors]

    def put(self, name: str, value: str) -> None:
        """Show another value in a field of a form that was sent."""
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data[name] = value
        self.data = data


class GuardedForm(OperationForm):
    """A change that asks for the list's name and a reason while a campaign uses the list."""

    typed_name = forms.CharField(
        required=False,
        max_length=300,
        label="Name of the list, typed",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    guarded: CaseList | None = None

    def guard(self, lists: CaseList | None, use: Use | None, *, name: bool = True) -> None:
        """Ask for both when the list is in use, for no name when it is not; `name`: in this step."""
        if lists is None or use is None:
            del self.fields["typed_name"]
            return
        self.guarded = lists
        self.fields["reason"].required = True
        self.fields["typed_name"].required = name
        self.fields["typed_name"].help_text = f"{in_use.words(use)}. Type “{lists}”."

    def clean_typed_name(self) -> str:
        """The name as it was typed; it has to be the list's."""
        typed: str = self.cleaned_data["typed_name"]
        if typed and self.guarded is not None and not in_use.is_named(self.guarded, typed):
            raise ValidationError("This is not the name of the list.")
        return typed

    @property
    def consent(self) -> in_use.Consent:
        """Reason and typed name, as services take them."""
        return {"reason": self.cleaned_data["reason"], "typed": self.cleaned_data.get("typed_name", "")}

    def sent(self) -> list[tuple[str, str]]:
        """As for every operation, without what the step that asks for a yes asks itself."""
        asked = {"typed_name", "reason"} if self.guarded is not None else set()
        return [(name, text) for name, text in super().sent() if name not in asked]


class SelectionForm(GuardedForm):
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
    #: The draft that is kept of this form.
    draft = forms.UUIDField(required=False, initial=uuid.uuid4, widget=forms.HiddenInput)
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
    #: The duplicate that was made of the list before a save that then changed nothing.
    copy: CaseList | None = None
    decided = forms.BooleanField(
        required=False,
        label="I have looked at the changes whose outcome is unknown; the list is to be what stands in this form",
    )

    def copied(self, copy: CaseList) -> None:
        """The list was duplicated: sent once more, the form does not ask for that again."""
        self.copy = copy
        self.cleaned_data["checkpoint"] = False
        self.put("checkpoint", "")

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
            raw = pure.read_json(self.cleaned_data["definition"])
        except DefinitionError as error:
            raise ValidationError(str(error)) from error
        try:
            pure.require_known(raw)
            return pure.parse(raw)
        except DefinitionError as error:
            place = f"{error.field}: " if error.field else ""
            raise ValidationError(f"{place}{error}") from error


class ClientsForm(GuardedForm):
    """Clients whose cases are appended or removed."""

    client_ids = IdsField(
        most=MOST_CLIENTS, required=True, label="Client ids", help_text="Paste ids from a sheet or an e-mail."
    )


class SelectedForm(GuardedForm, MarkedForm):
    """A yes to a change of a list by the clients of a selection."""


class ConfirmForm(OperationForm):
    """A change that needs nothing but a yes."""


class DeleteForm(GuardedForm):
    """A delete that needs a yes, and more while the list is in use."""


class ManyForm(OperationForm):
    """What is to be done with many lists; the lists themselves are named by `pk`, as often as there are lists."""

    do = forms.TypedChoiceField(
        choices=[(one.value, one.value) for one in Do], coerce=Do, widget=forms.HiddenInput
    )
    take_off = forms.CharField(
        required=False,
        strip=False,
        max_length=255,
        label="Take off the front",
        help_text="Where a name begins so.",
    )
    put_on = forms.CharField(required=False, strip=False, max_length=255, label="Put in front")
    is_obo = forms.TypedChoiceField(
        label="On behalf of",
        choices=[("yes", "Yes: mark every member case"), ("no", "No: unmark every member case")],
        coerce=lambda value: value == "yes",
    )
    accepted = forms.BooleanField(
        required=False, label="Also those whose members may be replaced; I understand what that means"
    )

    def keep(self, do: Do) -> None:
        """Only the fields that this asks for."""
        asked = {Do.RENAME: {"take_off", "put_on", "accepted"}, Do.OBO: {"is_obo", "accepted"}}.get(do, set())
        for name in {"take_off", "put_on", "is_obo", "accepted"} - asked:
            del self.fields[name]

    def how(self) -> How:
        """What is asked for."""
        return How(**{name: self.cleaned_data[name] for name in _HOW if name in self.fields})


_HOW = ("do", "take_off", "put_on", "is_obo", "accepted")


class UseForm(forms.Form):
    """Which campaign uses a list, and until when."""

    campaign = forms.CharField(max_length=200, label="Campaign")
    until = forms.DateField(
        label="Until",
        help_text="The last day.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    reason = forms.CharField(required=False, max_length=200, label="Reason")

    def clean_until(self) -> date:
        """A day that is not over, and not years away: a mark that nobody ends is no mark."""
        until: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if not today <= until <= today + LONGEST_USE:
            raise ValidationError(f"A day from today to {day(today + LONGEST_USE)}.")
        return until


class EndUseForm(forms.Form):
    """Why a list is not in use any more."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept in the record beside your name.")
