"""Rows of one file that are about the same client in different words: no double, and no result of another row."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients_ui.bulk import assign
from clients_ui.models import Client
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from kayse_admin.kayse_api.reading import bulk_clients
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_screens import HEAD, begin, mapped
from tests.conftest import Sandbox
from tests.jobs.helpers import exported

pytestmark = pytest.mark.django_db(transaction=True)

WITH_ID = "id," + HEAD


def flags(browser: Browser, rows: str, **choices: str) -> list[tuple[str, str]]:
    kept = mapped(browser, WITH_ID + rows, **choices)
    found = Row.objects.filter(job=kept.job).order_by("number")
    return [(row.flag, row.reason) for row in found]


@pytest.fixture
def ana(known: Any) -> Client:
    return next(
        one for one in map(known, range(2, 40)) if one.external_source_id and one.email and one.mobile
    )


def test_an_external_id_that_is_given_to_a_client_is_not_created_as_well(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    told = flags(as_paralegal, f"{ana.pk},pq,NX-1,,,\n,PQ, nx-1 ,Ann,Smith,ann@example.com\n")
    assert told == [("", ""), ("error", "The same external id is on line 2 already.")]


def test_one_client_by_id_and_by_external_id_is_changed_once(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    by_id, by_key = f"{ana.pk},,,Aaa,,\n", f",{ana.external_source},{ana.external_source_id},Bbb,,\n"
    same = ("error", "The same client is on line 2 already.")
    assert flags(as_paralegal, by_id + by_key)[1] == same
    assert flags(as_paralegal, by_key + by_id)[1] == same


def test_an_external_id_of_somebody_else_is_not_given_to_a_client(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, known: Any
) -> None:
    other = known(next(pk for pk in range(40, 60) if pk != ana.pk))
    row = f"{other.pk},{ana.external_source},{ana.external_source_id},,,\n"
    assert flags(as_paralegal, row) == [("error", f"Client {ana.pk} has this external source and id.")]
    Client.objects.filter(pk=other.pk).update(external_source="x-source")
    Client.objects.filter(pk=ana.pk).update(external_source_id=other.external_source_id, external_key="")
    ana.refresh_from_db()
    ana.external_key = Client.objects.get(pk=other.pk).external_key
    ana.save()
    row = f"{other.pk},{ana.external_source},,,,\n"
    assert flags(as_paralegal, row) == [("error", f"Client {ana.pk} has this external source and id.")]


def test_a_new_client_with_the_phone_that_another_row_gives_somebody_is_asked_about(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    told = flags(as_paralegal, f"{ana.pk},,,,,new@example.com\n,pq,NX-2,Ann,Smith,New@example.com\n")
    assert told == [("", ""), ("twin", "Has the same phone or e-mail as line 2.")]


def test_a_mended_row_is_held_against_those_that_wait_for_a_person(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    head = "external_source,external_source_id,first_name,last_name,email,mobile\n"
    phone = "(512) 555-0188"
    text = head + f"w,1,Wanda,Wait,{ana.email},{phone}\nw,2,Mia,Mend,no mail,{phone}\n"
    kept = mapped(as_paralegal, text)
    bad = Row.objects.get(job=kept.job, flag="error")
    as_paralegal.post(f"/clients/import/{kept.pk}/rows/{bad.number}/fix/", {"cell_4": ""})
    bad.refresh_from_db()
    assert (bad.flag, bad.reason) == ("twin", "Has the same phone or e-mail as line 2.")


def test_a_mended_row_is_held_against_the_external_id_that_another_gives_somebody(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    kept = mapped(as_paralegal, WITH_ID + f"{ana.pk},pq,NX-3,,,\n,pq,NX-3,Mia,Mend,no mail\n")
    bad = Row.objects.get(job=kept.job, flag="error")
    answer = as_paralegal.post(f"/clients/import/{kept.pk}/rows/{bad.number}/fix/", {"cell_5": ""})
    assert (answer.status_code, "The same id is in the file already" in text_of(answer)) == (422, True)


def row(number: int, target: int | None, **body: str) -> Row:
    return Row(job=Job(), number=number, target=target, body=body)


def test_what_kayse_tells_of_one_row_is_no_result_of_another() -> None:
    rows = [row(1, 300, external_source="pq", external_source_id="N"), row(2, None, external_source="pq",
            external_source_id="N")]  # fmt: skip
    client = {"external_source": "pq", "external_source_id": "N"}
    both = bulk_clients({"clients": [{"id": 300, **client}, {"id": 2003, **client}]})
    assert [(one.outcome, one.result) for one in assign(rows, both)] == [("updated", 300), ("created", 2003)]
    silent = bulk_clients({"clients": [{"id": 300, **client}]})
    assert [(one.outcome, one.result) for one in assign(rows, silent)] == [
        ("updated", 300),
        ("unknown", None),
    ]


def test_nobody_is_created_with_what_the_same_request_gives_a_client(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    kept = mapped(as_paralegal, WITH_ID + f"{ana.pk},pq,NX-4,,,\n,pq,NX-5,Ann,Smith,ann@example.com\n")
    # As a row that was decided before there was this question.
    second = Row.objects.get(job=kept.job, number=2)
    second.body = {**second.body, "external_source_id": "NX-4"}
    second.save()

    begin(as_paralegal, kept)
    runner.serve()
    second.refresh_from_db()
    assert (second.outcome, second.flag) == ("failed", "held")
    assert exported(sandbox, "pq") == {"NX-4": 1}


def test_what_a_row_would_change_of_whom_is_seen_before_it_is_decided(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, known: Any
) -> None:
    head = HEAD.replace("email", "email,voice_calls_opted_out")
    kept = mapped(as_paralegal, head + f"pq,NX-6,Ann,{ana.last_name},{ana.email},yes\n")
    page = text_of(as_paralegal.get(f"/clients/import/{kept.pk}/?show=twin"))
    assert f"The row: Ann · {ana.last_name} · {ana.email} · opted out · pq · NX-6" in page
    assert f"{ana.name} External source: {ana.external_source} → pq; " in page
    assert f"First name: {ana.first_name} → Ann" in page
    assert "→ opted out" in page
    assert "Last name" not in page.split("The row:")[1]
    others = [one for one in map(known, range(2, 60)) if one.email and one.email != ana.email][:20]
    rows = "".join(f"pq,Q-{n},Ann,Smith{n},{one.email},\n" for n, one in enumerate(others))
    many = mapped(as_paralegal, head + rows)
    with CaptureQueriesContext(connection) as few:
        as_paralegal.get(f"/clients/import/{kept.pk}/?show=twin")
    with CaptureQueriesContext(connection) as more:
        assert len(as_paralegal.get(f"/clients/import/{many.pk}/?show=twin").context["rows"]) == 20
    assert len(more) == len(few)


def test_known_doubles_can_be_changed_by_their_ids(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, known: Any
) -> None:
    other = known(next(pk for pk in range(41, 50) if pk != ana.pk))
    other.external_source, other.external_source_id = ana.external_source, ana.external_source_id
    other.source_key, other.external_key = ana.source_key, ana.external_key
    other.save()
    key = f"{ana.external_source},{ana.external_source_id}"
    rows = f"{ana.pk},{key},Aaa,,\n{other.pk},{key},Bbb,,\n"
    assert flags(as_paralegal, rows, match="id") == [("", ""), ("", "")]
    # Which of them a row without an id means, a person says, however the row writes the id.
    kept = mapped(
        as_paralegal, WITH_ID + f",{str(ana.external_source).upper()},{ana.external_source_id},Ccc,,\n"
    )
    (asked,) = Row.objects.filter(job=kept.job)
    url = f"/clients/import/{kept.pk}/rows/{asked.number}/decide/"
    as_paralegal.post(url, {"choice": f"update-{ana.pk}"})
    asked.refresh_from_db()
    assert (asked.flag, asked.target, asked.body["first_name"]) == ("", ana.pk, "Ccc")


def test_a_deleted_client_is_created_again_once_and_stays_opted_out(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, known: Any
) -> None:
    gone = known(next(pk for pk in range(41, 50) if pk != ana.pk))
    Client.objects.filter(pk=gone.pk).update(gone_at=timezone.now(), voice_calls_opted_out=True)
    rows = f"{gone.pk},pq,G-1,Ann,One,one@example.com\n{gone.pk},pq,G-2,Ann,One,two@example.com\n"
    told = flags(as_paralegal, rows, match="id", deleted="anew")
    assert told[1] == ("error", "The same client is on line 2 already.")
    text = WITH_ID + f",{gone.external_source},{gone.external_source_id},Ann,One,{ana.email}\n"
    kept = mapped(as_paralegal, text, deleted="anew")
    (asked,) = Row.objects.filter(job=kept.job)
    assert asked.flag == "twin"
    as_paralegal.post(f"/clients/import/{kept.pk}/rows/{asked.number}/decide/", {"choice": "create"})
    asked.refresh_from_db()
    assert (asked.flag, asked.body["voice_calls_opted_out"]) == ("", True)
    kept.refresh_from_db()
    assert kept.counts["again"] == 1


def test_a_source_that_changes_alone_gives_an_external_id_as_well(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    told = flags(as_paralegal, f"{ana.pk},pq,,,,\n,pq,{ana.external_source_id},Ann,Smith,ann@example.com\n")
    assert told == [("", ""), ("error", "The same external id is on line 2 already.")]
