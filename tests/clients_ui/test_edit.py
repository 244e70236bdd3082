"""Editing one client: /clients/<pk>/edit/."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from clients_ui.fields import FIELDS, WRITABLE
from clients_ui.models import Client
from kayse_admin.audit.models import Event, OpenOperation
from tests.clients_ui.conftest import edit_fields, events, posted, save_though_untold, text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

TYPED = {
    "first_name": ("Renée", "Renée"),
    "last_name": ("O'Hara", "O'Hara"),
    "date_of_birth": ("1979-12-31", "1979-12-31"),
    "mobile": ("(512) 555-0199", "+15125550199"),
    "email": ("new.address@example.com", "new.address@example.com"),
    "voice_calls_opted_out": ("true", True),
    "address_line1": ("1 New Street", "1 New Street"),
    "address_line2": ("Floor 9", "Floor 9"),
    "city": ("Dallas", "Dallas"),
    "state": ("OK", "OK"),
    "postal_code": ("75001-1234", "75001-1234"),
    "external_source": ("other", "other"),
    "external_source_id": ("X-1", "X-1"),
    "case_ids": ("3, 4\n5", [3, 4, 5]),
}


def url(pk: int) -> str:
    return f"/clients/{pk}/edit/"


def test_the_table_of_typed_values_is_whole() -> None:
    assert set(TYPED) == set(WRITABLE)


def test_opening_the_form_costs_no_request(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    page = as_paralegal.get(url(ana.pk))
    assert page.status_code == 200
    assert page.context["form"]["city"].value() == ana.city
    assert sandbox.requests() == []


@pytest.mark.parametrize("name", WRITABLE)
def test_each_field_alone_changes_and_nothing_else(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, reading: tuple[str, str], name: str
) -> None:
    """The heart of it: right under both readings of PUT and with answers that tell little."""
    before = sandbox.client(ana.pk)
    typed, value = TYPED[name]
    answer = as_paralegal.post(url(ana.pk), edit_fields(ana, **{name: typed}))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/clients/{ana.pk}/")
    after = sandbox.client(ana.pk)
    assert {**after, "update_origin": None} == {**before, name: value, "update_origin": None}
    assert [one["method"] for one in sandbox.requests()] == ["GET", "PUT"]
    assert getattr(Client.objects.get(pk=ana.pk), name) == value
    assert events("client_update") == [("intent", ""), ("outcome", "applied")]
    assert not Event.objects.filter(action="field_lost").exists()


@pytest.mark.parametrize(
    "name", [f.name for f in FIELDS if not f.required and f.name != "voice_calls_opted_out"]
)
def test_each_optional_field_can_be_emptied(
    as_paralegal: Browser, sandbox: Sandbox, ana: Client, reading: tuple[str, str], name: str
) -> None:
    before = sandbox.client(ana.pk)
    assert before[name]
    assert as_paralegal.post(url(ana.pk), edit_fields(ana, **{name: ""})).status_code == 303
    after = sandbox.client(ana.pk)
    empty = [] if name == "case_ids" else None
    assert {**after, "update_origin": None} == {**before, name: empty, "update_origin": None}
    assert not Event.objects.filter(action="field_lost").exists()


def test_the_record_tells_before_and_after(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas", reason="Moved house"))
    intent, outcome = Event.objects.filter(action="client_update").order_by("id")
    assert intent.before["city"] == ana.city
    assert outcome.after["city"] == "Dallas"
    assert (intent.target_id, intent.actor_name, intent.reason) == (ana.pk, "Paula Legal", "Moved house")
    assert outcome.requests == 1
    client = Client.objects.get(pk=ana.pk)
    assert client.changed_by == intent.actor_id


def test_spaces_at_the_ends_of_other_fields_stay(
    as_paralegal: Browser, sandbox: Sandbox, known: Callable[[int], Client]
) -> None:
    odd = {"first_name": " Lead", "last_name": "Two  Spaces ", "address_line1": "' "}
    sandbox.call("PUT", "/clients/2", odd)
    ana = known(2)
    assert as_paralegal.post(url(2), edit_fields(ana, city="Dallas")).status_code == 303
    after = sandbox.client(2)
    assert {name: after[name] for name in odd} == odd
    assert Event.objects.get(stage="intent").payload["last_name"] == odd["last_name"]


def test_nothing_changed_sends_nothing(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    answer = as_paralegal.post(url(ana.pk), edit_fields(ana), follow=True)
    assert "Nothing was changed" in text_of(answer)
    assert sandbox.requests() == []
    assert events("client_update") == []


def test_a_double_click_is_one_edit(as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
    data = edit_fields(ana, city="Dallas")
    assert as_paralegal.post(url(ana.pk), data).status_code == 303
    assert as_paralegal.post(url(ana.pk), data, follow=True).status_code == 200
    assert len(sandbox.requests("PUT")) == 1
    assert len(sandbox.requests()) == 2


class TestMeanwhile:
    """Somebody else changed the client between opening and saving."""

    def test_another_field_merges_by_itself(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client
    ) -> None:
        data = edit_fields(ana, city="Dallas")
        sandbox.call("PUT", f"/clients/{ana.pk}", {"state": "OK"})
        answer = as_paralegal.post(url(ana.pk), data, follow=True)
        assert "somebody else changed State" in text_of(answer)
        assert (sandbox.client(ana.pk)["city"], sandbox.client(ana.pk)["state"]) == ("Dallas", "OK")

    def test_a_colleague_is_named(self, as_paralegal: Browser, as_admin: Browser, ana: Client) -> None:
        data, theirs = edit_fields(ana, city="Dallas"), edit_fields(ana, city="Houston")
        assert as_admin.post(url(ana.pk), theirs).status_code == 303
        name = Event.objects.filter(action="client_update").first().actor_name  # type: ignore[union-attr]
        assert f"{name} changed the same field" in text_of(as_paralegal.post(url(ana.pk), data))

    def test_the_same_field_asks(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        data = edit_fields(ana, city="Dallas", state="OK")
        sandbox.call("PUT", f"/clients/{ana.pk}", {"city": "Houston"})
        page = as_paralegal.post(url(ana.pk), data)
        assert page.status_code == 409
        words = text_of(page)
        assert all(word in words for word in ("Houston", "Dallas", str(ana.city)))
        assert page.context["form"]["state"].value() == "OK"
        assert len(sandbox.requests("PUT")) == 1  # the one from outside
        assert events("client_update") == []

    @pytest.mark.parametrize(("choice", "city"), [("mine", "Dallas"), ("theirs", "Houston")])
    def test_the_answer_is_taken(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client, choice: str, city: str
    ) -> None:
        data = edit_fields(ana, city="Dallas", state="OK")
        sandbox.call("PUT", f"/clients/{ana.pk}", {"city": "Houston"})
        page = as_paralegal.post(url(ana.pk), data)
        form = page.context["form"]
        again = {name: str(form[name].value() or "") for name in form.fields} | {"choose_city": choice}
        if form["voice_calls_opted_out"].value() == "false":
            again["voice_calls_opted_out"] = "false"
        assert as_paralegal.post(url(ana.pk), again).status_code == 303
        after = sandbox.client(ana.pk)
        assert (after["city"], after["state"]) == (city, "OK")

    def test_without_an_answer_it_asks_again(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client
    ) -> None:
        sandbox.call("PUT", f"/clients/{ana.pk}", {"city": "Houston"})
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas"))
        form = page.context["form"]
        again = {
            name: str(form[name].value() if form[name].value() is not None else "") for name in form.fields
        }
        assert as_paralegal.post(url(ana.pk), again).status_code == 422
        assert sandbox.client(ana.pk)["city"] == "Houston"

    def test_the_same_change_is_no_clash(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        data = edit_fields(ana, city="Dallas")
        sandbox.call("PUT", f"/clients/{ana.pk}", {"city": "Dallas"})
        assert as_paralegal.post(url(ana.pk), data).status_code == 303

    def test_a_colleague_here_is_seen_even_when_kayse_tells_little(
        self, as_paralegal: Browser, as_admin: Browser, sandbox: Sandbox, ana: Client
    ) -> None:
        """The ZIP code is not in a sparse answer; that a colleague changed it is known here all the same."""
        sandbox.switch(answers="sparse", put="replace")
        mine, theirs = edit_fields(ana, postal_code="11111"), edit_fields(ana, postal_code="22222")
        assert as_admin.post(url(ana.pk), theirs).status_code == 303
        assert as_paralegal.post(url(ana.pk), mine).status_code == 409
        assert sandbox.client(ana.pk)["postal_code"] == "22222"

    def test_deleted_meanwhile(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        data = edit_fields(ana, city="Dallas")
        sandbox.call("DELETE", f"/clients/{ana.pk}")
        page = as_paralegal.post(url(ana.pk), data)
        assert page.status_code == 404
        assert page.context["form"]["city"].value() == "Dallas"
        assert Client.objects.get(pk=ana.pk).gone_at is not None


@pytest.mark.parametrize("answers", ["full", "sparse"])
@pytest.mark.parametrize(
    "order",
    ["oO sS", "oO Ss", "Oo sS", "Oo Ss", "os OS", "OS os"],
    ids=lambda order: str(order).replace(" ", "-"),
)
def test_two_people_in_every_order_of_opening_and_saving(
    as_paralegal: Browser, as_admin: Browser, sandbox: Sandbox, ana: Client, order: str, answers: str
) -> None:
    """o and s: one opens and saves; O and S: the other. Who saves second on an old form is asked, never overruled."""
    sandbox.switch(answers=answers, put="replace")
    browsers = {"o": as_paralegal, "O": as_admin}
    typed = {"s": ("o", "11111"), "S": ("O", "22222")}
    forms: dict[str, dict[str, str]] = {}
    outcomes: list[tuple[int, str]] = []
    for step in order.replace(" ", ""):
        if step in browsers:
            forms[step] = edit_fields(Client.objects.get(pk=ana.pk))
            continue
        who, value = typed[step]
        answer = browsers[who].post(url(ana.pk), {**forms[who], "postal_code": value})
        outcomes.append((answer.status_code, value))
    one_after_the_other = order in ("os OS", "OS os")
    assert [status for status, _ in outcomes] == [303, 303 if one_after_the_other else 409]
    last_saved = [value for status, value in outcomes if status == 303][-1]
    assert sandbox.client(ana.pk)["postal_code"] == last_saved


class TestNotTold:
    """Fields that Kayse never told us."""

    @pytest.fixture
    def half(self, as_paralegal: Browser, sandbox: Sandbox) -> Client:
        """A client of whom only a sparse answer is known."""
        sandbox.switch(answers="sparse")
        as_paralegal.post("/clients/open/", {"pk": "2"})
        return Client.objects.get(pk=2)

    def test_the_form_warns(self, as_paralegal: Browser, half: Client) -> None:
        words = text_of(as_paralegal.get(url(half.pk)))
        assert "Kayse has not told us 8 fields" in words
        assert words.count("Not told by Kayse") == 8

    def test_nothing_is_sent_before_somebody_takes_the_risk(
        self, as_paralegal: Browser, sandbox: Sandbox, half: Client
    ) -> None:
        sandbox.switch(put="replace")
        before = sandbox.client(half.pk)
        asked = as_paralegal.post(url(half.pk), edit_fields(half, city="Dallas"))
        assert asked.status_code == 409
        words = text_of(asked)
        assert "Nothing was sent: Kayse has not told us 8 fields" in words
        assert "Somebody who has opted out of calls could be called again." in words
        assert asked.context["form"]["city"].value() == "Dallas"
        again = as_paralegal.post(url(half.pk), posted(asked))
        assert again.status_code == 422
        assert "say that they may be emptied" in text_of(again)
        assert sandbox.requests("PUT") == []
        assert sandbox.client(half.pk) == before
        assert events("client_update") == []

    def test_what_was_never_told_is_not_sent(
        self, as_paralegal: Browser, sandbox: Sandbox, half: Client
    ) -> None:
        before = sandbox.client(half.pk)
        assert save_though_untold(as_paralegal, half, city="Dallas") == 303
        told = {"email", "mobile", "first_name", "last_name", "city", "state"}
        assert set(sandbox.requests("PUT")[0]["body"]) == told
        assert sandbox.client(half.pk)["case_ids"] == before["case_ids"]

    def test_typed_in_they_are_sent(self, as_paralegal: Browser, sandbox: Sandbox, half: Client) -> None:
        assert save_though_untold(as_paralegal, half, postal_code="75001") == 303
        assert sandbox.client(half.pk)["postal_code"] == "75001"
        assert Client.objects.get(pk=half.pk).postal_code == "75001"

    def test_a_leave_counts_for_the_fields_that_it_names(
        self, as_paralegal: Browser, sandbox: Sandbox, half: Client
    ) -> None:
        asked = as_paralegal.post(url(half.pk), edit_fields(half, city="Dallas"))
        Client.objects.filter(pk=half.pk).update(told={**half.told, "last_name": None})
        sandbox.fault("merge", method="GET", path=f"/v1/clients/{half.pk}", omit=["last_name"])
        again = as_paralegal.post(url(half.pk), {**posted(asked), "may_empty": "on"})
        assert again.status_code == 409
        assert "Last name" in again.context["form"].fields["may_empty"].label
        assert sandbox.requests("PUT") == []

    def test_a_full_answer_asks_nothing(self, as_paralegal: Browser, sandbox: Sandbox, half: Client) -> None:
        sandbox.switch(answers="full")
        assert as_paralegal.post(url(half.pk), edit_fields(half, city="Dallas")).status_code == 303


class TestLost:
    """A field that had a value is empty in the answer."""

    @pytest.fixture
    def lossy(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> Client:
        """The answer to the edit says that the ZIP code, which was sent, is empty."""
        sandbox.fault("merge", method="PUT", path="/v1/clients", body={"postal_code": None})
        return ana

    def test_it_is_said_on_the_page_in_the_log_and_in_the_record(
        self, as_paralegal: Browser, sandbox: Sandbox, lossy: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        was = str(lossy.postal_code)
        page = as_paralegal.post(url(lossy.pk), edit_fields(lossy, city="Dallas"), follow=True)
        assert "Kayse has emptied what an edit had sent" in text_of(page)
        assert was in text_of(page)
        (line,) = [r.getMessage() for r in caplog.records if r.name == "clients_ui"]
        assert "postal_code" in line
        assert was not in line
        (fact,) = Event.objects.filter(action="field_lost")
        assert fact.payload["fields"] == ["postal_code"]
        assert "ZIP code" in fact.detail
        assert was not in str(fact.payload)
        assert "Field lost" in text_of(as_paralegal.get("/clients/"))

    def test_it_stays_until_somebody_decides(
        self, as_paralegal: Browser, as_auditor: Browser, sandbox: Sandbox, lossy: Client
    ) -> None:
        as_paralegal.post(url(lossy.pk), edit_fields(lossy, city="Dallas"))
        seen = f"/clients/{lossy.pk}/seen/"
        assert as_paralegal.get(seen).status_code == 405
        assert as_auditor.post(seen).status_code == 403
        assert Client.objects.get(pk=lossy.pk).lost is not None
        before = len(sandbox.requests())
        assert as_paralegal.post(seen).headers["Location"] == f"/clients/{lossy.pk}/"
        assert as_paralegal.post(seen).status_code == 303
        assert Client.objects.get(pk=lossy.pk).lost is None
        assert len(sandbox.requests()) == before
        assert [
            fact.payload.get("seen") for fact in Event.objects.filter(action="field_lost").order_by("id")
        ] == [None, True]

    def test_putting_it_back_ends_the_alarm(
        self, as_paralegal: Browser, sandbox: Sandbox, lossy: Client
    ) -> None:
        as_paralegal.post(url(lossy.pk), edit_fields(lossy, city="Dallas"))
        client = Client.objects.get(pk=lossy.pk)
        assert client.postal_code is None
        sandbox.call("PUT", f"/clients/{lossy.pk}", {"postal_code": None})
        as_paralegal.post(url(lossy.pk), edit_fields(client, postal_code="78205"))
        client.refresh_from_db()
        assert (client.postal_code, client.lost) == ("78205", None)


class TestFaults:
    """What the network and the vendor can do to an edit; what was typed is never lost."""

    @pytest.mark.parametrize("status", [500, 503])
    def test_unknown_after_a_server_error(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client, status: int
    ) -> None:
        sandbox.fault("status", method="PUT", status=status)
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas"), follow=True)
        assert "nobody knows whether it happened" in text_of(page)
        assert events("client_update") == [("intent", ""), ("outcome", "unknown")]
        assert len(sandbox.requests("PUT")) == 1
        assert OpenOperation.objects.get().state == "unknown"
        assert Client.objects.get(pk=ana.pk).city == ana.city

    def test_refused_by_the_vendor(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        sandbox.fault("status", method="PUT", status=400, message="The field city is odd.")
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas"))
        assert page.status_code == 422
        assert "The field city is odd." in str(page.context["form"].errors["city"])
        assert page.context["form"]["city"].value() == "Dallas"
        assert events("client_update") == [("intent", ""), ("outcome", "rejected")]

    def test_no_requests_left(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        sandbox.switch(rate_limit=1)
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas"))
        assert page.status_code == 429
        assert "available again at" in text_of(page)
        assert page.context["form"]["city"].value() == "Dallas"
        assert sandbox.client(ana.pk)["city"] == ana.city

    def test_the_vendor_is_down(self, as_paralegal: Browser, ana: Client, settings: object) -> None:
        settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"  # type: ignore[attr-defined]
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas"))
        assert page.status_code == 503
        assert page.context["form"]["city"].value() == "Dallas"
        assert events("client_update") == []

    def test_after_a_refusal_the_form_can_be_sent_again(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client
    ) -> None:
        sandbox.fault("status", method="PUT", status=400)
        data = edit_fields(ana, city="Dallas")
        form = as_paralegal.post(url(ana.pk), data).context["form"]
        assert form["operation"].value() != data["operation"]
        again = data | {"operation": str(form["operation"].value())}
        assert as_paralegal.post(url(ana.pk), again).status_code == 303
        assert sandbox.client(ana.pk)["city"] == "Dallas"


class TestInput:
    """What can be typed."""

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("email", "no address"),
            ("email", "a@b@c"),
            ("mobile", "call me"),
            ("mobile", "123"),
            ("date_of_birth", "03/24/1975"),
            ("date_of_birth", "1975-02-30"),
            ("date_of_birth", "2999-01-01"),
            ("date_of_birth", "١٩٧٥-٠٣-٢٤"),
            ("city", "x" * 256),
            ("city", "a\x00b"),
            ("city", "a\x1bb"),
            ("first_name", ""),
            ("last_name", "   "),
            ("case_ids", "1 2 x"),
            ("case_ids", "0"),
            ("case_ids", "-1"),
            ("case_ids", str(2**63)),
            ("case_ids", "٣"),
            ("case_ids", "1e3"),
            ("voice_calls_opted_out", "perhaps"),
            ("reason", "r" * 201),
            ("operation", "not-a-uuid"),
        ],
    )
    def test_invalid(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client, name: str, typed: str
    ) -> None:
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, **{name: typed}))
        assert page.status_code == 422
        assert name in page.context["form"].errors
        assert sandbox.requests() == []
        assert events("client_update") == []

    def test_too_large(self, as_paralegal: Browser, ana: Client) -> None:
        assert as_paralegal.post(url(ana.pk), edit_fields(ana, city="x" * 10_000_000)).status_code == 413

    def test_scripts_stay_text(self, as_paralegal: Browser, sandbox: Sandbox, ana: Client) -> None:
        odd = "<script>alert(1)</script>{{ 7|add:1 }}"
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city=odd), follow=True)
        assert sandbox.client(ana.pk)["city"] == odd
        assert "<script>alert" not in page.content.decode()

    def test_what_the_vendor_has_may_stay_as_odd_as_it_is(
        self, as_paralegal: Browser, sandbox: Sandbox, known: Callable[[int], Client]
    ) -> None:
        sandbox.call("PUT", "/clients/3", {"mobile": "ask mother", "address_line2": "y" * 255})
        client = known(3)
        page = as_paralegal.get("/clients/3/")
        assert "no phone number" in text_of(page)
        assert as_paralegal.post(url(3), edit_fields(client, city="Dallas")).status_code == 303
        assert sandbox.client(3)["mobile"] == "ask mother"

    @pytest.mark.parametrize("sealed", ["", "forged", "eyJwayI6Mn0:1abc:def"])
    def test_a_base_that_cannot_be_trusted_is_not_saved_on(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client, sealed: str
    ) -> None:
        page = as_paralegal.post(url(ana.pk), edit_fields(ana, city="Dallas", sealed=sealed))
        assert page.status_code == 422
        assert page.context["form"]["city"].value() == "Dallas"
        assert sandbox.requests() == []

    def test_the_base_of_another_client_is_not_accepted(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client, known: Callable[[int], Client]
    ) -> None:
        other = known(5)
        assert as_paralegal.post(url(ana.pk), edit_fields(other, city="Dallas")).status_code == 422
        assert sandbox.requests() == []


class TestAccess:
    """Who may."""

    def test_needs_sign_in(self, client: Browser, ana: Client) -> None:
        assert client.get(url(ana.pk)).headers["Location"].startswith("/sign-in/?next=")
        assert client.post(url(ana.pk), edit_fields(ana, city="X")).status_code == 303

    @pytest.mark.parametrize("who", ["as_manager", "as_auditor", "as_nobody"])
    def test_needs_the_role(
        self, request: pytest.FixtureRequest, sandbox: Sandbox, ana: Client, who: str
    ) -> None:
        browser: Browser = request.getfixturevalue(who)
        assert browser.get(url(ana.pk)).status_code == 403
        assert browser.post(url(ana.pk), edit_fields(ana, city="X")).status_code == 403
        assert sandbox.requests() == []

    def test_unknown_id(self, as_paralegal: Browser) -> None:
        assert as_paralegal.get(url(999_999)).status_code == 404

    def test_other_methods(self, as_paralegal: Browser, ana: Client) -> None:
        assert as_paralegal.put(url(ana.pk)).status_code == 405
