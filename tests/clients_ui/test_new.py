"""Creating a client: /clients/new/ and /clients/new/<operation>/."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from clients_ui import bulk
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Row
from tests.clients_ui.conftest import NEW, events, new_fields, text_of
from tests.conftest import Sandbox, signed_in
from tests.jobs.helpers import started

pytestmark = pytest.mark.django_db

URL = "/clients/new/"


def test_the_empty_form(as_paralegal: Browser, sandbox: Sandbox) -> None:
    page = as_paralegal.get(URL)
    assert page.status_code == 200
    assert page.context["form"]["voice_calls_opted_out"].value() == ""
    assert sandbox.requests() == []


def test_creates_and_shows_the_client(as_paralegal: Browser, sandbox: Sandbox) -> None:
    answer = as_paralegal.post(URL, new_fields(case_ids="3 4"))
    client = Client.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/clients/{client.pk}/")
    assert [one["method"] for one in sandbox.requests()] == ["POST"]
    there = sandbox.client(client.pk)
    assert there["mobile"] == "+15125550142"
    assert there["case_ids"] == client.case_ids == [3, 4]
    assert there["first_name"] == client.first_name == "Zoë"
    assert events("client_create") == [("intent", ""), ("outcome", "applied")]
    intent, outcome = Event.objects.filter(action="client_create").order_by("id")
    assert (intent.target_id, outcome.target_id) == (None, client.pk)
    assert (
        text_of(as_paralegal.get(f"/clients/{client.pk}/")).count(
            "Paula Legal created client Zoë Quinn-Núñez"
        )
        == 1
    )


def test_what_was_not_filled_in_is_not_sent(as_paralegal: Browser, sandbox: Sandbox) -> None:
    """Above all the opt-out: nobody decides it by not deciding."""
    as_paralegal.post(URL, new_fields(city="", email=""))
    body = sandbox.requests("POST")[0]["body"]
    assert set(body) == {*NEW} - {"city", "email"}


def test_sparse_answers_lose_nothing_of_what_was_sent(as_paralegal: Browser, sandbox: Sandbox) -> None:
    sandbox.switch(answers="sparse")
    as_paralegal.post(URL, new_fields(postal_code="78701", address_line1="1 A St"))
    client = Client.objects.get()
    assert (client.postal_code, client.address_line1) == ("78701", "1 A St")
    assert client.not_told() == []
    assert (client.address_line2, client.voice_calls_opted_out) == (None, False)


def test_a_double_click_creates_once(as_paralegal: Browser, sandbox: Sandbox) -> None:
    data = new_fields()
    first = as_paralegal.post(URL, data)
    second = as_paralegal.post(URL, {**data, "create_anyway": "1"})
    assert first.headers["Location"] == second.headers["Location"]
    assert len(sandbox.requests("POST")) == 1
    assert events("client_create") == [("intent", ""), ("outcome", "applied")]


def test_a_form_that_is_sent_again_finds_no_lookalike_in_its_own_client(
    as_paralegal: Browser, sandbox: Sandbox
) -> None:
    data = new_fields(email="dora@example.com", mobile="(512) 555-0188", external_source_id="D-1")
    first, second = as_paralegal.post(URL, data), as_paralegal.post(URL, data)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(sandbox.requests("POST")) == 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_moment_create_once(people: dict[str, User], sandbox: Sandbox) -> None:
    sandbox.fault("delay", method="POST", path="/v1/clients", seconds=0.4)
    data = new_fields()
    answers: list[str] = []

    def send() -> None:
        try:
            answers.append(signed_in_again.post(URL, data).headers["Location"])
        finally:
            connection.close()

    signed_in_again = signed_in(people["paralegal"])
    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.requests("POST")) == 1
    assert sorted(answers) == sorted(
        [f"/clients/{Client.objects.get().pk}/", f"/clients/new/{data['operation']}/"]
    )


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"external_source_id": "z 900"}, "same external id"),
        ({"external_source_id": "other", "email": "ZOE@example.com"}, "same e-mail address"),
        ({"external_source_id": "other", "email": "", "mobile": "+1 512.555.0142"}, "same phone number"),
        ({"external_source_id": "Ｚ－９００"}, "same external id"),
    ],
)
def test_somebody_known_here_has_to_be_looked_at_first(
    as_paralegal: Browser, sandbox: Sandbox, typed: dict[str, str], why: str
) -> None:
    as_paralegal.post(URL, new_fields())
    page = as_paralegal.post(URL, new_fields(**typed))
    assert page.status_code == 422
    assert why in text_of(page)
    assert len(sandbox.requests("POST")) == 1
    assert as_paralegal.post(URL, new_fields(**typed, create_anyway="1")).status_code == 303
    assert len(sandbox.requests("POST")) == 2


def test_somebody_whom_a_job_creates_at_this_moment_has_to_be_looked_at_first(
    as_paralegal: Browser, sandbox: Sandbox, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        name: new_fields()[name]
        for name in ("first_name", "last_name", "external_source", "external_source_id")
    }
    started(people["paralegal"], [Row(body=body)])
    pages = []
    send = bulk.Upsert.send

    def meanwhile(*arguments: Any) -> Any:
        pages.append(as_paralegal.post(URL, new_fields()))
        return send(*arguments)

    monkeypatch.setattr(bulk.Upsert, "send", meanwhile)
    runner.serve()
    (page,) = pages
    assert (page.status_code, "same external id" in text_of(page)) == (422, True)
    assert len(sandbox.requests("POST")) == 1


class TestFaults:
    """What the network and the vendor can do to a create: never a second one by a machine."""

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "reset_before"},
            {"kind": "reset_after"},
            {"kind": "cut"},
            {"kind": "html"},
            {"kind": "empty"},
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 503, "apply": True},
        ],
    )
    def test_unknown(self, as_paralegal: Browser, sandbox: Sandbox, fault: dict[str, object]) -> None:
        sandbox.fault(**fault, method="POST", path="/v1/clients")  # type: ignore[arg-type]
        data = new_fields()
        answer = as_paralegal.post(URL, data)
        assert answer.headers["Location"] == f"/clients/new/{data['operation']}/"
        page = as_paralegal.get(answer.headers["Location"])
        words = text_of(page)
        assert "Nobody knows whether the client was created" in words
        assert "could create the client twice" in words
        assert "Z-900" in words
        assert len(sandbox.requests("POST")) == 1
        assert events("client_create") == [("intent", ""), ("outcome", "unknown")]
        assert OpenOperation.objects.get().state == "unknown"
        assert as_paralegal.post(URL, data).headers["Location"] == answer.headers["Location"]
        assert len(sandbox.requests("POST")) == 1

    def test_a_silent_vendor_is_not_waited_for(
        self, as_paralegal: Browser, sandbox: Sandbox, settings: object
    ) -> None:
        settings.KAYSE_PERSON_DEADLINE = 0.5  # type: ignore[attr-defined]
        sandbox.fault("hang", method="POST", path="/v1/clients")
        answer = as_paralegal.post(URL, new_fields(), follow=True)
        assert "Nobody knows whether the client was created" in text_of(answer)

    def test_refused(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        sandbox.fault("status", method="POST", status=400, message="The field email is not wanted.")
        page = as_paralegal.post(URL, new_fields())
        assert page.status_code == 422
        assert "is not wanted" in str(page.context["form"].errors["email"])
        assert page.context["form"]["first_name"].value() == "Zoë"
        assert events("client_create") == [("intent", ""), ("outcome", "rejected")]
        assert not Client.objects.exists()

    def test_no_requests_left(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        sandbox.switch(rate_limit=0)
        page = as_paralegal.post(URL, new_fields())
        assert page.status_code == 429
        assert "available again at" in text_of(page)
        assert page.context["form"]["last_name"].value() == "Quinn-Núñez"
        assert events("client_create") == [("intent", ""), ("outcome", "rate_limited")]

    def test_the_vendor_is_down(self, as_paralegal: Browser, settings: object) -> None:
        settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"  # type: ignore[attr-defined]
        page = as_paralegal.post(URL, new_fields())
        assert page.status_code == 503
        assert page.context["form"]["first_name"].value() == "Zoë"
        assert events("client_create") == [("intent", ""), ("outcome", "not_sent")]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("first_name", ""),
        ("last_name", " "),
        ("external_source", ""),
        ("external_source_id", ""),
        ("email", "x"),
        ("date_of_birth", "yesterday"),
        ("mobile", "12"),
        ("first_name", "a\x00"),
        ("first_name", "x" * 256),
        ("case_ids", "007"),
        ("operation", ""),
    ],
)
def test_invalid(as_paralegal: Browser, sandbox: Sandbox, name: str, typed: str) -> None:
    page = as_paralegal.post(URL, new_fields(**{name: typed}))
    assert page.status_code == 422
    assert name in page.context["form"].errors
    assert page.context["form"]["city"].value() == "Austin"
    assert sandbox.requests() == []
    assert events("client_create") == []


class TestAccess:
    """Who may."""

    def test_needs_sign_in(self, client: Browser, sandbox: Sandbox) -> None:
        assert client.post(URL, new_fields()).headers["Location"].startswith("/sign-in/")
        assert sandbox.requests() == []

    @pytest.mark.parametrize("who", ["as_manager", "as_auditor", "as_nobody"])
    def test_needs_the_role(self, request: pytest.FixtureRequest, sandbox: Sandbox, who: str) -> None:
        browser: Browser = request.getfixturevalue(who)
        assert browser.get(URL).status_code == 403
        assert browser.post(URL, new_fields()).status_code == 403
        assert sandbox.requests() == []

    def test_an_outcome_is_for_whoever_sent_it(
        self, as_paralegal: Browser, people: dict[str, User], sandbox: Sandbox
    ) -> None:
        sandbox.fault("reset_before", method="POST", path="/v1/clients")
        where = as_paralegal.post(URL, new_fields()).headers["Location"]
        other = User.objects.create_user("other")
        other.groups.set(people["paralegal"].groups.all())
        assert signed_in(other).get(where).status_code == 404
        assert signed_in(people["administrator"]).get(where).status_code == 200

    def test_unknown_outcome(self, as_paralegal: Browser) -> None:
        assert as_paralegal.get(f"/clients/new/{uuid.uuid4()}/").status_code == 404

    def test_outcome_refuses_post(self, as_paralegal: Browser) -> None:
        assert as_paralegal.post(f"/clients/new/{uuid.uuid4()}/").status_code == 405
