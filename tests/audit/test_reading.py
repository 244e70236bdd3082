"""What a reader of the record sees: kinds by role everywhere, and personal values only by asking, on the record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client as Browser

from kayse_admin.accounts import roles
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Capability, Role
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.masking import HIDDEN, hidden
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Target
from tests.audit.factory import ANA, CITY, ROUNDUP, acting, performed
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

PRIVATE = {
    "email": "ana.garcia@mail.example", "mobile": "+16175550123", "date_of_birth": "1975-02-28",
    "address_line1": "12 Elm Street", "address_line2": "Flat 9b", "postal_code": "02139",
}  # fmt: skip
IN_WORDS = "Called +1 (617) 555-0199, wrote to other@mail.example."


@pytest.fixture
def edit(people: dict[str, User]) -> Event:
    """An edit that holds every personal value in every place where one can stand."""
    before, after = {**PRIVATE, "city": "Austin"}, {**PRIVATE, "mobile": "+16175550177", "city": "Dallas"}
    return performed(
        acting(people["paralegal"]), before=before, payload=after, after=after, answer={"id": 7, "data": after},
        detail=IN_WORDS,
    )  # fmt: skip


SECRETS = [*PRIVATE.values(), "+16175550177", "555-0199", "other@mail.example"]


def told(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def text(response: Any) -> str:
    body = response.getvalue() if isinstance(response, StreamingHttpResponse) else response.content
    return body.decode()


READING = ["/audit/", "/audit/?action=client_update", "/audit/export.csv", "/audit/export.ndjson", "/"]


@pytest.mark.parametrize("address", [*READING, "/audit/{}/"])
@pytest.mark.parametrize("who", ["auditor", "administrator"])
def test_personal_values_are_hidden_from_readers(
    who: str, address: str, edit: Event, people: dict[str, User]
) -> None:
    html = text(signed_in(people[who]).get(address.format(edit.operation)))
    assert told(html) == []
    assert "Ana García" in html
    if "export" in address:
        assert "Dallas" in html  # cities are what the log is about


def test_who_did_it_sees_what_they_typed(edit: Event, as_paralegal: Browser) -> None:
    html = text(as_paralegal.get(f"/audit/{edit.operation}/"))
    assert "+16175550177" in html
    assert "Reveal them" not in html


def test_revealing_shows_them_and_is_an_event_each_time(edit: Event, as_admin: Browser) -> None:
    assert "Reveal them" in text(as_admin.get(f"/audit/{edit.operation}/"))
    before = Event.objects.count()
    for number in (1, 2):
        response = as_admin.post(f"/audit/{edit.operation}/reveal/")
        assert response.status_code == 200
        html = text(response)
        for value in ("+16175550123", "+16175550177", "555-0199", "other@mail.example", "1975-02-28"):
            assert value in html
        assert "That you asked for them is in the log." in html
        assert Event.objects.count() == before + number
    event = Event.objects.order_by("-id")[0]
    assert (event.action, event.actor_name, event.target_kind, event.target_id) == (
        "client_reveal", "Ada Min", "operation", edit.pk,
    )  # fmt: skip
    assert event.payload == {"operation": str(edit.operation)}
    assert told(json.dumps(list(Event.objects.filter(pk=event.pk).values()), default=str)) == []
    assert told(text(as_admin.get(f"/audit/{edit.operation}/"))) == []


@pytest.mark.parametrize("who", ["auditor", "paralegal", "manager", "nobody"])
def test_nobody_else_reveals(who: str, edit: Event, people: dict[str, User]) -> None:
    browser, before = signed_in(people[who]), Event.objects.count()
    assert browser.post(f"/audit/{edit.operation}/reveal/").status_code == 403
    assert Event.objects.count() == before
    if who == "auditor":
        html = text(browser.get(f"/audit/{edit.operation}/"))
        assert "Personal values are hidden." in html
        assert "Reveal them" not in html


def test_revealing_takes_a_post_a_session_and_an_operation(edit: Event, as_admin: Browser) -> None:
    before = Event.objects.count()
    assert as_admin.get(f"/audit/{edit.operation}/reveal/").status_code == 405
    assert as_admin.post("/audit/00000000-0000-4000-8000-000000000000/reveal/").status_code == 404
    answer = Browser().post(f"/audit/{edit.operation}/reveal/")
    assert answer["Location"].startswith("/sign-in/")
    assert Event.objects.count() == before


def test_what_holds_nothing_offers_nothing(people: dict[str, User], as_admin: Browser) -> None:
    begun = performed(acting(people["paralegal"]), **CITY)
    html = text(as_admin.get(f"/audit/{begun.operation}/"))
    assert "Personal values are hidden." not in html


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_an_export_with_personal_values_is_a_post_and_says_so(
    kind: str, edit: Event, as_admin: Browser
) -> None:
    body = text(as_admin.post(f"/audit/in-full/export.{kind}?action=client_update"))
    assert "+16175550177" in body
    event = Event.objects.order_by("-id")[0]
    assert (event.action, event.payload["personal_values"]) == ("audit_export", True)
    assert event.target_label.endswith("with personal values")
    text(as_admin.get(f"/audit/export.{kind}"))
    assert Event.objects.order_by("-id")[0].payload["personal_values"] is False


def test_an_auditor_takes_no_such_export(edit: Event, as_auditor: Browser) -> None:
    before = Event.objects.count()
    assert as_auditor.post("/audit/in-full/export.csv").status_code == 403
    assert Event.objects.count() == before
    assert "with personal values" not in text(as_auditor.get("/audit/"))


def test_a_note_carries_no_personal_value_in_its_name(people: dict[str, User], as_paralegal: Browser) -> None:
    begun = performed(
        acting(people["paralegal"]), before={"mobile": "+16175550123"}, after={"mobile": "+16175550177"}
    )
    assert as_paralegal.post(f"/audit/{begun.operation}/note/", {"note": "Checked."}).status_code == 303
    note = Event.objects.order_by("-id")[0]
    assert note.target_label == "Paula Legal edited the mobile of client Ana García"


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("+16175550123", HIDDEN), ("617 555 0123", HIDDEN), ("(617) 555-0123", HIDDEN), ("6175550123", HIDDEN),
        ("+44 20 7946 0958", HIDDEN), ("a.b+c@mail.example.org", HIDDEN),
        ("q=ana%40mail.example&x=1", f"q={HIDDEN}&x=1"), ("123-45-6789", "•••-••-••••"),
        ("2026-11-22 00:19:31", "2026-11-22 00:19:31"), ("Client 1042 of 20,000", "Client 1042 of 20,000"),
        ("00000000000000000000000000000309", "00000000000000000000000000000309"),
        ("3f9a6175550123bc", "3f9a6175550123bc"), (True, True), (None, None), (6175550123, 6175550123),
    ],
)  # fmt: skip
def test_what_is_known_by_its_look(value: Any, safe: Any) -> None:
    assert hidden(value) == safe
    assert hidden({"clients": [{"x": value}]}) == {"clients": [{"x": safe}]}


@pytest.mark.parametrize(("name", "value"), PRIVATE.items())
def test_what_is_known_by_its_field(name: str, value: str) -> None:
    assert hidden({"data": [{name: value}]}) == {"data": [{name: HIDDEN}]}
    assert hidden({name: None}) == {name: None}
    assert hidden({name: ""}) == {name: ""}


# --- Kinds by role --------------------------------------------------------------------------------------------


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch, people: dict[str, User]) -> Browser:
    """An auditor of a firm that gave the role case lists only."""
    few = frozenset({Capability.AUDIT_VIEW, Capability.AUDIT_REVEAL, Capability.LISTS_VIEW})
    monkeypatch.setitem(roles.GRANTS, Role.AUDITOR, few)
    return signed_in(people["auditor"])


@pytest.fixture
def both(people: dict[str, User]) -> dict[str, Event]:
    """From one click: an edit of a client and one of a list; and an export of clients."""
    paula = acting(people["paralegal"], gesture="e" * 32)
    recorder.fact(paula, Action.CLIENT_EXPORT, Target("directory", None, "everybody in Austin"))
    return {
        "client": performed(paula, target=ANA, **CITY),
        "case_list": performed(paula, Action.CASE_LIST_UPDATE, ROUNDUP, result="rejected"),
    }


@pytest.mark.parametrize("address", [*READING, "/audit/numbers/"])
def test_a_reader_sees_only_kinds_of_the_role(
    address: str, both: dict[str, Event], narrow: Browser, as_admin: Browser
) -> None:
    found = text(narrow.get(address))
    assert "Ana García" not in found
    assert "Austin" not in found
    assert str(both["client"].operation) not in found
    if address in READING[2:]:
        assert "Roundup" in found
        assert "Ana García" in text(as_admin.get(address))  # the control: it is there for others


def test_the_numbers_count_only_those_kinds(
    both: dict[str, Event], narrow: Browser, as_admin: Browser
) -> None:
    whole = "Refused by Kayse</th>"
    ours, theirs = text(as_admin.get("/audit/numbers/")), text(narrow.get("/audit/numbers/"))
    assert whole in ours
    assert whole in theirs
    assert ">Done</th>" in ours  # the client's edit
    assert ">Done</th>" not in theirs


def test_filters_offer_and_take_only_those_kinds(both: dict[str, Event], narrow: Browser) -> None:
    assert '<option value="client">' not in text(narrow.get("/audit/"))
    assert narrow.get("/audit/?kind=client&pk=7").status_code == 422
    assert narrow.get("/audit/export.csv?kind=client").status_code == 422
    for query in (
        "action=client_update",
        "q=ana",
        "person=1",
        f"gesture={'e' * 32}",
        "result=applied",
        "when=today",
    ):
        assert "Ana García" not in text(narrow.get(f"/audit/?{query}"))


def test_a_saved_filter_opens_nothing(both: dict[str, Event], narrow: Browser) -> None:
    assert narrow.post("/audit/filters/new/?kind=client&pk=7", {"name": "Ana"}).status_code == 303
    assert "Ana García" not in text(narrow.get("/audit/?kind=client&pk=7"))


def test_an_operation_of_another_kind_is_closed(both: dict[str, Event], narrow: Browser) -> None:
    client, listed = (f"/audit/{both[kind].operation}/" for kind in ("client", "case_list"))
    before = Event.objects.count()
    assert narrow.get(client).status_code == 403
    for step, form in (("note/", {"note": "x"}), ("reveal/", {}), ("resolve/", {})):
        assert narrow.post(client + step, form).status_code == 403
    assert Event.objects.count() == before
    html = text(narrow.get(listed))
    assert "Roundup" in html
    assert "Ana García" not in html  # from the same click


def test_every_kind_is_visible_to_both_reviewing_roles() -> None:
    for role in (Role.AUDITOR, Role.ADMINISTRATOR):
        from kayse_admin.audit.reading import hidden_kinds

        assert hidden_kinds(Actor(1, "x", capabilities=roles.granted([role.value]))) == frozenset()
