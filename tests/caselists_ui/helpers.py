"""What the tests of the case lists share: forms, the record's two lines of an operation, and the rules of each page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client as Browser

from caselists_ui.models import CaseList
from kayse_admin.audit.models import Event, Stage


def form(**values: Any) -> dict[str, Any]:
    """A form as a browser sends it, with an operation id of its own."""
    return {"operation": str(uuid.uuid4()), **values}


def confirmed(**values: Any) -> dict[str, Any]:
    """The same, from the page that asked for a yes."""
    return form(confirmed="yes", **values)


def told(browser: Browser) -> None:
    """Open the index once, so that every list of the sandbox is known here."""
    assert browser.get("/case-lists/").status_code == 200


def page_of(response: HttpResponse) -> str:
    """The text of a page."""
    return response.content.decode()


def pk_of(response: HttpResponse) -> int:
    """The id of the list to whose page a response leads."""
    assert response.status_code == 303, page_of(response)
    return int(response["Location"].split("/")[2])


@dataclass(frozen=True)
class Told:
    """The lines of the record about one operation."""

    intent: Event
    outcome: Event


def only_operation() -> Told:
    """The one operation in the record: exactly one intent and one outcome, nothing else."""
    events = list(Event.objects.order_by("id"))
    assert [event.stage for event in events] == [Stage.INTENT, Stage.OUTCOME]
    assert events[0].operation == events[1].operation
    return Told(*events)


def no_operation() -> None:
    """Nothing was begun."""
    assert not Event.objects.exists()


def count_of(pk: int) -> int | None:
    """How many cases the list has as it is known here."""
    return CaseList.objects.get(pk=pk).case_count
