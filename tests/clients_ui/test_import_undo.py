"""Undoing what an import changed, each client read first: what somebody changed at Kayse since stays."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.imports import undoing
from clients_ui.imports.models import Import
from clients_ui.models import Client
from clients_ui.selection import changes
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import ledger, reading_first, runner
from kayse_admin.jobs.models import Chunk, Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_meanwhile import by_hand
from tests.clients_ui.test_import_screens import begin, mapped
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, outcomes, recorded, started

pytestmark = pytest.mark.django_db(transaction=True)

PKS = (2, 3, 4, 5)


@pytest.fixture
def cities(sandbox: Sandbox, known: Any) -> dict[int, str]:
    """Where the clients live before the import."""
    return {pk: str(known(pk).city) for pk in PKS}


@pytest.fixture
def imported(sandbox: Sandbox, as_paralegal: Browser, cities: dict[int, str]) -> Import:
    """An import that has moved them all to Waco."""
    kept = mapped(as_paralegal, "id,city\n" + "".join(f"{pk},Waco\n" for pk in PKS))
    begin(as_paralegal, kept)
    runner.serve()
    sandbox.http.delete("/_sandbox/requests")
    return kept


def undone(browser: Browser, kept: Import, **fields: str) -> Job:
    """Undo it with the reads; the job, not served yet."""
    url = f"/clients/import/jobs/{kept.job_id}/undo/"
    answer = browser.post(url, {"operation": str(uuid.uuid4()), "read_first": "on", **fields})
    assert answer.status_code == 303, text_of(answer)
    return Job.objects.get(undoes=kept.job_id)


def test_what_was_changed_outside_stays(
    sandbox: Sandbox, as_paralegal: Browser, imported: Import, cities: dict[int, str]
) -> None:
    page = as_paralegal.get(f"/clients/import/jobs/{imported.job_id}/undo/")
    assert "4 get back" in text_of(page)
    assert "1 request, or 5 with the reads" in text_of(page)
    assert sandbox.requests() == [], "the question costs nothing"
    sandbox.call("PUT", "/clients/3", {"city": "Dallas"})
    sandbox.call("PUT", "/clients/4", {"city": cities[4]})
    sandbox.call("DELETE", "/clients/5")
    sandbox.http.delete("/_sandbox/requests")

    job = undone(as_paralegal, imported)
    runner.serve()
    assert sandbox.client(2)["city"] == cities[2]
    assert sandbox.client(3)["city"] == "Dallas"
    assert outcomes(job) == {"updated": 1, "unchanged": 2, "failed": 1}
    assert Row.objects.get(job=job, target=3).reason == reading_first.CHANGED
    assert Row.objects.get(job=job, target=4).reason == reading_first.SO_ALREADY
    assert Client.objects.get(pk=3).city == "Dallas", "what was read is known now"
    assert [one["method"] for one in sandbox.requests(path="/v1/")] == ["GET"] * 4 + ["POST"]
    assert ledger.tally(job).requests == 5
    adds_up(job)
    recorded(job)


def test_a_read_is_believed_for_a_while(
    sandbox: Sandbox, as_paralegal: Browser, imported: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paused between the reads and the change for longer than that: everything is read again."""
    job = undone(as_paralegal, imported)
    chunk = job.chunks.get()
    actor, kind = ledger.owner(job), runner.kind_of(job)
    assert actor is not None
    for _ in PKS:
        row = reading_first.unread(chunk)
        assert row is not None
        reading_first.look(job, chunk, row, kind, actor)
    assert reading_first.unread(chunk) is None
    sandbox.call("PUT", "/clients/3", {"city": "Dallas"})
    Row.objects.filter(job=job).update(flag=str(int(timezone.now().timestamp()) - reading_first.FRESH - 1))
    runner.serve()
    assert sandbox.client(3)["city"] == "Dallas"
    assert outcomes(job) == {"updated": 3, "unchanged": 1}
    assert ledger.tally(job).requests == 9
    adds_up(job)


def test_the_reserve_is_left_to_people(
    sandbox: Sandbox, as_paralegal: Browser, imported: Import, settings: LazySettings
) -> None:
    job = undone(as_paralegal, imported)
    settings.KAYSE_RESERVE = 10_000
    runner.serve()
    job.refresh_from_db()
    assert job.state == Job.State.WAITING
    assert sandbox.requests(path="/v1/") == []


