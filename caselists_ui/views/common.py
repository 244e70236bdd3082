"""What the screens of the case lists share: finding a list, and answering with the outcome of an operation."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from caselists_ui import labels, listing, reversing
from caselists_ui.forms import OperationForm
from caselists_ui.in_use import NotConfirmed
from caselists_ui.known import Step
from caselists_ui.models import CaseList
from caselists_ui.summary import step_words
from kayse_admin import htmx
from kayse_admin.audit import queries
from kayse_admin.audit.actions import Action
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.recorder import AlreadyPerformed
from kayse_admin.kayse_api.outcomes import Applied, NotSent, Outcome, RateLimited, Rejected, Unknown
from kayse_admin.templatetags.ui import moment, number

Retry = Callable[[int], HttpResponse]


def find(pk: int) -> CaseList:
    """The list with this id as it is known here; 404 for one that was never told.

    A list that is not known here may be new at the vendor: the answer that serves the index for a minute is looked at
    before the page says that there is no such list. At most one request a minute, whoever asks for what.
    """
    found = CaseList.objects.filter(pk=pk).first()
    if found is None:
        listing.page(listing.EVERYTHING)
        found = CaseList.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def find_living(pk: int) -> CaseList:
    """The same, but 404 for a list that is gone: nothing can be changed there."""
    found = find(pk)
    if found.gone_at:
        raise Http404
    return found


def parse_uuid(text: str) -> uuid.UUID | None:
    """The id of an operation or a draft out of an address; None for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def detail_url(pk: int) -> str:
    """The page of a list."""
    return reverse("caselists_ui:detail", args=[pk])


def problem_of(outcome: Rejected | NotSent | RateLimited) -> str:
    """Why nothing was changed, in words for people; with the vendor's own words when it gave any."""
    if isinstance(outcome, RateLimited):
        return f"{outcome.sentence} It can be sent again at {moment(outcome.until)}."
    if isinstance(outcome, Rejected) and outcome.message and not outcome.is_key_refused:
        return f"{outcome.sentence} Kayse says: {outcome.message}"
    return outcome.sentence


def retry_or_tell(
    request: HttpRequest,
    outcome: Outcome[Any],
    form: OperationForm,
    retry: Retry,
    operation: uuid.UUID | None = None,
) -> HttpResponseBase:
    """Answer an outcome other than applied: the form again when nothing was changed, else the page that says so."""
    if isinstance(outcome, Unknown | Applied):
        return tell(request, operation or form.cleaned_data["operation"])
    form.refuse(problem_of(outcome))
    return retry(_status(request, outcome))


def _status(request: HttpRequest, outcome: Rejected | NotSent | RateLimited) -> int:
    """The status of a page that says why nothing was changed; htmx puts no other error than 422 into a page."""
    if htmx.is_fragment(request) or isinstance(outcome, Rejected):
        return 422
    return 429 if isinstance(outcome, RateLimited) else 503


def not_confirmed(form: OperationForm, error: NotConfirmed, retry: Retry) -> HttpResponse:
    """Somebody marked the list as in use while the page was open: the page again, which now asks for the name."""
    form.refuse(f"{error} Open this page again to do so.")
    return retry(422)


def performed(form: OperationForm) -> AlreadyPerformed | None:
    """The first submission of a form, when this is its second: looked for where the first has changed the page."""
    form.is_valid()  # the first may have made the second invalid: a typed name is not the list's any more
    operation = form.cleaned_data.get("operation") if form.is_bound else None
    return AlreadyPerformed(operation) if operation and queries.one(operation) else None


def again(
    request: HttpRequest, error: AlreadyPerformed, form: OperationForm, is_same: bool, retry: Retry
) -> HttpResponseBase:
    """Answer a second submission: with the result of the first, or with the form where it holds something else now."""
    if is_same:
        return already(request, error)
    form.refuse(
        "This form was sent before, with something else in it. What it holds now has not been sent: look at it, and "
        "send it again if it is meant so."
    )
    return retry(422 if htmx.is_fragment(request) else 409)


def already(request: HttpRequest, error: AlreadyPerformed) -> HttpResponseBase:
    """Answer a second submission with the result of the first; nothing was sent now."""
    closing = error.closing
    if closing is not None and closing.result == "applied" and closing.target_id:
        gone = closing.action == "case_list_delete"
        htmx.toast(request, f"This was done already at {moment(closing.at)}. Nothing was sent again.")
        return htmx.redirect(
            request, reverse("caselists_ui:index") if gone else detail_url(closing.target_id)
        )
    return tell(request, error.operation, again=True)


def tell(
    request: HttpRequest, operation: uuid.UUID, *, again: bool = False, left: Sequence[uuid.UUID] = ()
) -> HttpResponse:
    """The page of an operation that was not simply done: what is known, and the next step. It stays.

    `left`: it is the first of these, which were to be done again after a list was saved and were not.
    """
    found = queries.one(operation)
    if found is None:
        raise Http404
    context = {
        "operation": found[0],
        "again": again,
        "left": [_left(one[0]) for one in map(queries.one, left) if one],
        "list_url": "",
    }
    target = found[0].target_id
    if target is not None and CaseList.objects.filter(pk=target).exists():
        context["list_url"] = detail_url(target)
    return htmx.render(request, "caselists_ui/outcome.html", "caselists_ui/_outcome.html", context)


def _left(operation: Operation) -> tuple[Operation, str, str]:
    """What was to be done again and was not: with its words, and the page that does it."""
    step = Step(Action(operation.opening.action), operation.opening.payload or {})
    return operation, step_words(step, labels.current()), reversing.again_url(operation)


def change_words(done: str, before: CaseList, matched: int | None = None) -> str:
    """ "Attached: 150 → 153 cases, as of 14:32.", or that nobody could be asked for the number after the change."""
    after = find(before.pk)
    many = "" if matched is None else f"{number(matched)} case{'' if matched == 1 else 's'} matched"
    if after.counted_at == before.counted_at:
        return f"{done}{many and f': {many}'}. The new number of cases could not be read."
    return f"{done}: {many and f'{many}, '}{number(before.case_count)} → {count_words(after)}."


def count_words(lists: CaseList) -> str:
    """ "150 cases, as of 14:32", or that the number was not told."""
    if lists.case_count is None:
        return "Kayse has not told how many cases it has"
    many = "case" if lists.case_count == 1 else "cases"
    return f"{number(lists.case_count)} {many}, as of {moment(lists.counted_at)}"
