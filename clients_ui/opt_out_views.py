"""The report of who switched calls off or on, as a page and as a file; for reviewers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clients_ui import opt_outs
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.audit import queries, recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import Filters
from kayse_admin.audit.queries import beginning
from kayse_admin.audit.records import Target
from kayse_admin.converters import parse_id
from kayse_admin.pager import Pager, address

#: Without dates, the report is of so many days.
USUAL_DAYS = 30


def _date(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ReportForm(forms.Form):
    """Of which days, and in which direction."""

    since = _date("From")
    until = _date("To, inclusive")
    direction = forms.ChoiceField(
        label="Calls",
        required=False,
        choices=[("", "Switched off or on"), ("off", "Switched off"), ("on", "Switched on")],
    )

    def __init__(self, data: Any) -> None:
        first = timezone.localdate() - timedelta(days=USUAL_DAYS - 1)
        super().__init__(data or {"since": first.isoformat()}, label_suffix="")

    def clean(self) -> dict[str, Any]:
        """A time that can be one."""
        data: dict[str, Any] = super().clean() or {}
        for name in ("since", "until"):
            if data.get(name) and not 1970 <= data[name].year <= 9998:
                self.add_error(name, "This date is out of range.")
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            self.add_error("until", "The range ends before it begins.")
        return data

    @property
    def filters(self) -> Filters:
        """The operations of that time."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return Filters(
            changes_only=True,
            since=beginning(since) if since else None,
            until=beginning(until + timedelta(days=1)) if until else None,
        )


@require_safe
@requires(Capability.AUDIT_VIEW)
def report(request: HttpRequest) -> HttpResponseBase:
    """Who switched calls off or on, newest first; the last 30 days without dates."""
    form = ReportForm(request.GET)
    if not form.is_valid():
        return render(request, "clients_ui/opt_outs.html", {"form": form}, status=422)
    before = parse_id(request.GET.get("before", ""))
    found = opt_outs.page(form.filters, form.cleaned_data["direction"], before)
    query = address(request, {"before": None}).partition("?")[2]
    pager = Pager(
        first=None,
        last=None,
        total=None,
        previous_url=address(request, {"before": None}) if before else "",
        next_url=address(request, {"before": found.older}) if found.older else "",
    )
    file = reverse("clients_ui:opt_outs_csv") + (f"?{query}" if query else "")
    context = {"form": form, "found": found, "pager": pager, "file": file}
    return render(request, "clients_ui/opt_outs.html", context)


@require_safe
@requires(Capability.AUDIT_VIEW)
def report_csv(request: HttpRequest) -> HttpResponseBase:
    """The same, whole, as CSV. That somebody took it is a fact in the record."""
    form = ReportForm(request.GET)
    if not form.is_valid():
        return render(request, "clients_ui/opt_outs.html", {"form": form}, status=422)
    data, up_to = form.cleaned_data, queries.newest()
    if request.method == "GET":
        recorder.fact(
            actor_of(request),
            Action.AUDIT_EXPORT,
            Target("audit", None, "opt-outs as CSV"),
            payload={
                "filter": {name: str(value) for name, value in data.items() if value},
                "up_to_event": up_to,
            },
        )
    response = StreamingHttpResponse(
        opt_outs.lines(form.filters, data["direction"], up_to), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="opt-outs-{timezone.localdate():%Y-%m-%d}.csv"'
    return response
