"""/clients/selected/<token>/edit/: one field for all, with a guard for lifting opt-outs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui.models import Client, Selection
from clients_ui.selection.forms import SHARED
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs.models import Job
from tests.clients_ui.conftest import job_of, selected, text_of, yes
from tests.conftest import Sandbox
from tests.jobs.helpers import outcomes, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(people: dict[str, User], hundred: list[int]) -> Selection:
    return selected(people["paralegal"], hundred[:3])


@pytest.fixture
def admins(people: dict[str, User], hundred: list[int]) -> Selection:
    """Three clients who have opted out, selected by an administrator."""
    Client.objects.filter(pk__in=hundred[:3]).update(voice_calls_opted_out=True)
    return selected(people["administrator"], hundred[:3])


def send(browser: Browser, selection: Selection, **values: Any) -> Any:
    return browser.post(f"/clients/selected/{selection.pk}/edit/", yes(**values))


def test_first_the_field_then_the_value_then_a_yes(
    as_paralegal: Browser, three: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    Client.objects.filter(pk=hundred[0]).update(city="Waco")
    page = as_paralegal.get(f"/clients/selected/{three.pk}/edit/").content.decode()
    assert all(f'<option value="{name}">' in page for name in SHARED)
    assert "first_name" not in page
    page = text_of(as_paralegal.get(f"/clients/selected/{three.pk}/edit/?field=city"))
    assert "Empty the field “City” for all of them" in page
    answer = send(as_paralegal, three, field="city", value="Waco", reason="moved")
    page = text_of(answer)
    assert (answer.status_code, sandbox.requests()) == (200, [])
    assert "Set City to “Waco” for 3 clients?" in page
    assert "as far as is known here: 1." in page
    assert "This takes 1 request" in page
    job = job_of(send(as_paralegal, three, field="city", value="Waco", reason="moved", confirmed="yes"))
    assert (job.title, outcomes(job)) == ("Edit City of 3 clients", {"updated": 2, "unchanged": 1})
    assert [sandbox.client(pk)["city"] for pk in hundred[1:3]] == ["Waco", "Waco"]
    assert Event.objects.get(stage="intent").reason == "moved"
    recorded(job)


def test_a_field_is_emptied_only_on_purpose(
    as_paralegal: Browser, three: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    answer = send(as_paralegal, three, field="city", value=" ", confirmed="yes")
    assert (answer.status_code, "This field is required." in text_of(answer)) == (422, True)
    Client.objects.filter(pk=hundred[0]).update(city=None, told={"city": None})
    both = send(as_paralegal, three, field="city", value="Waco", empty="on", confirmed="yes")
    assert both.status_code == 422
    assert not Job.objects.exists()
    page = text_of(send(as_paralegal, three, field="city", value="", empty="on"))
    assert "Set City to nothing for 3 clients?" in page
    assert "This takes 1 request" in page
    job_of(send(as_paralegal, three, field="city", value="", empty="on", confirmed="yes"))
    assert sandbox.client(hundred[0])["city"] is None


def test_a_required_field_is_never_emptied(as_paralegal: Browser, three: Selection, sandbox: Sandbox) -> None:
    values = {"field": "external_source", "value": "", "empty": "on", "confirmed": "yes"}
    assert send(as_paralegal, three, **values).status_code == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("city", "x" * 256),
        ("city", "a\x00b"),
        ("first_name", "Ana"),
        ("external_source", ""),
        ("nonsense", "x"),
        ("voice_calls_opted_out", "maybe"),
    ],
)
def test_bad_input(as_paralegal: Browser, three: Selection, sandbox: Sandbox, field: str, value: str) -> None:
    assert send(as_paralegal, three, field=field, value=value, confirmed="yes").status_code == 422
    assert not Job.objects.exists()


def test_lifting_opt_outs_needs_the_permission(
    as_paralegal: Browser, people: dict[str, User], hundred: list[int], sandbox: Sandbox
) -> None:
    Client.objects.filter(pk__in=hundred[:3]).update(voice_calls_opted_out=True)
    three = selected(people["paralegal"], hundred[:3])
    page = text_of(as_paralegal.get(f"/clients/selected/{three.pk}/edit/?field=voice_calls_opted_out"))
    assert "May be called" not in page
    lifting = {"field": "voice_calls_opted_out", "value": "false", "may_be_called": "on", "reason": "agreed"}
    assert send(as_paralegal, three, **lifting, confirmed="yes").status_code == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize("missing", ["may_be_called", "reason"])
def test_lifting_opt_outs_needs_a_word_and_a_reason(
    as_admin: Browser, admins: Selection, sandbox: Sandbox, missing: str
) -> None:
    lifting = {"field": "voice_calls_opted_out", "value": "false", "may_be_called": "on", "reason": "agreed"}
    answer = send(as_admin, admins, **{**lifting, missing: ""}, confirmed="yes")
    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_lifting_opt_outs(as_admin: Browser, admins: Selection, hundred: list[int], sandbox: Sandbox) -> None:
    lifting = {"field": "voice_calls_opted_out", "value": "false", "may_be_called": "on", "reason": "agreed"}
    page = text_of(send(as_admin, admins, **lifting))
    assert "to “May be called” for 3 clients?" in page
    job = job_of(send(as_admin, admins, **lifting, confirmed="yes"))
    assert outcomes(job) == {"updated": 3}
    assert not Client.objects.filter(pk__in=hundred[:3], voice_calls_opted_out=True).exists()


def test_a_hundred_and_one_are_typed(
    as_paralegal: Browser, people: dict[str, User], hundred: list[int], sandbox: Sandbox
) -> None:
    other = Client.objects.exclude(pk__in=hundred).first()
    assert other is not None
    selection = selected(people["paralegal"], [*hundred, other.pk])
    values = {"field": "city", "value": "Waco", "confirmed": "yes"}
    assert send(as_paralegal, selection, **values).status_code == 422
    assert job_of(send(as_paralegal, selection, **values, confirm="101")).total == 101


def test_access(client: Browser, as_manager: Browser, as_admin: Browser, three: Selection) -> None:
    path = f"/clients/selected/{three.pk}/edit/"
    assert client.get(path)["Location"].startswith("/sign-in/")
    assert as_manager.get(path).status_code == 403
    assert as_admin.get(path).status_code == 404
