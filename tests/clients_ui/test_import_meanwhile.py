"""What happens between the check of a file and the sending of its rows: nobody is doubled, no change is overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from clients_ui import bulk
from clients_ui.imports.models import Import
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import OpenOperation
from kayse_admin.jobs import raw, runner
from kayse_admin.jobs.models import HELD, Chunk, Job, Row
from tests.clients_ui.conftest import edit_fields, new_fields, text_of
from tests.clients_ui.test_import_screens import begin, mapped
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, new_client, outcomes, recorded, started

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "external_source,external_source_id,first_name,last_name\n"


def people_of(*idents: str) -> str:
    """A partner's file of these people."""
    return HEAD + "".join(f"soak,{ident},Ann,Soak {ident}\n" for ident in idents)


def job_of(kept: Import) -> Job:
    assert kept.job is not None
    return kept.job


def both_started(browser: Browser) -> list[Job]:
    """A file and its longer, corrected copy, both checked before either was started."""
    first = mapped(browser, people_of("ov1", "ov2"))
    second = mapped(browser, people_of("OV-1", "ov2", "ov3"))
    for kept in (first, second):
        assert begin(browser, kept).status_code == 303
    return [job_of(first), job_of(second)]


def test_two_files_with_the_same_people(sandbox: Sandbox, as_paralegal: Browser) -> None:
    first, second = both_started(as_paralegal)
    runner.serve()
    assert exported(sandbox) == {"ov1": 1, "ov2": 1, "ov3": 1}
    assert outcomes(first) == {"created": 2}
    assert outcomes(second) == {"created": 1, "failed": 2}
    held = Row.objects.filter(job=second, flag=HELD)
    known = Client.objects.get(external_source_id="ov1")
    assert [row.outcome for row in held] == ["failed", "failed"]
    assert held[0].reason.startswith(f"Client {known.pk} has this external source and id by now")
    for job in (first, second):
        adds_up(job)
        recorded(job)
    assert len(sandbox.requests("POST")) == 2


def test_without_the_look_they_are_doubled(
    sandbox: Sandbox, as_paralegal: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk.Upsert, "doubtful", lambda *_: {})
    both_started(as_paralegal)
    runner.serve()
    assert sorted(exported(sandbox).values()) == [1, 1, 1, 2]


def test_somebody_created_by_hand_meanwhile(sandbox: Sandbox, as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, people_of("hd1"))
    by_hand = new_fields(external_source="Soak", external_source_id="HD1")
    assert as_paralegal.post("/clients/new/", by_hand).status_code == 303
    begin(as_paralegal, kept)
    runner.serve()
    job = job_of(kept)
    assert outcomes(job) == {"failed": 1}
    assert len(sandbox.requests("POST", "/v1/clients/bulk")) == 0
    assert Client.objects.filter(external_key="hd1").count() == 1
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    adds_up(job)


def test_a_row_that_was_never_answered(sandbox: Sandbox, people: dict[str, User]) -> None:
    """Whether Kayse created it nobody knows: another file's row of the same person waits for a person's word."""
    sandbox.fault("reset_after", method="POST")
    first = started(people["paralegal"], [new_client(1)])
    runner.serve()
    assert outcomes(first) == {"unknown": 1}
    second = started(people["paralegal"], [new_client(1), new_client(2)])
    runner.serve()
    assert outcomes(second) == {"failed": 1, "created": 1}
    assert f"Row 1 of job {first.pk} has the same" in Row.objects.get(job=second, number=1).reason
    assert exported(sandbox) == {"S-1": 1, "S-2": 1}
    adds_up(second)


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
def test_somebody_creates_them_by_hand_at_this_moment(
    sandbox: Sandbox, as_paralegal: Browser, people: dict[str, User], state: str
) -> None:
    """In flight, or without an answer: nobody knows yet whether Kayse has them."""
    sandbox.fault("reset_after", method="POST")
    as_paralegal.post("/clients/new/", new_fields(external_source="soak", external_source_id="s1"))
    OpenOperation.objects.update(state=state)
    job = started(people["paralegal"], [new_client(1), new_client(2)])
    runner.serve()
    assert outcomes(job) == {"failed": 1, "created": 1}
    assert "Paula Legal has sent a new client with this" in Row.objects.get(job=job, number=1).reason
    assert exported(sandbox) == {"s1": 1, "S-2": 1}
    adds_up(job)


@pytest.mark.parametrize("state", [Job.State.RUNNING, Job.State.CANCELLED])
def test_a_row_that_a_dead_process_was_sending(
    sandbox: Sandbox, people: dict[str, User], state: Job.State
) -> None:
    owner = people["paralegal"]
    first = started(owner, [new_client(1)])
    Job.objects.filter(pk=first.pk).update(state=state)
    Chunk.objects.filter(job=first).update(state=Chunk.State.SENDING, operation=uuid.uuid4())
    second = started(owner, [new_client(1)])
    assert bulk.Upsert().doubtful(second, raw.rows_of(second.chunks.get())).keys() == {1}