def test_a_read_without_an_answer_waits(sandbox: Sandbox, as_paralegal: Browser, imported: Import) -> None:
    job = undone(as_paralegal, imported)
    sandbox.fault("status", method="GET", status=503, times=3)
    runner.serve()
    job.refresh_from_db()
    assert job.state == Job.State.WAITING
    assert sandbox.requests("POST", "/v1/") == [], "nothing is sent of what could not be read"
    Job.objects.update(wait_until=timezone.now())
    runner.serve()
    assert outcomes(job) == {"updated": 4}


def test_an_opt_out_stays(sandbox: Sandbox, as_paralegal: Browser, ana: Client) -> None:
    """The import opted somebody out of calls; undoing it would let them be called again."""
    sandbox.call("PUT", f"/clients/{ana.pk}", {"voice_calls_opted_out": False})
    Client.objects.filter(pk=ana.pk).update(voice_calls_opted_out=False)
    kept = mapped(as_paralegal, f"id,opt-out,city\n{ana.pk},yes,Waco\n")
    begin(as_paralegal, kept)
    runner.serve()
    assert sandbox.client(ana.pk)["voice_calls_opted_out"] is True
    undone(as_paralegal, kept)
    runner.serve()
    assert sandbox.client(ana.pk)["city"] == ana.city
    assert sandbox.client(ana.pk)["voice_calls_opted_out"] is True
    assert Event.objects.filter(action="clients_bulk_upsert", stage="intent").count() == 2


def test_what_is_right_already_is_not_all(
    sandbox: Sandbox, as_paralegal: Browser, people: dict[str, User], ana: Client
) -> None:
    """One field was put right by hand, of the other nothing is told: that one is still put back."""
    sandbox.switch(answers="sparse")
    paralegal = ledger.owner(Job(owner_id=people["paralegal"].pk))
    assert paralegal is not None
    sent = {"city": "Zzz", "external_source": "other"}
    job = changes.edit(paralegal, [ana.pk], sent, uuid.uuid4())
    sandbox.call("PUT", f"/clients/{ana.pk}", {"city": ana.city})
    (back,) = undoing.undo(paralegal, job, uuid.uuid4())
    runner.serve()
    row = Row.objects.get(job=back)
    assert (row.outcome, row.body) == ("updated", {"external_source": ana.external_source})
    assert sandbox.client(ana.pk)["external_source"] == ana.external_source


def test_it_is_undone_once(as_paralegal: Browser, people: dict[str, User], imported: Import) -> None:
    """Two pages that were open at once start one undo; the same click twice finds the one that it started."""
    paralegal, operation = ledger.owner(Job(owner_id=people["paralegal"].pk)), uuid.uuid4()
    assert paralegal is not None
    assert imported.job is not None
    (first,) = undoing.undo(paralegal, imported.job, operation)
    assert undoing.undo(paralegal, imported.job, operation) == [first]
    with pytest.raises(undoing.CannotUndo, match="already"):
        undoing.undo(paralegal, imported.job, uuid.uuid4())
    url = f"/clients/import/jobs/{imported.job_id}/undo/"
    answer = as_paralegal.post(url, {"operation": str(uuid.uuid4()), "read_first": "on"})
    assert (answer.status_code, answer["Location"]) == (303, f"/jobs/{imported.job_id}/")
    assert Job.objects.filter(undoes=imported.job_id).count() == 1


def test_who_may_undo_and_what(people: dict[str, User], imported: Import) -> None:
    """The service asks, not only the link that leads to it."""
    manager, paralegal = (ledger.owner(Job(owner_id=people[role].pk)) for role in ("manager", "paralegal"))
    assert manager is not None
    assert paralegal is not None
    assert imported.job is not None
    with pytest.raises(PermissionDenied):
        undoing.undo(manager, imported.job, uuid.uuid4())
    imported.job.options = {"undo": False}
    with pytest.raises(undoing.CannotUndo):
        undoing.undo(paralegal, imported.job, uuid.uuid4())
    assert not Job.objects.filter(undoes=imported.job_id).exists()


