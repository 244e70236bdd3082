"""The question of the list page, out of its address."""

from __future__ import annotations

from django import forms

from caselists_ui.listing import Query
from kayse_admin.converters import parse_id
from kayse_admin.pager import SIZES

#: Digits of the number of a page that can be one.
LONGEST_PAGE = 9


class IndexForm(forms.Form):
    """The question of the list page, out of its address."""

    q = forms.CharField(required=False, max_length=255)
    hide_empty = forms.BooleanField(required=False)

    def question(self) -> Query:
        """What is asked for; an odd page or size counts as not given."""
        page, size = self.data.get("page", ""), self.data.get("size", "")
        return Query(
            self.cleaned_data["q"].strip(),
            (parse_id(page) if len(page) <= LONGEST_PAGE else None) or 1,
            int(size) if size in {str(one) for one in SIZES} else SIZES[0],
            self.cleaned_data["hide_empty"],
        )
