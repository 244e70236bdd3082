"""The rules that every page keeps which changes a case list: a test class for an endpoint inherits them."""

from __future__ import annotations

import threading
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client as Browser

from caselists_ui.models import CaseList
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event, OpenOperation
from kayse_admin.upstream import circuit
from tests.caselists_ui.helpers import form, no_operation, only_operation, page_of, told
from tests.conftest import Sandbox, signed_in
from tests.waiting import stopwatch

NAME = "Mass Tort Prospects"
#: Faults after which nobody knows whether the vendor did it.
UNKNOWN: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "status", "status": 500, "apply": True},
    {"kind": "status", "status": 503, "apply": False},
    {"kind": "cut"},
    {"kind": "html"},
    {"kind": "empty"},
]


#: What somebody may send instead of a text, as bytes of a form.
STRANGE: dict[str, bytes] = {
    "NUL": b"a%00b",
    "a lone surrogate": b"a%ED%A0%80b",
    "not UTF-8": b"a%FF%FEb",
    "right to left": b"a%E2%80%AEb",
    "composed": b"%C3%A9",
    "decomposed": b"e%CC%81",
    "another script's digits": b"%D9%A3",
    "2**63": b"9223372036854775808",
    "10**400": b"1" + b"0" * 400,
    "an exponent": b"1e3",
    "negative": b"-1",
    "3 MB": b"7" * 3_000_000,
}


