"""Clients for the tests of their screens: known here as the sandbox has them, without a request."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from clients_ui import directory, export_file, knowledge
from clients_ui.fields import WRITABLE
from clients_ui.forms import EditForm
from clients_ui.load import load
from clients_ui.models import Client, Picked, Selection
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs.models import Job
from tests.conftest import Sandbox


@pytest.fixture
def known(sandbox: Sandbox) -> Callable[[int], Client]:
    """Make a client of the sandbox known here in full, as a load of the export would."""

    def make(pk: int) -> Client:
        at = timezone.now().replace(microsecond=0) - timezone.timedelta(minutes=5)
        client = knowledge.blank(pk, at)
        record = sandbox.client(pk)
        knowledge.merge(client, {name: record[name] for name in WRITABLE}, at)
        client.save()
        directory.forget_count()
        return client

    return make


@pytest.fixture
def ana(known: Callable[[int], Client]) -> Client:
    """A client with cases, known here in full."""
    return known(2)


def posted(page: Any) -> dict[str, str]:
    """What a browser would send back from the form of a page: every control with its value."""
    form = page.context["form"]
    return {name: str(form[name].value() if form[name].value() is not None else "") for name in form.fields}


def edit_fields(client: Client, **changes: str) -> dict[str, str]:
    """A freshly opened edit form as it would be sent, with these controls typed over."""
    known = client.known()
    form = EditForm.opened(client.pk, {name: known[name] for name in WRITABLE if name in known})
    data = {name: str(form[name].value() if form[name].value() is not None else "") for name in form.fields}
    return {**data, **changes}


def save_though_untold(browser: Browser, client: Client, **typed: str) -> int:
    """Save an edit of a client of whom Kayse has told only a part, and take the risk when asked; the last status."""
    address = f"/clients/{client.pk}/edit/"
    asked = browser.post(address, edit_fields(client, **typed))
    assert asked.status_code == 409
    return browser.post(address, {**posted(asked), "may_empty": "on"}).status_code


NEW = {
    "first_name": "Zoë",
    "last_name": "Quinn-Núñez",
    "external_source": "manual",
    "external_source_id": "Z-900",
    "mobile": "(512) 555-0142",
    "email": "zoe@example.com",
    "date_of_birth": "1980-02-29",
    "city": "Austin",
    "state": "TX",
}


def new_fields(**changes: str) -> dict[str, str]:
    """The form for a new client, filled in, with an operation id of its own."""
    return {**NEW, "operation": str(uuid.uuid4()), **changes}


def events(action: str) -> list[tuple[str, str]]:
    """Stage and result of every event of this action, oldest first."""
    return list(Event.objects.filter(action=action).order_by("id").values_list("stage", "result"))


def text_of(page: Any) -> str:
    """The words of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


@pytest.fixture
def queries() -> Callable[[Browser, str], int]:
    """How many queries a page costs."""
    from django.test.utils import CaptureQueriesContext

    def count(browser: Browser, url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(url).status_code == 200
        return len(captured)

    return count


@pytest.fixture(
    params=[("partial", "full"), ("partial", "sparse"), ("replace", "full"), ("replace", "sparse")]
)
def reading(request: pytest.FixtureRequest, sandbox: Sandbox) -> tuple[str, str]:
    """Each way to read the vendor's pages: PUT partial or replace, answers full or sparse."""
    put, answers = request.param
    sandbox.switch(put=put, answers=answers)
    return put, answers


@pytest.fixture
def hundred(sandbox: Sandbox) -> list[int]:
    """100 clients of the sandbox, who may all be called, known here by its export; their ids."""
    sandbox.reset(seed=130)
    text = sandbox.http.get("/_sandbox/export.csv").text
    load(export_file.read(text.splitlines(keepends=True)), timezone.now() - timezone.timedelta(minutes=5))
    directory.forget_count()
    callable_ = Client.objects.filter(voice_calls_opted_out=False, gone_at=None)
    return list(callable_.order_by("pk").values_list("pk", flat=True)[:100])


def selected(person: User, ids: list[int], words: str = "") -> Selection:
    """A selection of this person's."""
    made = Selection.objects.create(
        owner_id=person.pk,
        expires_at=timezone.now() + timezone.timedelta(hours=1),
        words=words,
        count=len(ids),
    )
    Picked.objects.bulk_create(Picked(selection=made, client=pk) for pk in ids)
    return made


def yes(**values: Any) -> dict[str, Any]:
    """What the page that asks for a yes sends back, of a selection that was not changed by hand."""
    return {"operation": str(uuid.uuid4()), "mark": "0", "reason": "", **values}


def job_of(answer: Any) -> Job:
    """The job to whose page an answer leads."""
    assert answer.status_code == 303, text_of(answer)
    return Job.objects.get(pk=int(answer["Location"].split("/")[2]))
