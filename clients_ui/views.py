"""Screens that show: the list of clients, one client, and opening or refreshing one by its id."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients_ui import attention, catching_up, directory, editing, export, keyset, rows, services, words
from clients_ui.detail import context_of, in_words, quick_of, record_of
from clients_ui.fields import DOCUMENTED, WRITABLE
from clients_ui.known import of_known_client
from clients_ui.listing import in_order, listing, wanted
from clients_ui.models import Client
from clients_ui.selection import picking
from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import polled, requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor, actor_of
from kayse_admin.audit.fields import label_of
from kayse_admin.converters import parse_id
from kayse_admin.kayse_api.outcomes import Applied, Rejected


@require_safe
@requires(Capability.CLIENTS_VIEW)
def index(request: HttpRequest) -> HttpResponseBase:
    """The directory, searched, sorted and paged; 0 requests."""
    found = listing(request)
    picked = picking.shown(request, [row.pk for row in found.rows], found.known)
    context = {"listing": found, "picked": picked, "rows": rows.as_html(found.rows, picked.here)}
    return htmx.render(
        request,
        "clients_ui/index.html",
        "clients_ui/_results.html",
        context,
        status=422 if found.filters.broken else 200,
        replace_url=found.url,
    )


@require_safe
@requires(Capability.CLIENTS_VIEW)
def export_csv(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, whole and in its order, as CSV; recorded with its filter and its count. 0 requests."""
    asked = wanted(request)
    if asked.filters.broken:
        return index(request)
    sections, also, _ = in_order(asked)
    if request.method == "GET":
        count = keyset.whole_count(sections, also)
        back = f"{reverse('clients_ui:index')}?{request.GET.urlencode()}"  # a file is no page to come back to
        if count > settings.EXPORT_ASKS_ABOVE and (question := ask_again(request, back)):
            return question
        services.record_export(
            actor_of(request), query=request.GET.urlencode(), words=asked.words, count=count
        )
    return export.response(export.of_listing(actor_of(request), sections, also))


@require_safe
@requires(Capability.CLIENTS_VIEW)
@of_known_client
def detail(request: HttpRequest, client: Client) -> HttpResponseBase:
    """One client from the directory; 0 requests. One that is not known here can be opened for 1."""
    attention.opened(actor_of(request), client.pk)
    context = context_of(actor_of(request), client)
    if catching_up.is_old(client):
        context |= {"old": True, "asking": catching_up.is_affordable()}
    return render(request, "clients_ui/detail.html", context)


@require_safe
@requires(Capability.CLIENTS_VIEW)
@of_known_client
def quick(request: HttpRequest, client: Client) -> HttpResponseBase:
    """The most important of a client for the panel beside the list, and a page without JavaScript; 0 requests."""
    attention.opened(actor_of(request), client.pk)
    return htmx.render(request, "clients_ui/quick.html", "clients_ui/_quick.html", quick_of(client))


@require_POST
@requires(Capability.CLIENTS_REVEAL)
def reveal(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show a value that is blotted out on the page of a client, once and on the record; 0 requests."""
    name = request.POST.get("field", "")
    try:
        client, value = services.reveal(actor_of(request), pk, name)
    except LookupError:
        raise Http404 from None
    label = label_of("client" if name in DOCUMENTED else "", name)
    context = {"client": client, "label": label, "words": in_words(value)}
    return htmx.render(request, "clients_ui/revealed.html", "clients_ui/_revealed.html", context)


#: A page waits so often, two seconds each, for a request that another page has made.
MOST_WAITS = 20


@require_POST
@requires(Capability.CLIENTS_VIEW)
@polled
def catch_up(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read a client whose knowledge is old in the background; 1 request, or none when somebody else was quicker."""
    actor, client = actor_of(request), directory.find(pk)
    if client is None:
        raise Http404
    looked = catching_up.read(actor, pk) if catching_up.is_old(client) else None
    if not htmx.is_fragment(request):
        return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))
    if looked is None:
        return render(request, "clients_ui/_asked.html", _waiting_for_others(request, actor, client))
    context = record_of(actor, looked.client or client, looked.changed)
    context["changed"] = [label_of("client", name) for name in DOCUMENTED if name in looked.changed]
    context["failed"] = "" if isinstance(looked.outcome, Applied) else looked.outcome.sentence
    return render(request, "clients_ui/_asked.html", context)


