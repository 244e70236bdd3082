"""Filters of a list that people keep under a name, for themselves or for everybody who sees the list.

Each list is a `Room`: it says where it is and what of its address is a filter, and has two `views`, below its own
permission.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kayse_admin import htmx
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.models import SavedFilter
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor, actor_of

#: Filters of one list that one person may keep, and that others can have shared with them.
MOST = 20
#: What `User.display_name` is made of.
NAMES = ("username", "first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter that an address holds: the parameters worth keeping, and what they say in words."""

    query: str
    words: str


@dataclass(frozen=True, slots=True)
class Room:
    """A list with filters. `read` finds the filter in an address (None: there is none); `url` is the list's name."""

    name: str
    url: str
    read: Callable[[HttpRequest], Asked | None]


@dataclass(frozen=True, slots=True)
class Offer:
    """A kept filter as the list offers it: one click. `forget_url` is empty for what others have shared."""

    name: str
    url: str
    forget_url: str
    shared: bool
    owner: str


class NameForm(forms.Form):
    """The name of a filter; one that is there already is kept anew under it."""

    name = forms.CharField(max_length=60, label="Name", error_messages={"required": "Give it a name."})
    shared = forms.BooleanField(required=False, label="Offer it to everybody who sees this list")

    def __init__(self, data: QueryDict | None, person: int, room: Room) -> None:
        super().__init__(data, label_suffix="")
        self.others = SavedFilter.objects.filter(person_id=person, room=room.name)

    def clean_name(self) -> str:
        """The name; refused when it would be one filter too many."""
        name = str(self.cleaned_data["name"])
        if self.others.exclude(name=name).count() >= MOST:
            raise ValidationError(f"You keep {MOST} filters already. Forget one first.")
        return name


def offers(actor: Actor, room: Room) -> list[Offer]:
    """The filters that a person is offered on a list: their own, then what others share; by name. One query."""
    found = SavedFilter.objects.filter(Q(person_id=actor.id) | Q(shared=True), room=room.name)
    # Of the owners no more than their names.
    found = found.select_related("person").only(
        "name", "query", "shared", *(f"person__{one}" for one in NAMES)
    )
    rows = list(found.order_by("name", "pk")[: 2 * MOST])
    rows.sort(key=lambda one: one.person_id != actor.id)
    return [
        Offer(
            name=one.name,
            url=f"{reverse(room.url)}?{one.query}",
            forget_url=reverse(f"{room.name}:forget", args=[one.pk]) if one.person_id == actor.id else "",
            shared=one.shared,
            owner=one.person.display_name,
        )
        for one in rows
    ]


View = Callable[..., HttpResponseBase]


def views(room: Room, capability: Capability) -> tuple[View, View]:
    """The views that keep and forget filters of a room, for those who may see its list."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @requires(capability)
    def save(request: HttpRequest) -> HttpResponseBase:
        return _save(request, room)

    @require_POST
    @requires(capability)
    def forget(request: HttpRequest, pk: int) -> HttpResponseBase:
        return _forget(request, pk, room)

    return save, forget


def _save(request: HttpRequest, room: Room) -> HttpResponseBase:
    """Ask for a name, and keep the filter that stands in the address under it."""
    person, asked = actor_of(request).id or 0, room.read(request)
    if asked is None:
        raise Http404  # nobody is led here without a filter
    form = NameForm(request.POST if request.method == "POST" else None, person, room)
    if request.method == "POST" and form.is_valid():
        kept = {"query": asked.query, "shared": form.cleaned_data["shared"]}
        with transaction.atomic():
            SavedFilter.objects.update_or_create(
                person_id=person, room=room.name, name=form.cleaned_data["name"], defaults=kept
            )
        htmx.toast(request, "The filter is saved.")
        return htmx.redirect(request, f"{reverse(room.url)}?{asked.query}")
    return _dialog(request, form, room, asked)


def _dialog(request: HttpRequest, form: NameForm, room: Room, asked: Asked) -> HttpResponse:
    context = {
        "question": "Save this filter",
        "text": asked.words,
        "verb": "Save filter",
        "action": f"{reverse(f'{room.name}:save')}?{asked.query}",
        "cancel_url": f"{reverse(room.url)}?{asked.query}",
        "form": form,
        "fills": True,
    }
    status = 422 if form.errors else 200
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )


def _forget(request: HttpRequest, pk: int, room: Room) -> HttpResponseBase:
    """Forget one of one's own filters; what others have shared is theirs."""
    gone, _ = SavedFilter.objects.filter(pk=pk, person_id=actor_of(request).id, room=room.name).delete()
    if not gone:
        raise Http404
    htmx.toast(request, "The filter is forgotten.")
    return htmx.redirect(request, reverse(room.url))
