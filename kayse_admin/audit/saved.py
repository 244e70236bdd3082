"""Filters of the log that a person keeps under a name."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit.forms import FilterForm
from kayse_admin.audit.models import SavedFilter

#: Filters that one person may keep.
MOST = 20


class NameForm(forms.Form):
    """The name of a filter; one that is there already is kept anew under it."""

    name = forms.CharField(max_length=60, label="Name", error_messages={"required": "Give it a name."})

    def __init__(self, data: QueryDict | None, person: int) -> None:
        super().__init__(data, label_suffix="")
        self.person = person

    def clean_name(self) -> str:
        """The name; refused when it would be one filter too many."""
        name = str(self.cleaned_data["name"])
        others = SavedFilter.objects.filter(person_id=self.person).exclude(name=name)
        if others.count() >= MOST:
            raise ValidationError(f"You keep {MOST} filters already. Forget one first.")
        return name


def of(person: int | None) -> list[SavedFilter]:
    """The filters of a person, by name."""
    return list(SavedFilter.objects.filter(person_id=person).order_by("name")[:MOST]) if person else []


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.AUDIT_VIEW)
def save(request: HttpRequest) -> HttpResponseBase:
    """Ask for a name, and keep the filter that stands in the address under it."""
    person = actor_of(request).id or 0
    asked = FilterForm(request.GET)
    if not asked.is_valid() or not asked.chips():
        raise Http404  # nobody is led here without a filter
    kept = QueryDict(mutable=True)
    kept.update({name: request.GET[name] for name, _, _ in asked.chips()})
    query = kept.urlencode()
    form = NameForm(request.POST if request.method == "POST" else None, person)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            SavedFilter.objects.update_or_create(
                person_id=person, name=form.cleaned_data["name"], defaults={"query": query}
            )
        htmx.toast(request, "The filter is saved.")
        return htmx.redirect(request, f"{reverse('audit:index')}?{query}")
    return _dialog(request, form, query, "; ".join(f"{label}: {words}" for _, label, words in asked.chips()))


def _dialog(request: HttpRequest, form: NameForm, query: str, words: str) -> HttpResponse:
    context = {
        "question": "Save this filter",
        "text": words,
        "verb": "Save filter",
        "action": f"{reverse('audit:save')}?{query}",
        "cancel_url": f"{reverse('audit:index')}?{query}",
        "form": form,
    }
    status = 422 if form.errors else 200
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )


@require_POST
@requires(Capability.AUDIT_VIEW)
def forget(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Forget one of one's own filters."""
    gone, _ = SavedFilter.objects.filter(pk=pk, person_id=actor_of(request).id).delete()
    if not gone:
        raise Http404
    htmx.toast(request, "The filter is forgotten.")
    return htmx.redirect(request, reverse("audit:index"))