def test_who_was_created_and_worked_on_since_stays(
    sandbox: Sandbox, as_paralegal: Browser, people: dict[str, User]
) -> None:
    """A colleague's field, a field that only Kayse told, a place on a list: nothing brings a deleted client back."""
    head = "external_source,external_source_id,first_name,last_name\n"
    kept = mapped(as_paralegal, head + "".join(f"soak,U-{n},Una,Soak {n}\n" for n in range(4)))
    begin(as_paralegal, kept)
    runner.serve()
    edited, told, listed, _ = Client.objects.filter(external_source="soak").order_by("pk")
    by_hand(as_paralegal, edited, city="Waco")
    Client.objects.filter(pk=told.pk).update(mobile="+15125550142")
    append = Row(target=listed.pk, label=listed.name, outcome="updated")
    started(people["manager"], [append], kind="list_append")
    page = text_of(as_paralegal.get(f"/clients/import/jobs/{kept.job_id}/undo/"))
    assert "1 client that it created is deleted at Kayse" in page
    those = ", ".join(f"Una Soak {n}" for n in range(3))
    assert (
        f"3 were changed since, as far as is known here, and stay as they are. Changed since: {those}."
        in page
    )
    undone(as_paralegal, kept)
    runner.serve()
    living = Client.objects.filter(external_source="soak", gone_at=None)
    assert set(living) == {edited, told, listed}
    assert set(exported(sandbox)) == {"U-0", "U-1", "U-2"}


def test_who_was_put_on_a_list_or_edited_to_and_fro_by_hand_stays(
    sandbox: Sandbox, as_paralegal: Browser, as_manager: Browser
) -> None:
    head = "external_source,external_source_id,first_name,last_name,city\n"
    kept = mapped(as_paralegal, head + "".join(f"soak,U-{n},Una,Soak {n},Waco\n" for n in range(3)))
    begin(as_paralegal, kept)
    runner.serve()
    long_ago = timezone.now() - timedelta(hours=1)
    Chunk.objects.filter(job=kept.job).update(sent_at=long_ago)
    made = Client.objects.filter(external_source="soak")
    made.update(changed_at=long_ago.replace(microsecond=0))
    edited, listed, _ = made.order_by("pk")
    for city in ("Austin", "Waco"):
        edited.refresh_from_db()
        by_hand(as_paralegal, edited, city=city)
    answer = as_manager.post(
        "/case-lists/1/clients/append/",
        {"operation": str(uuid.uuid4()), "client_ids": str(listed.pk), "confirmed": "yes"},
    )
    assert answer.status_code == 303, text_of(answer)
    undone(as_paralegal, kept)
    runner.serve()
    assert set(made.filter(gone_at=None)) == {edited, listed}


def test_nothing_is_undone_while_a_request_of_it_is_under_way(
    sandbox: Sandbox, as_paralegal: Browser, imported: Import
) -> None:
    url = f"/clients/import/jobs/{imported.job_id}/undo/"
    Chunk.objects.filter(job=imported.job).update(state="sending")
    page = as_paralegal.get(url)
    assert (page.status_code, "still being sent" in text_of(page)) == (200, True)
    as_paralegal.post(url, {"operation": str(uuid.uuid4()), "read_first": "on"})
    assert not Job.objects.filter(undoes=imported.job_id).exists()
    assert imported.job is not None
    owner = ledger.owner(imported.job)
    assert owner is not None
    with pytest.raises((undoing.CannotUndo, PermissionDenied)):
        undoing.undo(owner, imported.job, uuid.uuid4())


@pytest.fixture
def many(people: dict[str, User], hundred: list[int]) -> Job:
    """A job that has moved 101 clients to another city."""
    paralegal = ledger.owner(Job(owner_id=people["paralegal"].pk))
    assert paralegal is not None
    ids = [*hundred, Client.objects.exclude(pk__in=hundred).filter(gone_at=None)[0].pk]
    job = changes.edit(paralegal, ids, {"city": "Zzz"}, uuid.uuid4())
    runner.serve()
    return job


def test_above_a_hundred_the_number_is_typed(as_paralegal: Browser, many: Job) -> None:
    url = f"/clients/import/jobs/{many.pk}/undo/"
    assert "Type 101 to confirm" in text_of(as_paralegal.get(url))
    for typed in ({}, {"confirm": "100"}, {"confirm": "yes"}):
        answer = as_paralegal.post(url, {"operation": str(uuid.uuid4()), **typed})
        assert answer.status_code == 422
        assert "Type 101 to confirm that you mean all of them." in text_of(answer)
    assert not Job.objects.filter(undoes=many.pk).exists()
    answer = as_paralegal.post(url, {"operation": str(uuid.uuid4()), "confirm": " 101 "})
    assert answer.status_code == 303
    assert Job.objects.get(undoes=many.pk).total == 101