def _waiting_for_others(request: HttpRequest, actor: Actor, client: Client) -> dict[str, Any]:
    """Somebody else's page asks, or has asked already: wait for that, and show it."""
    waits = parse_id(request.POST.get("waits", "")) or 0
    old = catching_up.is_old(client)
    return {
        **record_of(actor, client),
        "others": True,
        "old": old,
        "waits": waits + 1 if waits < MOST_WAITS else 0,
    }


@require_POST
@requires(Capability.CLIENTS_VIEW)
def refresh(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read one client from Kayse; 1 request."""
    actor = actor_of(request)
    looked = services.refresh(actor, pk)
    if looked.client is None:
        return _not_opened(request, OpenForm({"pk": str(pk)}, label_suffix=""), looked)
    if isinstance(looked.outcome, Applied):
        names = [name for name in WRITABLE if name in looked.changed]
        said = f"Kayse has changes: {editing.labels(names)}" if names else "Refreshed, nothing has changed"
        htmx.toast(request, said)
        return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))
    told = words.problem(looked.outcome, "The client could not be refreshed")
    context = context_of(actor, looked.client)
    if not (
        isinstance(looked.outcome, Rejected) and looked.outcome.is_not_found
    ):  # that the page says itself
        context["problem"] = told
    return render(request, "clients_ui/detail.html", context, status=told.status)


class OpenForm(forms.Form):
    """The id of a client, as the Kayse app shows it."""

    pk = forms.CharField(
        max_length=30,
        label="Kayse id",
        help_text="Free if the client is known here. Otherwise it takes 1 request, and the client is added.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "autofocus": True}),
    )

    def clean_pk(self) -> int:
        """The id as a number."""
        pk = parse_id(self.cleaned_data["pk"])
        if pk is None:
            raise forms.ValidationError("A Kayse id is a whole number from 1, like 1042.")
        return pk


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CLIENTS_VIEW)
def open_by_id(request: HttpRequest) -> HttpResponseBase:
    """Open a client by its Kayse id: known here for nothing, else for 1 request, which adds it."""
    if request.method != "POST":
        return _ask_for_id(request, OpenForm(initial={"pk": request.GET.get("pk", "")[:30]}, label_suffix=""))
    form = OpenForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _ask_for_id(request, form, 422)
    pk = form.cleaned_data["pk"]
    if directory.find(pk) is None:
        looked = services.refresh(actor_of(request), pk)
        if looked.client is None:
            return _not_opened(request, form, looked)
        htmx.toast(request, "Added to the clients known here")
    return htmx.redirect(request, reverse("clients_ui:detail", args=[pk]))


def _not_opened(request: HttpRequest, form: OpenForm, looked: services.Looked) -> HttpResponseBase:
    """The question again, with what Kayse said."""
    assert not isinstance(looked.outcome, Applied)
    told = words.problem(looked.outcome, "The client could not be opened")
    if isinstance(looked.outcome, Rejected) and looked.outcome.is_not_found:
        form.add_error("pk", "Kayse has no client with this id.")
    else:
        form.add_error(None, f"{told.title}. {told.text}")
    return _ask_for_id(request, form, told.status)


def _ask_for_id(request: HttpRequest, form: OpenForm, status: int = 200) -> HttpResponseBase:
    context = {
        "question": "Open a client by its id",
        "verb": "Open client",
        "action": reverse("clients_ui:open"),
        "cancel_url": reverse("clients_ui:index"),
        "form": form,
        "fills": True,
    }
    # htmx shows a form again only under 422; a page tells the status as it is.
    status = 422 if status >= 400 and htmx.is_fragment(request) else status
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )
