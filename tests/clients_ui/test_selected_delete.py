"""/clients/selected/<token>/delete/ and …/delete-for-good/: asked again who one is, typed, kept in the record."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client, Selection
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ending, runner
from kayse_admin.jobs.models import Chunk, Job
from tests.accounts.support import aged
from tests.clients_ui.conftest import job_of, selected, text_of, yes
from tests.conftest import Sandbox
from tests.jobs.helpers import outcomes, recorded

pytestmark = pytest.mark.django_db


def url(selection: Selection, page: str = "delete") -> str:
    return f"/clients/selected/{selection.pk}/{page}/"


@pytest.fixture
def three(people: dict[str, User], hundred: list[int]) -> Selection:
    return selected(people["paralegal"], hundred[:3])


@pytest.fixture
def admins(people: dict[str, User], hundred: list[int]) -> Selection:
    return selected(people["administrator"], hundred[:3])


class TestDelete:
    def test_it_asks_and_deletes_softly(
        self, as_paralegal: Browser, three: Selection, hundred: list[int], sandbox: Sandbox
    ) -> None:
        page = text_of(as_paralegal.get(url(three)))
        assert "Delete 3 clients?" in page
        assert "Up to 3 more if Kayse does not answer" in page
        assert "offers no way back" in page
        job = job_of(as_paralegal.post(url(three), yes(reason="left the firm")))
        assert outcomes(job) == {"updated": 3}
        told = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
        assert ("Deleted (3)" in told, "Updated" in told) == (True, False)
        assert "3 deleted" in ending.summary(job)
        begun = Event.objects.get(action="job_start")
        assert (begun.target_id, begun.address, begun.reason) == (job.pk, "127.0.0.1", "left the firm")
        sentence = text_of(as_paralegal.get(f"/audit/{begun.operation}/"))
        assert f"{begun.actor_name} started job Delete 3 clients" in sentence
        (request,) = sandbox.requests("POST")
        assert request["body"] == {"client_ids": hundred[:3], "force": False}
        assert Client.objects.filter(pk__in=hundred[:3], gone_at=None).count() == 0
        recorded(job)

    def test_who_one_is_is_asked_again(
        self, as_paralegal: Browser, three: Selection, sandbox: Sandbox
    ) -> None:
        aged(as_paralegal, 6 * 60)
        assert as_paralegal.get(url(three))["Location"].startswith("/account/confirm/?next=%2Fclients%2Fsel")
        aged(as_paralegal, 60 * 60)
        assert as_paralegal.post(url(three), yes())["Location"].startswith("/account/confirm/")
        assert not Job.objects.exists()

    def test_clients_that_the_vendor_does_not_confirm_have_failed(
        self, as_paralegal: Browser, three: Selection, hundred: list[int], sandbox: Sandbox
    ) -> None:
        sandbox.call("DELETE", f"/clients/{hundred[0]}")
        job = job_of(as_paralegal.post(url(three), yes()))
        assert outcomes(job) == {"updated": 2, "failed": 1}

    def test_access(self, client: Browser, as_manager: Browser, as_admin: Browser, three: Selection) -> None:
        assert client.get(url(three))["Location"].startswith("/sign-in/")
        assert as_manager.get(url(three)).status_code == 403
        assert as_admin.get(url(three)).status_code == 404


class TestDeleteForGood:
    page = "delete-for-good"

    def test_what_is_known_is_shown_before(
        self, as_admin: Browser, admins: Selection, hundred: list[int]
    ) -> None:
        known = Client.objects.get(pk=hundred[0])
        page = text_of(as_admin.get(url(admins, self.page)))
        assert "Delete 3 clients for good?" in page
        assert "there is no undo" in page
        assert str(known.email) in page
        assert "Download all their last known records as CSV" in page
        assert "Type 3 to confirm" in page

    @pytest.mark.parametrize("typed", [{}, {"confirm": "4"}])
    def test_the_number_is_always_typed(
        self, as_admin: Browser, admins: Selection, sandbox: Sandbox, typed: dict[str, str]
    ) -> None:
        assert as_admin.post(url(admins, self.page), yes(**typed)).status_code == 422
        assert sandbox.requests() == []

    def test_the_record_keeps_what_was_known(
        self, as_admin: Browser, admins: Selection, hundred: list[int], sandbox: Sandbox
    ) -> None:
        known = Client.objects.get(pk=hundred[0]).known()
        job = job_of(as_admin.post(url(admins, self.page), yes(confirm="3")))
        assert outcomes(job) == {"updated": 3}
        (request,) = sandbox.requests("POST")
        assert request["body"] == {"client_ids": hundred[:3], "force": True}
        assert sandbox.http.get(f"/_sandbox/clients/{hundred[0]}").status_code == 404
        intent = Event.objects.get(stage="intent")
        assert (intent.action, intent.before[str(hundred[0])]) == ("clients_bulk_purge", known)
        assert Client.objects.get(pk=hundred[0]).gone_at is not None
        page = text_of(as_admin.get(f"/jobs/{job.pk}/"))
        assert "Undo" not in page
        sentence = text_of(as_admin.get(f"/audit/{intent.operation}/"))
        assert "deleted 3 clients for good in job Delete 3 clients for good" in sentence

    def test_no_way_back_is_offered(
        self, as_admin: Browser, admins: Selection, people: dict[str, User], hundred: list[int]
    ) -> None:
        job = job_of(as_admin.post(url(admins, self.page), yes(confirm="3")))
        page = as_admin.get(f"/clients/{hundred[0]}/")
        told, html = text_of(page), page.content.decode()
        assert "Deleted for good" in told
        assert f"by {people['administrator'].display_name}" in told
        assert f'href="/jobs/{job.pk}/"' in html
        assert "Rebuild it" not in told
        assert f"/clients/{hundred[0]}/refresh/" not in html
        assert "last_name" not in as_admin.get(f"/clients/new/?like={hundred[0]}").context["form"].initial

    def test_who_one_is_is_asked_again(self, as_admin: Browser, admins: Selection, sandbox: Sandbox) -> None:
        aged(as_admin, 60 * 60)
        for call in (as_admin.get, as_admin.post):
            answer: Any = call(url(admins, self.page))
            assert answer["Location"].startswith("/account/confirm/")

    def test_an_unanswered_one_is_looked_at(
        self,
        as_admin: Browser,
        admins: Selection,
        hundred: list[int],
        sandbox: Sandbox,
        settings: LazySettings,
    ) -> None:
        sandbox.fault("reset_after", method="POST")
        job = job_of(as_admin.post(url(admins, self.page), yes(confirm="3")))
        assert outcomes(job) == {"unknown": 3}
        told = text_of(as_admin.get(f"/jobs/{job.pk}/"))
        assert "looks at Kayse by itself at" in told
        assert "3 to come" in told
        assert ("then say what you found" in told, "may happen twice" in told) == (False, False)
        home = text_of(as_admin.get("/"))
        assert ("Needs a person" in home, "Looked at by itself" in home) == (False, True)
        sent = Chunk.objects.get(job=job).operation
        assert f'href="/jobs/{job.pk}/"' in as_admin.get(f"/audit/{sent}/").content.decode()
        settings.JOB_SETTLING = 0
        Chunk.objects.update(verify_at=timezone.now())
        Job.objects.update(wait_until=timezone.now())
        runner.serve()
        assert outcomes(job)["unknown"] == 0
        assert len(sandbox.requests("POST")) == 1

    def test_access(self, as_paralegal: Browser, three: Selection) -> None:
        assert as_paralegal.get(url(three, self.page)).status_code == 403
        assert as_paralegal.post(url(three, self.page), yes(confirm="3")).status_code == 403
