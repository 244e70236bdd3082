"""The people page: who has an account, what each may do, and what administrators do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kayse_admin import htmx
from kayse_admin.accounts import invitations, people
from kayse_admin.accounts.decorators import reauthenticated, requires
from kayse_admin.accounts.forms import InviteForm, RolesForm
from kayse_admin.accounts.middleware import second_factor_required
from kayse_admin.accounts.models import User
from kayse_admin.accounts.own import posted, sessions_of
from kayse_admin.accounts.roles import GRANTS, Capability, Role, label_of
from kayse_admin.actors import Actor, actor_of

#: What is done to a person; the result is not looked at.
Change = Callable[[Actor, User], object]

LAST = "Nobody else is an administrator. Make somebody one first."


@dataclass(frozen=True, slots=True)
class Row:
    """A person as the list shows them."""

    pk: int
    name: str
    username: str
    role: str
    state: str
    state_kind: str
    second_factor: bool
    seen: Any
    sessions: int


@require_safe
@requires(Capability.PEOPLE_EDIT)
def index(request: HttpRequest) -> HttpResponse:
    """Everybody, with the matrix of what each role may do."""
    rows = [row_of(person) for person in everybody()]
    context = {"people": rows, "matrix": matrix(), "roles": list(Role), "required": second_factor_required()}
    return render(request, "people/index.html", context)


@require_safe
@requires(Capability.PEOPLE_EDIT)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person."""
    person = get_object_or_404(everybody(), pk=pk)
    context = {
        "person": person,
        "row": row_of(person),
        "factors": Authenticator.objects.filter(user=person).order_by("type"),
        "roles": list(Role),
        **sessions_of(person, request.session.session_key),
    }
    return render(request, "people/detail.html", context)