def test_the_same_person_twice_in_one_request(sandbox: Sandbox, people: dict[str, User]) -> None:
    job = started(people["paralegal"], [new_client(1), new_client(1), new_client(2)])
    runner.serve()
    assert outcomes(job) == {"created": 2, "failed": 1}
    assert set(exported(sandbox).values()) == {1}
    adds_up(job)


def test_queries_of_the_look_do_not_grow_with_rows(
    people: dict[str, User], django_assert_max_num_queries: Any
) -> None:
    job = started(people["paralegal"], [new_client(number) for number in range(300)], size=500)
    rows = raw.rows_of(job.chunks.get())
    with django_assert_max_num_queries(4):
        assert bulk.Upsert().doubtful(job, rows) == {}


def checked_city(browser: Browser, pk: int, city: str, **choices: str) -> Import:
    """A file with a city for one client, checked."""
    return mapped(browser, f"id,city\n{pk},{city}\n", **choices)


def by_hand(browser: Browser, client: Client, **values: str) -> None:
    """A colleague's edit."""
    answer = browser.post(f"/clients/{client.pk}/edit/", edit_fields(client, **values))
    assert answer.status_code in (200, 303), text_of(answer)
    client.refresh_from_db()
    assert {name: getattr(client, name) for name in values} == values


def test_a_colleagues_change_is_not_overwritten(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, known: Callable[[int], Client]
) -> None:
    other = known(3)
    kept = mapped(as_paralegal, f"id,city\n{ana.pk},ImportCity\n{other.pk},ImportCity\n")
    by_hand(as_paralegal, ana, city="Colleague City")
    begin(as_paralegal, kept)
    runner.serve()
    job = job_of(kept)
    assert [sandbox.client(one.pk)["city"] for one in (ana, other)] == ["Colleague City", "ImportCity"]
    assert outcomes(job) == {"failed": 1, "updated": 1}
    row = Row.objects.get(job=job, target=ana.pk)
    assert (row.flag, row.reason) == (HELD, "Changed meanwhile: City is “Colleague City” here now.")
    adds_up(job)
    recorded(job)


def test_without_the_look_it_is_overwritten(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk.Upsert, "doubtful", lambda *_: {})
    kept = checked_city(as_paralegal, ana.pk, "ImportCity")
    by_hand(as_paralegal, ana, city="Colleague City")
    begin(as_paralegal, kept)
    runner.serve()
    assert sandbox.client(ana.pk)["city"] == "ImportCity"


def test_what_a_colleague_changed_besides_or_to_the_same_is_no_conflict(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    kept = checked_city(as_paralegal, ana.pk, "ImportCity")
    by_hand(as_paralegal, ana, state="NV", city="ImportCity")
    begin(as_paralegal, kept)
    runner.serve()
    assert outcomes(job_of(kept)) == {"updated": 1}
    assert sandbox.client(ana.pk)["state"] == "NV"


def test_a_client_that_was_deleted_meanwhile(sandbox: Sandbox, as_paralegal: Browser, ana: Client) -> None:
    kept = checked_city(as_paralegal, ana.pk, "ImportCity")
    Client.objects.filter(pk=ana.pk).update(gone_at=timezone.now())
    begin(as_paralegal, kept)
    runner.serve()
    assert outcomes(job_of(kept)) == {"failed": 1}
    assert sandbox.requests("POST", "/v1/clients/bulk") == []


def test_an_opt_out_is_never_held_back(sandbox: Sandbox, as_paralegal: Browser, ana: Client) -> None:
    Client.objects.filter(pk=ana.pk).update(voice_calls_opted_out=False, told={"voice_calls_opted_out": None})
    kept = mapped(as_paralegal, f"id,opt-out\n{ana.pk},yes\n")
    Client.objects.filter(pk=ana.pk).update(told={})
    begin(as_paralegal, kept)
    runner.serve()
    assert sandbox.client(ana.pk)["voice_calls_opted_out"] is True


@pytest.mark.parametrize("filled", [True, False])
def test_only_if_empty_is_judged_again(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, filled: bool
) -> None:
    sandbox.call("PUT", f"/clients/{ana.pk}", {"address_line2": None})
    Client.objects.filter(pk=ana.pk).update(address_line2=None)
    kept = mapped(as_paralegal, f"id,address_line2\n{ana.pk},Apt 1\n", policy_1="if_empty")
    ana.refresh_from_db()
    if filled:
        by_hand(as_paralegal, ana, address_line2="Apt 9")
    begin(as_paralegal, kept)
    runner.serve()
    assert sandbox.client(ana.pk)["address_line2"] == ("Apt 9" if filled else "Apt 1")
    assert outcomes(job_of(kept)) == ({"failed": 1} if filled else {"updated": 1})


def test_the_look_at_changes_is_one_query(
    people: dict[str, User], hundred: list[int], django_assert_num_queries: Any
) -> None:
    clients = Client.objects.in_bulk(hundred)
    rows = [Row(target=pk, body={"city": "Waco"}, before={"city": clients[pk].city}) for pk in hundred]
    job = started(people["paralegal"], rows)
    found = raw.rows_of(job.chunks.get())
    with django_assert_num_queries(1):
        assert bulk.Upsert().doubtful(job, found) == {}
