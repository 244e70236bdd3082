"""Many lists at once: what happens to each that was selected on the index, and a yes. The job's page tells the rest."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from caselists_ui import many, many_kinds
from caselists_ui.forms import ManyForm
from caselists_ui.many import Do, How, Planned
from kayse_admin import htmx
from kayse_admin.accounts.confirming import ask_again
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of
from kayse_admin.converters import parse_id

_VERBS = {
    Do.DUPLICATE: "Duplicate",
    Do.DELETE: "Delete",
    Do.RENAME: "Rename",
    Do.OBO: "Set “on behalf of” of",
}
_TEXTS = {
    Do.DUPLICATE: "Kayse makes a list of its own of each, with the same filter and the same members, and names it. "
    "Deleting the copies takes this back.",
    Do.DELETE: "The lists go, their cases stay. A campaign that uses one reaches nobody through it any more. This "
    "cannot be taken back.",
    Do.RENAME: "A rename sets the list anew: its filter is applied again, and what was attached or detached by hand "
    "travels with it. Renaming back is another set.",
    Do.OBO: "Kayse marks every member case, and sets the list anew: its filter is applied again, and what was attached "
    "or detached by hand travels with it. How each case was marked before is not known.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.LISTS_EDIT)
def change(request: HttpRequest) -> HttpResponseBase:
    """Duplicate, delete, rename or mark the lists that are named by `pk`; deleting asks for a proof of who it is."""
    told = request.POST if request.method == "POST" else request.GET
    ids, asked = _ids(told.getlist("pk")), told.get("do", "")
    if not ids or not asked:
        return render(request, "caselists_ui/none_selected.html", status=422)
    if asked not in list(Do):
        raise Http404
    do = Do(asked)
    if do is Do.DELETE and (answer := ask_again(request)):
        return answer
    form = ManyForm(request.POST if request.method == "POST" else None, initial={"do": do})
    form.keep(do)
    if not form.is_valid():
        return _ask(request, form, ids, None if do.is_set else How(do))
    how, planned = form.how(), many.plan(ids, form.how())
    todo = sum(not one.left_out for one in planned)
    # A yes is one to the lists that were shown: when others change by now, the question is asked anew.
    said_yes = request.POST.get("confirmed") == _named(planned)
    if said_yes and not todo:
        form.add_error(None, "Nothing would be done: every list is left out.")
    elif said_yes and do is Do.DELETE and request.POST.get("confirm", "").strip() != str(todo):
        form.add_error(None, f"Type {todo} to confirm that you mean {_lists(todo)}.")
    if not said_yes or form.errors:
        return _ask(request, form, ids, how)
    data = form.cleaned_data
    job = many_kinds.start(actor_of(request), ids, how, operation=data["operation"], reason=data["reason"])
    return htmx.redirect(request, reverse("jobs:detail", args=[job.pk]))


def _ids(texts: list[str]) -> list[int]:
    """The ids of the lists; 404 for what is none, or for more than a page holds."""
    ids = [parse_id(text) for text in texts]
    if None in ids or len(ids) > many.MOST:
        raise Http404
    return [pk for pk in ids if pk]


def _ask(request: HttpRequest, form: ManyForm, ids: list[int], how: How | None) -> HttpResponse:
    """The page that asks: first what is to be changed (no `how` yet), then for a yes."""
    do = Do(form["do"].value())
    planned = many.plan(ids, how) if how else []
    todo = [one for one in planned if not one.left_out]
    count = len(todo) if how else len(ids)
    context = {
        "form": form,
        "question": f"{_VERBS[do]} {_lists(count)}?" if count else "Every list is left out",
        "text": _TEXTS[do],
        "verb": f"{_VERBS[do]} {_lists(count)}" if how and count else f"{_VERBS[do]}…",
        "cost": many.cost(do, count) if count else "",
        "danger": do is Do.DELETE,
        "plain": True,
        "action": request.path,
        "cancel_url": reverse("caselists_ui:index"),
        "confirm_number": len(todo) if do is Do.DELETE and todo else None,
        **_lines(planned),
        "ids": ids,
        "hidden": _answered(form) if how and form.is_bound else [],
        "settled": how is not None,
        "confirmed": _named(planned),
    }
    status = 422 if form.errors else 200
    return htmx.render(
        request, "components/dialog_page.html", "caselists_ui/_many.html", context, status=status
    )


def _named(planned: list[Planned]) -> str:
    """The lists that change, as a yes names them."""
    return " ".join(str(one.pk) for one in planned if not one.left_out) or "none"


def _answered(form: ManyForm) -> list[tuple[str, str]]:
    """What the first step asked, to be sent once more with the yes."""
    return [pair for pair in form.sent() if pair[0] in ("take_off", "put_on", "is_obo")]


def _lines(planned: list[Planned]) -> dict[str, Any]:
    """The lists that change, and those that are left out; of these, whether some are only for a risk."""
    return {
        "todo": [one for one in planned if not one.left_out],
        "left_out": [one for one in planned if one.left_out],
        "risky": any(one.is_risk for one in planned),
    }


def _lists(count: int) -> str:
    return f"{count} case list{'' if count == 1 else 's'}"
