"""The patterns page: every part in every state, to look at while building. Only routed beside the sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.audit.diff import diff
from kayse_admin.pager import Pager, size_links

TYPES = [("1", "Data protection"), ("2", "Employment"), ("3", "Personal injury"), ("4", "Immigration")]
DIALOG = "/patterns/?dialog=1"
LABELS = {
    "city": "City",
    "state": "State",
    "case_ids": "Cases",
    "email": "E-mail",
    "address_line1": "Address",
}


class SampleForm(forms.Form):
    """One field of each kind that the screens use."""

    not_told = frozenset({"mobile"})

    first_name = forms.CharField(label="First name", max_length=40)
    email = forms.EmailField(label="E-mail", required=False)
    mobile = forms.CharField(label="Mobile", required=False)
    born = forms.DateField(
        label="Date of birth",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="As on the client's papers.",
    )
    state = forms.ChoiceField(
        label="State", choices=[("", "Any"), ("MA", "Massachusetts"), ("NY", "New York")]
    )
    locked = forms.CharField(label="Kayse ID", disabled=True, initial="1312", required=False)
    types = forms.MultipleChoiceField(
        label="Case types",
        choices=TYPES,
        required=False,
        widget=forms.SelectMultiple(attrs={"data-chips": True}),
    )
    roles = forms.MultipleChoiceField(
        label="Who may see it", choices=TYPES[:2], required=False, widget=forms.CheckboxSelectMultiple
    )
    ids = forms.CharField(
        label="Only these case IDs", required=False, widget=forms.Textarea(attrs={"class": "mono"})
    )
    opted_out = forms.BooleanField(label="Does not want to be called", required=False)


@require_http_methods(["GET", "POST"])
@requires()
def index(request: HttpRequest) -> HttpResponseBase:
    """Show the parts; a POST validates the sample form, so that its errors can be looked at. `?dialog` is a dialog."""
    if "dialog" in request.GET:
        return _dialog(request)
    initial = {"first_name": "Ann", "types": ["1", "2"], "state": "MA"}
    form = SampleForm(request.POST or None, initial=initial, auto_id="sample_%s")
    if request.method == "POST" and form.is_valid():
        htmx.toast(request, "The sample was saved.", "/patterns/", "Look at it")
        return htmx.redirect(request, "/patterns/")
    context = {"form": form, **_parts(request)}
    status = 422 if form.errors else 200
    return htmx.render(request, "patterns.html", "components/_sample_form.html", context, status=status)


def _dialog(request: HttpRequest) -> HttpResponseBase:
    if request.POST.get("confirm") == "120":
        htmx.toast(request, "120 clients were not deleted.")
        return htmx.redirect(request, "/patterns/")
    context = {
        "question": "Delete 120 clients?",
        "text": "Kayse forgets them and all of their cases. This cannot be undone.",
        "cost": "This takes 2 requests.",
        "verb": "Delete 120 clients",
        "action": DIALOG,
        "cancel_url": "/patterns/",
        "danger": True,
        "confirm_number": 120,
    }
    return htmx.render(request, "components/dialog_page.html", "components/dialog.html", context)


def _parts(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    long = "12 Elm Street, second door " * 20
    before = {"city": "Boston", "state": "MA", "case_ids": [1, 2], "email": "", "address_line1": long}
    after = {"city": "Salem", "case_ids": [2, 3], "email": "ann@example.com", "address_line1": ""}
    page = Pager(51, 75, 1214, previous_url="?page=2", next_url="?page=4", sizes=size_links(request))
    budget = {"limit": 500, "reserve": 100, "reset_at": now + timedelta(minutes=12)}
    return {
        "now": now,
        "yesterday": now - timedelta(days=1),
        "changes": diff(before, after, LABELS),
        "names": ["Ann Lee", "Zoë O'Brien", "Maria de la Cruz-Hernandez", "李 小龍", "Bo"],
        "kinds": ["ok", "warn", "bad", "info", "neutral", "accent"],
        "pagers": [page, replace(page, total=1000, capped=True, next_url=""), Pager(0, 0, 0)],
        "budgets": [
            {**budget, "state": state, "remaining": left}
            for state, left in (("quiet", 412), ("low", 140), ("reserve", 60), ("spent", 0))
        ],
    }