@require_http_methods(["GET", "POST"])
@requires(Capability.PEOPLE_EDIT)
@reauthenticated
def invite(request: HttpRequest) -> HttpResponse | HttpResponseBase:
    """Make an account and a link to it."""
    form = InviteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in InviteForm.Meta.fields}
        person = people.invite(actor_of(request), fields, form.cleaned_data["roles"])
        return _show_link(request, person)
    context = {"form": form, "matrix": matrix(), "roles": list(Role)}
    return render(request, "people/invite.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(Capability.PEOPLE_EDIT)
@reauthenticated
def link(request: HttpRequest, pk: int) -> HttpResponse | HttpResponseBase:
    """A new link to choose a password."""
    person = get_object_or_404(User, pk=pk, is_active=True)
    if request.method == "POST":
        return _show_link(request, person)
    text = "Earlier links stop working. The password of now works until the new one is chosen."
    return _ask(request, person, f"Issue a password link for {person.display_name}?", text, "Issue link")


@require_http_methods(["GET", "POST"])
@requires(Capability.PEOPLE_EDIT)
@reauthenticated
def roles(request: HttpRequest, pk: int) -> HttpResponse | HttpResponseBase:
    """Give somebody other roles."""
    person = get_object_or_404(User, pk=pk)
    held = [role.value for role in Role if role.value in set(person.groups.values_list("name", flat=True))]
    form = RolesForm(posted(request), initial={"roles": held})
    text = "It holds from their next click on."

    def change(actor: Actor, person: User) -> None:
        people.set_roles(actor, person, form.cleaned_data["roles"])

    done = f"The roles of {person.display_name} were changed."
    return _do(request, person, f"Roles of {person.display_name}", text, "Change roles", change, done, form)


def _asked_first(
    question: str, text: str, verb: str, change: Change, done: str
) -> Callable[..., HttpResponse | HttpResponseBase]:
    """The view of something that is done to a person once it was asked; {name} and {role} stand for theirs."""

    @require_http_methods(["GET", "POST"])
    @requires(Capability.PEOPLE_EDIT)
    @reauthenticated
    def view(request: HttpRequest, pk: int) -> HttpResponse | HttpResponseBase:
        person = get_object_or_404(User, pk=pk)
        theirs = {"name": person.display_name, "role": label_of(one.name for one in person.groups.all())}
        asked, told, said = (words.format(**theirs) for words in (question, text, done))
        return _do(request, person, asked, told, verb, change, said)

    return view


#: Lock somebody out.
disable = _asked_first(
    "Disable {name}?",
    "They are signed out at once and cannot sign in. What they did stays in the log. You can enable them again.",
    "Disable",
    people.disable,
    "{name} was disabled.",
)
#: Let somebody in again.
enable = _asked_first(
    "Enable {name}?", "They can sign in again as {role}.", "Enable", people.enable, "{name} was enabled."
)
#: Sign somebody out everywhere.
end_sessions = _asked_first(
    "End all sessions of {name}?",
    "They are signed out everywhere. What they are typing just now may be lost.",
    "End sessions",
    people.end_sessions,
    "The sessions of {name} were ended.",
)
#: For somebody who lost the phone or the key.
remove_second_factor = _asked_first(
    "Remove the second factor of {name}?",
    "Make sure that it is really them who ask. They are signed out, and set up a new one at the next sign-in.",
    "Remove",
    people.remove_second_factor,
    "The second factor of {name} was removed.",
)


def everybody() -> QuerySet[User]:
    """People with what the list tells about them, in a number of queries that does not grow with them."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return (
        User.objects.annotate(
            session_count=Count("sessions", distinct=True),
            seen=Max("sessions__last_seen_at"),
            factor_count=Count("authenticator", filter=Q(authenticator__type__in=kinds), distinct=True),
        )
        .prefetch_related("groups")
        .order_by("-is_active", "last_name", "first_name", "username")
    )


def row_of(person: User) -> Row:
    """A person of `everybody()` for the page."""
    seen = [moment for moment in (getattr(person, "seen", None), person.last_login) if moment]
    invited = person.last_login is None and not person.has_usable_password()
    state, kind = ("Invited", "info") if invited else ("Active", "ok")
    if not person.is_active:
        state, kind = "Disabled", "bad"
    return Row(
        pk=person.pk,
        name=person.display_name,
        username=person.username,
        role=label_of(group.name for group in person.groups.all()),
        state=state,
        state_kind=kind,
        second_factor=bool(getattr(person, "factor_count", 0)),
        seen=max(seen, default=None),
        sessions=getattr(person, "session_count", 0),
    )


def matrix() -> list[tuple[str, list[bool]]]:
    """What each role may do: a line a capability, a column a role."""
    return [(what.label, [what in GRANTS[role] for role in Role]) for what in Capability]


def _show_link(request: HttpRequest, person: User) -> HttpResponse:
    """Send the link, or show it this one time when it cannot be sent."""
    token = invitations.issue(actor_of(request), person)
    url = request.build_absolute_uri(reverse("account_invitation", args=[token]))
    context = {"person": person, "sent": invitations.send(person, url), "link": url}
    context["hours"] = settings.INVITATION_HOURS
    return htmx.render(request, "people/link.html", "people/_link.html", context)


def _do(
    request: HttpRequest,
    person: User,
    question: str,
    text: str,
    verb: str,
    change: Change,
    done: str,
    form: forms.Form | None = None,
) -> HttpResponse | HttpResponseBase:
    """Ask, or do it and go back to the person."""
    form = form or forms.Form(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            change(actor_of(request), person)
        except people.LastAdministrator:
            form.add_error(None, LAST)
        else:
            htmx.toast(request, done)
            return htmx.redirect(request, reverse("people:detail", args=[person.pk]))
    return _ask(request, person, question, text, verb, form, status=422 if form.errors else 200)


def _ask(
    request: HttpRequest,
    person: User,
    question: str,
    text: str,
    verb: str,
    form: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "question": question,
        "text": text,
        "verb": verb,
        "action": request.path,
        "cancel_url": reverse("people:detail", args=[person.pk]),
        "danger": verb in {"Disable", "Remove"},
        "form": form,
    }
    return htmx.render(
        request, "components/dialog_page.html", "components/dialog.html", context, status=status
    )
