"""The names of case types and statuses: shown to everybody who sees lists, kept by campaign managers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caselists_ui import labels as store
from caselists_ui.label_forms import LabelFileForm, LabelForm
from caselists_ui.models import Label
from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of


@require_safe
@requires(Capability.LISTS_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """Every label."""
    return _index(request, LabelFileForm())


def _index(request: HttpRequest, form: LabelFileForm, *, status: int = 200) -> HttpResponse:
    context = {
        "groups": [(kind, [x for x in Label.objects.all() if x.kind == kind]) for kind in Label.Kind],
        "form": form,
        "may_edit": actor_of(request).can(Capability.LISTS_EDIT),
    }
    return render(request, "caselists_ui/labels.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def new(request: HttpRequest) -> HttpResponseBase:
    """Add a label."""
    form = LabelForm(
        request.POST or None, initial={"kind": request.GET.get("kind"), "number": request.GET.get("number")}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if Label.objects.filter(kind=data["kind"], number=data["number"]).exists():
            form.add_error("number", "There is a label for this id already: edit that one.")
        elif _saved(request, form):
            return htmx.redirect(request, reverse("caselists_ui:labels"))
    return _dialog(request, form, "Add a label", "Add label")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Rename a label."""
    label = get_object_or_404(Label, pk=pk)
    initial = {"kind": label.kind, "number": label.number, "name": label.name}
    data = None
    if request.method == "POST":
        data = request.POST.copy()
        data["kind"], data["number"] = label.kind, str(label.number)
    form = LabelForm(data, initial=initial)
    for name in ("kind", "number"):
        form.fields[name].widget = form.fields[name].hidden_widget()
    if form.is_bound and form.is_valid() and _saved(request, form):
        return htmx.redirect(request, reverse("caselists_ui:labels"))
    return _dialog(request, form, f"Rename {label.get_kind_display().lower()} {label.number}", "Save name")


def _saved(request: HttpRequest, form: LabelForm) -> bool:
    data = form.cleaned_data
    try:
        row = store.Row(Label.Kind(data["kind"]), data["number"], store.check_name(data["name"]))
    except ValueError as error:
        form.add_error("name", str(error))
        return False
    store.write(actor_of(request), [row])
    htmx.toast(request, f"{row.kind.label} {row.number} is called “{row.name}”.")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def delete(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Forget a label."""
    label = get_object_or_404(Label, pk=pk)
    if request.method == "POST":
        store.remove(actor_of(request), label)
        htmx.toast(request, f"The label “{label}” is deleted.")
        return htmx.redirect(request, reverse("caselists_ui:labels"))
    context = {
        "question": f"Delete the label “{label}”?",
        "text": f"{label.get_kind_display()} {label.number} is shown without a name from now on. "
        "No list and no case changes.",
        "verb": "Delete label",
        "danger": True,
        "action": request.path,
        "cancel_url": reverse("caselists_ui:labels"),
    }
    return htmx.render(request, "components/dialog_page.html", "components/dialog.html", context)


def _dialog(request: HttpRequest, form: LabelForm, question: str, verb: str) -> HttpResponse:
    context: dict[str, Any] = {
        "question": question,
        "verb": verb,
        "form": form,
        "action": request.path,
        "cancel_url": reverse("caselists_ui:labels"),
    }
    return htmx.render(
        request,
        "components/dialog_page.html",
        "components/dialog.html",
        context,
        status=422 if form.is_bound else 200,
    )


@require_safe
@requires(Capability.LISTS_VIEW)
def export(request: HttpRequest) -> HttpResponseBase:
    """Every label as CSV."""
    response = StreamingHttpResponse(store.to_csv(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="labels.csv"'
    return response


@require_POST
@requires(Capability.LISTS_EDIT)
def load(request: HttpRequest) -> HttpResponseBase:
    """Take labels from a CSV; a file with a bad line changes nothing, and every bad line is named."""
    form = LabelFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _index(request, form, status=422)
    file = form.cleaned_data["file"]
    try:
        rows = store.from_csv(file.read(store.MOST_BYTES + 1))
    except store.BadFile as error:
        for trouble in error.troubles[:20]:
            form.add_error("file", str(trouble))
        return _index(request, form, status=422)
    changed = store.write(actor_of(request), rows, reason=f"Loaded from {file.name}"[:200])
    htmx.toast(request, f"{len(rows)} label{pluralize(rows)} read, {changed} changed.")
    return htmx.redirect(request, reverse("caselists_ui:labels"))
