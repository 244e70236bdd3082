"""Form fields for ids: pasted in any form, or chosen by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from caselists_ui.ids import MOST_IDS, Pasted, parse_pasted, write_ids
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
