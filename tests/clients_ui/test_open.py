"""Opening a client by its id and reading one anew: /clients/open/, /clients/<pk>/, /clients/<pk>/refresh/."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients_ui import knowledge
from clients_ui.models import Client
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db

OPEN = "/clients/open/"


class TestOpen:
    """By id."""

    def test_known_here_is_free(self, as_manager: Browser, sandbox: Sandbox, ana: Client) -> None:
        answer = as_manager.post(OPEN, {"pk": str(ana.pk)})
        assert answer.headers["Location"] == f"/clients/{ana.pk}/"
        assert sandbox.requests() == []

    def test_unknown_here_is_one_request_and_added(self, as_auditor: Browser, sandbox: Sandbox) -> None:
        page = as_auditor.post(OPEN, {"pk": "7"}, follow=True)
        assert len(sandbox.requests()) == 1
        assert Client.objects.get().pk == 7
        assert sandbox.client(7)["last_name"] in text_of(page)

    def test_asking_costs_nothing(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        page = as_paralegal.get(OPEN + "?pk=7")
        assert page.context["form"]["pk"].value() == "7"
        assert sandbox.requests() == []

    def test_unknown_there(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        page = as_paralegal.post(OPEN, {"pk": "999999"})
        assert page.status_code == 404
        assert "no client with this id" in text_of(page)
        assert not Client.objects.exists()

    def test_a_dialog_is_shown_again_under_422(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        assert as_paralegal.post(OPEN, {"pk": "999999"}, headers={"HX-Request": "true"}).status_code == 422

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "0",
            "-1",
            str(2**63),
            "9" * 400,
            "٣",
            "1e3",
            "007",
            "seven",
            "1\x00",
            "\u202e1",
            "1" * 10_000_000,
        ],
    )
    def test_odd_ids(self, as_paralegal: Browser, sandbox: Sandbox, typed: str) -> None:
        assert as_paralegal.post(OPEN, {"pk": typed}).status_code in (413 if len(typed) > 10**6 else 422,)
        assert sandbox.requests() == []

    def test_the_vendor_is_down(self, as_paralegal: Browser, settings: object) -> None:
        settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"  # type: ignore[attr-defined]
        assert as_paralegal.post(OPEN, {"pk": "7"}).status_code == 503

    def test_no_requests_left(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        sandbox.switch(rate_limit=0)
        page = as_paralegal.post(OPEN, {"pk": "7"})
        assert page.status_code == 429
        assert "available again at" in text_of(page)

    def test_an_unreadable_answer_adds_nobody(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        sandbox.fault("html", times=3)
        assert as_paralegal.post(OPEN, {"pk": "7"}).status_code == 502
        assert not Client.objects.exists()

    def test_access(self, client: Browser, as_nobody: Browser, sandbox: Sandbox) -> None:
        assert client.post(OPEN, {"pk": "7"}).headers["Location"].startswith("/sign-in/")
        assert as_nobody.post(OPEN, {"pk": "7"}).status_code == 403
        assert sandbox.requests() == []


class TestDetail:
    """One client's page."""

    def test_shows_everything_for_nothing(self, as_auditor: Browser, sandbox: Sandbox, ana: Client) -> None:
        words = text_of(as_auditor.get(f"/clients/{ana.pk}/"))
        for value in (ana.email, ana.city, ana.postal_code, ana.external_source_id, ana.address_line1):
            assert str(value) in words
        assert "(210) 555-0199" in words
        assert "Mar 10, 1943" in words
        assert sandbox.requests() == []

    def test_not_told_is_said(self, as_auditor: Browser, sandbox: Sandbox) -> None:
        knowledge.blank(5, timezone.now()).save()
        words = text_of(as_auditor.get("/clients/5/"))
        assert words.count("not told by Kayse") == 16
        assert "Client 5" in words

    def test_opt_out_cannot_be_missed(
        self, as_manager: Browser, sandbox: Sandbox, known: Callable[[int], Client]
    ) -> None:
        sandbox.call("PUT", "/clients/4", {"voice_calls_opted_out": True})
        known(4)
        assert "Do not call" in text_of(as_manager.get("/clients/4/"))
        assert "Opted out" in text_of(as_manager.get("/clients/"))

    def test_unknown_fields_are_shown_and_masked(
        self, as_paralegal: Browser, sandbox: Sandbox, ana: Client
    ) -> None:
        more = {"nickname": "Annie", "social_security": "078-05-1120", "meta": {"note": "ssn 078-05-1120"}}
        sandbox.fault("merge", method="GET", path="/v1/clients", body=more)
        as_paralegal.post(f"/clients/{ana.pk}/refresh/")
        words = text_of(as_paralegal.get(f"/clients/{ana.pk}/"))
        assert "Annie" in words
        assert "1120" not in words
        assert Client.objects.get(pk=ana.pk).extra == more

    def test_scripts_in_any_field_stay_text(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        odd = "<script>alert(1)</script>"
        client = knowledge.blank(5, timezone.now())
        knowledge.merge(
            client, dict.fromkeys(("first_name", "city", "origin", "email"), odd), timezone.now(), {odd: odd}
        )
        client.save()
        for url in ("/clients/5/", "/clients/5/edit/", "/clients/", "/clients/5/delete/"):
            assert odd not in as_paralegal.get(url).content.decode()

    def test_not_known_here(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        page = as_paralegal.get("/clients/77/")
        assert page.status_code == 404
        assert "Ask Kayse for client 77" in text_of(page)
        assert sandbox.requests() == []

    @pytest.mark.parametrize("odd", ["0", "-1", str(2**63), "9" * 400, "٣", "1e3", "007", "%00", "1%20"])
    def test_odd_ids(self, as_paralegal: Browser, sandbox: Sandbox, odd: str) -> None:
        assert as_paralegal.get(f"/clients/{odd}/").status_code == 404

    def test_largest_id(self, as_paralegal: Browser, sandbox: Sandbox) -> None:
        assert as_paralegal.get(f"/clients/{2**63 - 1}/").status_code == 404
        assert as_paralegal.post(f"/clients/{2**63 - 1}/refresh/").status_code == 404

    def test_access(self, client: Browser, as_nobody: Browser, ana: Client) -> None:
        assert client.get(f"/clients/{ana.pk}/").headers["Location"].startswith("/sign-in/")
        assert as_nobody.get(f"/clients/{ana.pk}/").status_code == 403
        assert as_nobody.post(f"/clients/{ana.pk}/").status_code == 405

    def test_queries_do_not_grow_with_history(
        self,
        as_auditor: Browser,
        ana: Client,
        sandbox: Sandbox,
        queries: Callable[[Browser, str], int],
        actor: object,
    ) -> None:
        from kayse_admin.audit import recorder
        from kayse_admin.audit.actions import Action
        from kayse_admin.audit.records import Target

        url = f"/clients/{ana.pk}/"
        recorder.fact(actor, Action.CLIENT_REVEAL, Target("client", ana.pk, "x"))  # type: ignore[arg-type]
        few = queries(as_auditor, url)
        for _ in range(8):
            recorder.fact(actor, Action.CLIENT_REVEAL, Target("client", ana.pk, "x"))  # type: ignore[arg-type]
        assert queries(as_auditor, url) <= few


class TestRefresh:
    """Read anew."""

    def test_takes_one_request_and_says_what_changed(
        self, as_manager: Browser, sandbox: Sandbox, ana: Client
    ) -> None:
        sandbox.call("PUT", f"/clients/{ana.pk}", {"city": "Boston"})
        page = as_manager.post(f"/clients/{ana.pk}/refresh/", follow=True)
        assert "Kayse has changes: City" in text_of(page)
        assert len(sandbox.requests("GET")) == 1
        assert Client.objects.get(pk=ana.pk).city == "Boston"

    def test_ages_are_told_apart(self, as_manager: Browser, sandbox: Sandbox, ana: Client) -> None:
        sandbox.switch(answers="sparse")
        as_manager.post(f"/clients/{ana.pk}/refresh/")
        client = Client.objects.get(pk=ana.pk)
        assert client.told_at > ana.told_at
        assert client.age("city") == client.told_at
        assert client.age("postal_code") == ana.told_at
        assert client.postal_code == ana.postal_code

    def test_gone_there(self, as_manager: Browser, sandbox: Sandbox, ana: Client) -> None:
        sandbox.call("DELETE", f"/clients/{ana.pk}")
        page = as_manager.post(f"/clients/{ana.pk}/refresh/")
        assert page.status_code == 404
        assert "could not be refreshed" not in text_of(page), "that Kayse does not have it is the answer"
        assert "Kayse does not have this client any more" in text_of(as_manager.get(f"/clients/{ana.pk}/"))

    @pytest.mark.parametrize(("fault", "status"), [({"kind": "status", "status": 500, "times": 3}, 502)])
    def test_failure_stays_on_the_page(
        self, as_manager: Browser, sandbox: Sandbox, ana: Client, fault: dict[str, object], status: int
    ) -> None:
        sandbox.fault(**fault, method="GET")  # type: ignore[arg-type]
        page = as_manager.post(f"/clients/{ana.pk}/refresh/")
        assert page.status_code == status
        assert "could not be refreshed" in text_of(page)
        assert str(ana.city) in text_of(page)

    def test_refuses_get(self, as_manager: Browser, sandbox: Sandbox, ana: Client) -> None:
        assert as_manager.get(f"/clients/{ana.pk}/refresh/").status_code == 405
        assert sandbox.requests() == []

    def test_access(self, client: Browser, as_nobody: Browser, sandbox: Sandbox, ana: Client) -> None:
        assert client.post(f"/clients/{ana.pk}/refresh/").headers["Location"].startswith("/sign-in/")
        assert as_nobody.post(f"/clients/{ana.pk}/refresh/").status_code == 403
        assert sandbox.requests() == []