class Rules:
    """What holds for each endpoint: `path` below /case-lists/, a `valid` form, the vendor's `method` and `route`."""

    path: ClassVar[str]
    valid: ClassVar[dict[str, Any]]
    method: ClassVar[str]
    route: ClassVar[str]
    action: ClassVar[str]
    #: Words that the page must say before anything is sent.
    says: ClassVar[tuple[str, ...]]

    @property
    def url(self) -> str:
        return f"/case-lists/{self.path}"

    def post(self, browser: Browser, **changes: Any) -> Any:
        return browser.post(self.url, form(**{**self.valid, **changes}))

    def arrived(self, sandbox: Sandbox) -> int:
        """How many changes have reached the vendor."""
        return len([one for one in sandbox.requests() if one["method"] != "GET"])

    @pytest.fixture(autouse=True)
    def _known(self, sandbox: Sandbox, as_manager: Browser) -> None:
        told(as_manager)

    # --- who ---------------------------------------------------------------------------------------------
    def test_sign_in_and_the_role_are_needed(self, sandbox: Sandbox, people: dict[str, User]) -> None:
        for answer in (Browser().get(self.url), Browser().post(self.url, form(**self.valid))):
            assert answer.status_code == 303
            assert answer["Location"].startswith("/sign-in/")
        for who in ("paralegal", "auditor", "nobody"):
            browser = signed_in(people[who])
            assert browser.get(self.url).status_code == 403
            assert self.post(browser).status_code == 403
        assert self.arrived(sandbox) == 0
        no_operation()
        assert self.post(signed_in(people["administrator"])).status_code == 303

    def test_other_methods_and_foreign_forms_are_refused(
        self, sandbox: Sandbox, people: dict[str, User]
    ) -> None:
        browser = Browser(enforce_csrf_checks=True)
        browser.force_login(people["manager"])
        assert browser.get(self.url).status_code == 200
        assert self.post(browser).status_code == 403
        assert signed_in(people["manager"]).put(self.url).status_code == 405
        assert signed_in(people["manager"]).delete(self.url).status_code == 405
        no_operation()

    # --- what --------------------------------------------------------------------------------------------
    def test_an_unknown_list_and_what_is_no_id_are_no_page(
        self, sandbox: Sandbox, as_manager: Browser
    ) -> None:
        strange = ["0", "-1", str(2**63), "9" * 400, "٣", "1e3", "007", " 7", "%00"]
        for pk in ("999999", str(2**63 - 1), *strange):
            assert as_manager.get(self.url.replace("/1/", f"/{pk}/")).status_code == 404, pk
            assert (
                as_manager.post(self.url.replace("/1/", f"/{pk}/"), form(**self.valid)).status_code == 404
            ), pk
        assert self.arrived(sandbox) == 0
        no_operation()

    def test_a_list_that_is_gone_cannot_be_changed(self, sandbox: Sandbox, as_manager: Browser) -> None:
        CaseList.objects.filter(pk=1).update(gone_at="2026-01-01T00:00:00Z")
        assert as_manager.get(self.url).status_code == 404
        assert self.post(as_manager).status_code == 404
        no_operation()

    def test_a_form_without_an_operation_is_refused(self, sandbox: Sandbox, as_manager: Browser) -> None:
        for operation in ("", "x", "0" * 400):
            assert self.post(as_manager, operation=operation).status_code == 422
        no_operation()

    def test_looking_costs_nothing_and_says_what_will_happen(
        self, sandbox: Sandbox, as_manager: Browser
    ) -> None:
        before = len(sandbox.requests(path="/v1/"))
        question = {name: value for name, value in self.valid.items() if name not in ("confirmed", "confirm")}
        response = (
            as_manager.post(self.url, form(**question))
            if "confirmed" in self.valid
            else as_manager.get(self.url)
        )
        text = page_of(response)
        assert response.status_code == 200
        for words in (NAME, "4 cases, as of", *self.says):
            assert words in text, words
        assert len(sandbox.requests(path="/v1/")) == before
        no_operation()

    def test_it_works_as_a_fragment(self, sandbox: Sandbox, as_manager: Browser) -> None:
        answer = as_manager.post(self.url, form(**self.valid), headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert answer["HX-Redirect"].startswith("/case-lists/")

    # --- how it ends -------------------------------------------------------------------------------------
    def test_one_intent_and_one_outcome(self, sandbox: Sandbox, as_manager: Browser) -> None:
        assert self.post(as_manager, reason="Because").status_code == 303
        events = only_operation()
        assert (events.intent.action, events.outcome.result) == (self.action, "applied")
        assert (events.intent.target_kind, events.intent.target_id) == ("case_list", 1)
        assert (events.intent.actor_name, events.intent.reason) == ("Max Manager", "Because")
        assert self.arrived(sandbox) == 1
        assert not OpenOperation.objects.exists()

    def test_a_double_click_is_one_operation(self, sandbox: Sandbox, as_manager: Browser) -> None:
        values = form(**self.valid)
        first, second = as_manager.post(self.url, values), as_manager.post(self.url, values)
        assert first.status_code == 303
        assert (second.status_code, second["Location"]) == (303, first["Location"])
        assert self.arrived(sandbox) == 1
        only_operation()

    @pytest.mark.django_db(transaction=True)  # threads see only what is committed
    def test_two_tabs_at_once_are_one_operation(self, sandbox: Sandbox, people: dict[str, User]) -> None:
        values, codes = form(**self.valid), []

        def click() -> None:
            try:
                codes.append(signed_in(people["manager"]).post(self.url, values).status_code)
            finally:
                connection.close()

        threads = [threading.Thread(target=click) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(codes) <= {200, 303, 404}, codes
        assert self.arrived(sandbox) == 1
        only_operation()

    def test_the_vendors_no_is_told(self, sandbox: Sandbox, as_manager: Browser) -> None:
        sandbox.fault(
            "status", method=self.method, path=self.route, status=400, message="Not <b>like</b> this."
        )
        values = form(**self.valid)
        response = as_manager.post(self.url, values)
        text = page_of(response)
        assert response.status_code == 422
        assert "Not &lt;b&gt;like&lt;/b&gt; this." in text
        assert values["operation"] not in text
        assert response.context["form"]["operation"].value() != values["operation"]
        assert only_operation().outcome.result == "rejected"

    def test_a_list_that_the_vendor_does_not_know(self, sandbox: Sandbox, as_manager: Browser) -> None:
        sandbox.call("POST", "/case_lists/bulk_delete", {"ids": [1]})
        response = self.post(as_manager)
        assert response.status_code == 422
        assert "does not know this record" in page_of(response)
        assert only_operation().outcome.result == "rejected"

    def test_a_refused_key_is_told(self, sandbox: Sandbox, as_manager: Browser, settings: Any) -> None:
        settings.KAYSE_API_KEY = "another-key"
        response = self.post(as_manager)
        assert response.status_code == 422
        assert "An administrator has to renew it" in page_of(response)
        assert only_operation().outcome.result == "rejected"

    def test_a_vendor_that_is_away_keeps_the_form(
        self, sandbox: Sandbox, as_manager: Browser, settings: Any
    ) -> None:
        settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"
        response = self.post(as_manager)
        assert response.status_code == 503
        assert "Nothing was sent" in page_of(response)
        assert only_operation().outcome.result == "not_sent"
        assert self.arrived(sandbox) == 0

    def test_a_spent_hour_says_until_when(self, sandbox: Sandbox, as_manager: Browser) -> None:
        sandbox.fault("status", method=self.method, path=self.route, status=429)
        response = self.post(as_manager)
        assert response.status_code == 429
        assert "It can be sent again at" in page_of(response)
        assert only_operation().outcome.result == "rate_limited"
        fragment = as_manager.post(self.url, form(**self.valid), headers={"HX-Request": "true"})
        assert fragment.status_code == 422, "htmx puts no other error into a page"

    def test_an_unknown_outcome_stays_and_is_never_sent_again(
        self, sandbox: Sandbox, as_manager: Browser
    ) -> None:
        for fault in UNKNOWN:
            sandbox.reset()
            circuit.try_again()
            CaseList.objects.filter(pk=1).update(gone_at=None)
            sandbox.fault(**fault, method=self.method, path=self.route)
            values = form(**self.valid)
            response = as_manager.post(self.url, values)
            assert response.status_code == 200, fault
            assert "Outcome unknown" in page_of(response), fault
            assert "does not send it again" in page_of(response), fault
            again = as_manager.post(self.url, values)
            assert "Nothing was sent again" in page_of(again), fault
            assert self.arrived(sandbox) == 1, fault
            told = Event.objects.filter(operation=values["operation"]).order_by("id")
            assert [(event.stage, event.result) for event in told] == [("intent", ""), ("outcome", "unknown")]
            assert OpenOperation.objects.get(operation=values["operation"]).state == "unknown"
        assert "Outcome unknown" in page_of(as_manager.get("/case-lists/1/"))

    def test_a_silent_vendor_is_left_at_the_deadline(
        self, sandbox: Sandbox, as_manager: Browser, settings: Any
    ) -> None:
        settings.KAYSE_PERSON_DEADLINE = 1.0
        sandbox.fault("hang", method=self.method, path=self.route, seconds=60)
        elapsed = stopwatch()
        response = self.post(as_manager)
        assert elapsed() < 2.0
        assert "Outcome unknown" in page_of(response)
        assert self.arrived(sandbox) == 1
        assert only_operation().outcome.result == "unknown"

    # --- strange words -------------------------------------------------------------------------------------
    def test_strange_words_are_taken_or_refused_never_an_error(
        self, sandbox: Sandbox, as_manager: Browser
    ) -> None:
        """Row 22: the same on both databases, 4xx and not 5xx, and nothing begun by what is refused."""
        texts = [name for name, value in self.valid.items() if value not in ("yes", "on")]
        short = {word: STRANGE[word] for word in ("NUL", "a lone surrogate", "3 MB")}
        for name in [*texts, "reason", "operation", "typed_name", "base"]:
            for word, body in (STRANGE if name in texts else short).items():
                values = {**form(**self.valid), name: "@@"}
                sent = urlencode(values, doseq=True).encode().replace(b"%40%40", body)
                answer = as_manager.post(self.url, sent, content_type="application/x-www-form-urlencoded")
                assert answer.status_code in (303, 400, 413, 422), (name, word)
                if answer.status_code == 303:
                    assert name not in ("operation", "include_ids", "client_ids"), (name, word)
                    # What was done is done, and the list may be gone: begin anew.
                    CaseList.objects.filter(pk=1).update(gone_at=None, name=NAME)
                    sandbox.reset()
        assert set(Event.objects.filter(stage="outcome").values_list("result", flat=True)) <= {"applied"}

    def test_scripts_in_what_the_vendor_tells_stay_text(self, sandbox: Sandbox, as_manager: Browser) -> None:
        """Row 23: in every text of a list."""
        script = "<script>alert(1)</script>{{ 7|add:7 }}"
        CaseList.objects.filter(pk=1).update(
            name=script, description=script, origin=script, update_origin=script, extra={script: script}
        )
        question = {name: value for name, value in self.valid.items() if name not in ("confirmed", "confirm")}
        pages = [as_manager.get(self.url), as_manager.get("/case-lists/1/"), as_manager.get("/case-lists/")]
        for page in (
            *pages,
            as_manager.post(self.url, form(**question)) if "confirmed" in self.valid else pages[0],
        ):
            text = page_of(page)
            assert "<script>alert" not in text
            assert "&lt;script&gt;alert(1)" in text
            assert "{{ 7|add:7 }}" in text