def test_the_service_asks_for_the_number_too(people: dict[str, User], many: Job) -> None:
    """It may have grown since the page with the question."""
    paralegal, operation = ledger.owner(Job(owner_id=people["paralegal"].pk)), uuid.uuid4()
    assert paralegal is not None
    for typed in (None, 100):
        with pytest.raises(undoing.NotTyped, match="Type 101 to confirm"):
            undoing.undo(paralegal, many, operation, typed=typed)
    assert not Job.objects.filter(undoes=many.pk).exists()
    (back,) = undoing.undo(paralegal, many, operation, typed=101)
    assert undoing.undo(paralegal, many, operation) == [back], "what was started is found without it"


def test_what_grew_between_the_question_and_the_start_is_asked_again(
    as_paralegal: Browser, many: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page counted three; while its answer was on the way, others became free to be put back."""
    plans = iter([undoing.Plan(0, 3, 98)])
    counted = undoing.plan
    monkeypatch.setattr(undoing, "plan", lambda job: next(plans, None) or counted(job))
    url = f"/clients/import/jobs/{many.pk}/undo/"
    answer = as_paralegal.post(url, {"operation": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert "Type 101 to confirm that you mean all of them." in text_of(answer)
    assert "101 get back" in text_of(answer)
    assert not Job.objects.filter(undoes=many.pk).exists()


@pytest.fixture
def opted_out(as_paralegal: Browser, sandbox: Sandbox, known: Any) -> Callable[[str], str]:
    """Import this, of which 2 and 3 may be called before; the address of its undo."""

    def make(text: str) -> str:
        for pk in (2, 3):
            sandbox.call("PUT", f"/clients/{pk}", {"voice_calls_opted_out": False})
            known(pk)
        kept = mapped(as_paralegal, text)
        begin(as_paralegal, kept)
        runner.serve()
        return f"/clients/import/jobs/{kept.job_id}/undo/"

    return make


def test_opt_outs_alone_leave_nothing_to_undo(as_paralegal: Browser, opted_out: Callable[[str], str]) -> None:
    """It is said, and there is no button that would do nothing; nor does a page of before lead round in circles."""
    url = opted_out("id,opt-out\n2,yes\n3,yes\n")
    for answer in (as_paralegal.get(url), as_paralegal.post(url, {"operation": str(uuid.uuid4())})):
        page = text_of(answer)
        assert "There is nothing to delete or to put back." in page
        assert (
            "2 opt-outs from calls stay: taking one back needs a permission of its own and a reason." in page
        )
        dialog = answer.content.decode().partition('class="dialog-form"')[2].partition("</form>")[0]
        assert ("get back" in page, 'type="submit"' in dialog, 'name="reason"' in dialog) == (False,) * 3
        assert "requests" not in dialog
    assert not Job.objects.filter(undoes__isnull=False).exists()


def test_an_opt_out_that_stays_is_said_beside_what_is_put_back(
    as_paralegal: Browser, sandbox: Sandbox, opted_out: Callable[[str], str]
) -> None:
    url = opted_out("id,opt-out,city\n2,yes,Waco\n3,no,Waco\n")
    page = text_of(as_paralegal.get(url))
    assert "2 get back the values that were known before. 1 opt-out from calls stays: taking" in page


def test_an_opt_out_of_before_is_not_the_imports(
    as_paralegal: Browser, sandbox: Sandbox, known: Any, ana: Client
) -> None:
    """Sent again to be sure; the undo neither sends it once more nor counts it."""
    sandbox.call("PUT", f"/clients/{ana.pk}", {"voice_calls_opted_out": True})
    known(ana.pk)
    kept = mapped(as_paralegal, f"id,opt-out,city\n{ana.pk},yes,Waco\n")
    begin(as_paralegal, kept)
    runner.serve()
    page = text_of(as_paralegal.get(f"/clients/import/jobs/{kept.job_id}/undo/"))
    assert ("1 gets back" in page, "opt-out" in page) == (True, False)
    job = undone(as_paralegal, kept)
    assert Row.objects.get(job=job).body == {"city": ana.city}
