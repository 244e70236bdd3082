"""GET /audit/<operation>/ and POST /audit/<operation>/resolve/ and note/: one operation, and a person's word for it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder, remarks
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.audit.records import Finding, Target
from tests.audit.factory import CITY, ROUNDUP, acting, performed
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def url(event: Event, tail: str = "") -> str:
    return f"/audit/{event.operation}/{tail}"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_it_tells_everything_about_it(as_auditor: Browser, people: dict[str, User]) -> None:
    paula = acting(people["paralegal"], gesture="a" * 32)
    begun = performed(
        paula, payload={"city": "Dallas"}, answer={"id": 7, "city": "Dallas"}, requests=2, duration_ms=1230,
        http_status=200, **CITY,
    )  # fmt: skip
    html = text(as_auditor.get(url(begun)))
    assert "<h1>Paula Legal edited the city of client Ana García from Austin to Dallas</h1>" in html
    for fact in (
        "Paralegal",
        "10.0.0.7",
        "Edit client",
        "client Ana García, number 7",
        str(begun.operation),
        "a" * 32,
    ):
        assert fact in html
    assert "2 requests · 1,230 ms · status 200" in html
    assert '<del class="bad">Austin</del>' in html
    assert '<ins class="ok">Dallas</ins>' in html
    assert "{ &quot;city&quot;: &quot;Dallas&quot; }" in html
    assert "{ &quot;id&quot;: 7, &quot;city&quot;: &quot;Dallas&quot; }" in html
    assert 'href="/clients/7/"' in html


def test_it_tells_the_whole_life(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), result="unknown", detail="Kayse fell silent.")
    recorder.reconciled(begun, Finding("applied", "It is there.", requests=1), Actor.system("Recovery"))
    html = text(as_auditor.get(url(begun)))
    steps = ["Written down before anything was sent", "Kayse fell silent.", "Found out later", "It is there."]
    places = [html.index(step) for step in steps]
    assert places == sorted(places)
    assert "Recovery · 1 request" in html


def test_it_leads_to_what_happened_around_it(as_auditor: Browser, people: dict[str, User]) -> None:
    paula = acting(people["paralegal"], gesture="b" * 32)
    before = performed(acting(people["manager"]))
    begun = performed(paula)
    sibling = performed(paula, Action.CASE_LIST_APPEND_CLIENTS, ROUNDUP)
    performed(paula, target=Target("client", 8, "Somebody else"))
    html = text(as_auditor.get(url(begun)))
    same_click, around = html.split('id="gesture"')[1].split('id="around"')
    assert url(sibling) in same_click
    assert url(before) in around
    assert url(sibling) not in around
    assert "/audit/?kind=client&amp;pk=7" in around


def test_what_was_refused_shows_what_was_asked_for(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(
        acting(people["paralegal"]), result="rejected", before={"city": "Austin", "mobile": "+16175550123"},
        payload={"city": "Dallas"}, http_status=400,
    )  # fmt: skip
    html = text(as_auditor.get(url(begun)))
    assert "What was asked for" in html
    assert '<ins class="ok">Dallas</ins>' in html
    assert "not told" not in html


def test_social_security_numbers_are_not_shown(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(
        acting(people["paralegal"]), payload={"note": "123-45-6789"}, before={"ssn": "123456789"}, after={"ssn": None},
        answer={"social_security": "987654321"}, detail="Was 123-45-6789.", target=Target("client", 7, "123-45-6789"),
    )  # fmt: skip
    html = text(as_auditor.get(url(begun)))
    for number in ("123-45-6789", "123456789", "987654321"):
        assert number not in html
    assert "•••-••-••••" in html


def test_the_person_who_did_it_may_open_it(as_paralegal: Browser, people: dict[str, User]) -> None:
    mine = performed(acting(people["paralegal"], gesture="c" * 32), **CITY)
    performed(acting(people["manager"], gesture="c" * 32))
    html = text(as_paralegal.get(url(mine)))
    assert "from Austin to Dallas" in html
    assert "From the same click" not in html
    assert "before and after" not in html
    assert 'href="/audit/"' not in html


def test_nobody_else_may_open_it(people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]))
    for name, status in {"manager": 403, "nobody": 403, "auditor": 200, "administrator": 200}.items():
        assert signed_in(people[name]).get(url(begun)).status_code == status
    assert Browser().get(url(begun)).status_code == 303


def test_what_nobody_did_is_not_everybodys(as_nobody: Browser) -> None:
    begun = performed(Actor.system("Recovery"))
    assert as_nobody.get(url(begun)).status_code == 403


def test_an_unknown_operation_is_no_page(as_auditor: Browser, as_paralegal: Browser) -> None:
    for browser in (as_auditor, as_paralegal):
        assert browser.get(f"/audit/{uuid.uuid4()}/").status_code == 404
        assert browser.get("/audit/not-an-operation/").status_code == 404
        assert browser.post(f"/audit/{uuid.uuid4()}/resolve/").status_code == 404


def test_the_queries_do_not_grow(as_auditor: Browser, people: dict[str, User]) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            as_auditor.get(url(begun))
        return len(caught)

    paula = acting(people["paralegal"], gesture="d" * 32)
    begun = performed(paula)
    performed(paula)
    as_auditor.get(url(begun))
    few = asked()
    for _ in range(12):
        performed(paula)
    assert asked() == few


# --- A person's finding ---------------------------------------------------------------------------------------

FOUND = {"finding": "applied", "because": "The client is in Kayse with this address."}


@pytest.fixture
def unknown(people: dict[str, User]) -> Event:
    return performed(acting(people["paralegal"]), result="unknown", **CITY)


@pytest.mark.parametrize(("finding", "word"), [("applied", "Done"), ("not_applied", "Did not happen")])
def test_the_person_who_did_it_says_what_became_of_it(
    as_paralegal: Browser, unknown: Event, finding: str, word: str
) -> None:
    assert "Record what I found" in text(as_paralegal.get(url(unknown)))
    response = as_paralegal.post(url(unknown, "resolve/"), {**FOUND, "finding": finding}, follow=True)
    assert response.status_code == 200
    html = text(response)
    assert word in html
    assert "Your finding is in the record." in html
    assert "Record what I found" not in html
    event = Event.objects.order_by("-id")[0]
    assert (event.stage, event.result, event.detail) == ("reconciled", finding, FOUND["because"])
    assert (event.actor_name, event.actor_role, event.operation) == (
        "Paula Legal",
        "Paralegal",
        unknown.operation,
    )
    assert not OpenOperation.objects.exists()
    assert Event.objects.count() == 3


def test_an_administrator_may_say_it_too(as_admin: Browser, unknown: Event) -> None:
    assert as_admin.post(url(unknown, "resolve/"), FOUND).status_code == 303
    assert Event.objects.order_by("-id")[0].actor_name == "Ada Min"


@pytest.mark.parametrize("name", ["auditor", "manager", "nobody"])
def test_nobody_else_may(name: str, people: dict[str, User], unknown: Event) -> None:
    browser = signed_in(people[name])
    assert browser.post(url(unknown, "resolve/"), FOUND).status_code == 403
    assert Event.objects.count() == 2
    if name == "auditor":
        assert "Record what I found" not in text(browser.get(url(unknown)))


def test_the_service_asks_again_who_it_is(people: dict[str, User], unknown: Event) -> None:
    with pytest.raises(PermissionDenied):
        remarks.resolve(acting(people["auditor"]), unknown.operation, "applied", "x")
    assert Event.objects.count() == 2


def test_signing_in_is_needed_and_post(unknown: Event, as_admin: Browser) -> None:
    assert Browser().post(url(unknown, "resolve/"), FOUND)["Location"].startswith("/sign-in/")
    assert as_admin.get(url(unknown, "resolve/")).status_code == 405
    assert Event.objects.count() == 2


def test_a_foreign_form_is_refused(people: dict[str, User], unknown: Event) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(people["administrator"])
    assert browser.post(url(unknown, "resolve/"), FOUND).status_code == 403
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "Say which of the two it is."),
        ({**FOUND, "because": ""}, "Say where you looked, so that others can rely on it."),
        ({**FOUND, "because": "   "}, "Say where you looked, so that others can rely on it."),
        ({**FOUND, "finding": "maybe"}, "Choose one of the list."),
        ({**FOUND, "because": "a\0b"}, "Null characters are not allowed."),
        ({**FOUND, "because": "x" * 401}, "at most 400 characters"),
        ({**FOUND, "because": "x" * 2_000_000}, "at most 400 characters"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_bad_finding_is_told_at_its_field(
    as_admin: Browser, unknown: Event, data: Any, message: str
) -> None:
    response = as_admin.post(url(unknown, "resolve/"), data)
    assert response.status_code == 422
    assert message in text(response)
    assert Event.objects.count() == 2


def test_ten_megabytes_are_refused(as_admin: Browser, unknown: Event) -> None:
    assert as_admin.post(url(unknown, "resolve/"), {**FOUND, "because": "x" * 10_000_000}).status_code in {
        400,
        413,
    }
    assert Event.objects.count() == 2


def test_the_second_of_two_findings_is_told_so(as_admin: Browser, unknown: Event) -> None:
    assert as_admin.post(url(unknown, "resolve/"), FOUND).status_code == 303
    response = as_admin.post(url(unknown, "resolve/"), {**FOUND, "finding": "not_applied"})
    assert response.status_code == 409
    assert "Somebody was faster" in text(response)
    assert Event.objects.count() == 3


def test_what_is_known_or_under_way_cannot_be_resolved(as_admin: Browser, people: dict[str, User]) -> None:
    for begun in (performed(acting(people["paralegal"])), performed(acting(people["paralegal"]), result="")):
        assert as_admin.post(url(begun, "resolve/"), FOUND).status_code == 409
    assert not Event.objects.filter(stage="reconciled").exists()


# --- Notes ----------------------------------------------------------------------------------------------------


def test_a_note_is_an_event_and_stands_on_the_page(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]), **CITY)
    response = as_auditor.post(
        url(begun, "note/"), {"note": "The client called.\n<b>Twice.</b>"}, follow=True
    )
    html = text(response)
    assert "The client called.<br>&lt;b&gt;Twice.&lt;/b&gt;" in html
    assert "Your note is in the record." in html
    event = Event.objects.order_by("-id")[0]
    assert (event.stage, event.action, event.target_kind, event.target_id) == (
        "fact",
        "audit_note",
        "operation",
        begun.pk,
    )
    assert event.actor_name == "Audrey Tor"
    assert event.payload == {"operation": str(begun.operation)}
    own = text(as_auditor.get(url(event)))
    assert "Audrey Tor added a note to operation Paula Legal edited the city" in own
    assert f'href="{url(begun)}"' in own


def test_a_note_that_is_sent_twice_is_one(as_auditor: Browser, people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]))
    for words in ("The same.", "The same.", "Another."):
        assert as_auditor.post(url(begun, "note/"), {"note": words}).status_code == 303
    assert Event.objects.filter(action="audit_note").count() == 2


def test_who_may_add_a_note(people: dict[str, User]) -> None:
    begun = performed(acting(people["paralegal"]))
    for name, status in {
        "paralegal": 303,
        "auditor": 303,
        "administrator": 303,
        "manager": 403,
        "nobody": 403,
    }.items():
        assert signed_in(people[name]).post(url(begun, "note/"), {"note": f"By {name}"}).status_code == status
    assert Browser().post(url(begun, "note/"), {"note": "x"})["Location"].startswith("/sign-in/")
    assert signed_in(people["auditor"]).get(url(begun, "note/")).status_code == 405
    assert signed_in(people["auditor"]).post(f"/audit/{uuid.uuid4()}/note/", {"note": "x"}).status_code == 404
    assert Event.objects.filter(action="audit_note").count() == 3


@pytest.mark.parametrize(
    "words", ["", "  ", "a\0b", "x" * 401, "x" * 2_000_000], ids=["none", "blank", "nul", "long", "huge"]
)
def test_a_bad_note_is_told_at_its_field(as_auditor: Browser, people: dict[str, User], words: str) -> None:
    begun = performed(acting(people["paralegal"]))
    assert as_auditor.post(url(begun, "note/"), {"note": words}).status_code == 422
    assert not Event.objects.filter(action="audit_note").exists()
