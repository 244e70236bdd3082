"""Rows of a checked file that are mended, decided or started by several people, and ids that are nearly the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui import editing
from clients_ui.imports import mapping, mending
from clients_ui.imports.models import Import
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.accounts.roles import Role, granted
from kayse_admin.actors import Actor
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import HELD, Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_screens import HEAD, begin, mapped
from tests.conftest import Sandbox
from tests.jobs.helpers import exported

pytestmark = pytest.mark.django_db(transaction=True)


def test_ids_that_differ_in_a_hyphen_are_two_people(sandbox: Sandbox, as_paralegal: Browser) -> None:
    mapped(as_paralegal, HEAD + "soak,12-3,Ann,One,ann@example.com\n")
    begin(as_paralegal, Import.objects.latest("pk"))
    runner.serve()
    kept = mapped(as_paralegal, HEAD + "soak,1-23,Robert,Other,bob@example.com\nSoak, 12-3 ,Anna,,\n")
    bob, ann = Row.objects.filter(job=kept.job).order_by("number")
    assert (bob.target, ann.target) == (None, Client.objects.get(external_source_id="12-3").pk)
    begin(as_paralegal, kept)
    runner.serve()
    assert Client.objects.get(pk=ann.target).first_name == "Anna"
    bob.refresh_from_db()
    assert (bob.outcome, bob.flag) == ("failed", HELD), "alike, which a person decides"
    assert exported(sandbox, "Soak") == {"12-3": 1}


def test_two_who_mend_rows_at_once_lose_no_count(
    sandbox: Sandbox, as_paralegal: Browser, people: dict[str, User]
) -> None:
    kept = mapped(as_paralegal, HEAD + "s,1,Ana,Soak,no mail\ns,2,Bo,Soak,none either\n")
    actor = Actor(people["paralegal"].pk, "Paula", capabilities=granted([Role.PARALEGAL]))
    loaded = [(Import.objects.get(pk=kept.pk), row) for row in Row.objects.filter(job=kept.job)]
    for seen, row in loaded:  # each as it was before the other had mended theirs
        cells = [*row.source["cells"][:4], f"{row.number}@example.com"]
        assert mending.fix(actor, seen, row, cells).flag == ""
    kept.refresh_from_db()
    assert (kept.counts["creates"], kept.counts["errors"]) == (2, 0)


def test_what_was_not_shown_is_not_started(
    sandbox: Sandbox, as_paralegal: Browser, as_admin: Browser
) -> None:
    kept = mapped(as_paralegal, HEAD + "s,1,Ana,Soak,ana@example.com\ns,2,Bo,Soak,no mail\n")
    url = f"/clients/import/{kept.pk}/"
    shown = as_paralegal.get(url).context["shown_plan"]
    bad = Row.objects.get(job=kept.job, flag="error")
    as_admin.post(f"{url}rows/{bad.number}/fix/", {"cell_4": "bo@example.com"})
    answer = begin(as_paralegal, kept, plan=shown)
    assert (answer.status_code, "This is not what the page showed" in text_of(answer)) == (422, True)
    assert begin(as_paralegal, kept, plan="").status_code == 422
    assert Job.objects.get(pk=kept.job_id).state == "draft"
    assert begin(as_paralegal, kept, plan=answer.context["shown_plan"]).status_code == 303


def test_the_record_says_when_a_column_is_written(
    sandbox: Sandbox, as_paralegal: Browser, as_auditor: Browser
) -> None:
    kept = mapped(as_paralegal, HEAD + "s,1,Ana,Soak,ana@example.com\n", policy_4="if_empty")
    begin(as_paralegal, kept)
    event = Event.objects.get(action="clients_import")
    assert "email: if_empty" in text_of(as_auditor.get(f"/audit/{event.operation}/"))


def test_a_mended_row_is_held_against_the_others(sandbox: Sandbox, as_paralegal: Browser) -> None:
    text = HEAD + "a,777,Ann,Smith,ann@example.com\nb,777,Bea,Smith,no mail\na,778,Cy,Smith,none\n"
    kept = mapped(as_paralegal, text)
    url = f"/clients/import/{kept.pk}/rows"
    other, twin = Row.objects.filter(job=kept.job, flag="error").order_by("number")
    answer = as_paralegal.post(f"{url}/{other.number}/fix/", {"cell_4": "bea@example.com"})
    assert answer.status_code == 303, "another source"
    as_paralegal.post(f"{url}/{twin.number}/fix/", {"cell_4": "Ann@example.com"})
    twin.refresh_from_db()
    assert (twin.flag, twin.reason) == ("twin", "Has the same phone or e-mail as line 2.")
    as_paralegal.post(f"{url}/{twin.number}/decide/", {"choice": "create"})
    twin.refresh_from_db()
    assert (twin.flag, twin.outcome, twin.body["email"]) == ("", "", "Ann@example.com")


def test_what_was_typed_stays_where_the_id_is_in_the_file_already(
    sandbox: Sandbox, as_paralegal: Browser
) -> None:
    kept = mapped(as_paralegal, HEAD + "a,7,Ann,Smith,ann@example.com\na,8,Bea,Smith,no mail\n")
    bad = Row.objects.get(job=kept.job, flag="error")
    typed = {"cell_1": "7", "cell_4": "bea@example.com"}
    answer = as_paralegal.post(f"/clients/import/{kept.pk}/rows/{bad.number}/fix/", typed)
    assert (answer.status_code, "The same id is in the file already" in text_of(answer)) == (422, True)
    bad.refresh_from_db()
    assert bad.source["cells"] == ["a", "7", "Bea", "Smith", "bea@example.com"]


def test_two_rows_are_not_decided_onto_one_client(
    sandbox: Sandbox, as_paralegal: Browser, known: Any
) -> None:
    somebody = next(client for client in map(known, range(2, 12)) if client.email and client.mobile)
    rows = "".join(f"u,{n},Q{n},R,{somebody.email}\n" for n in (1, 2))
    kept = mapped(as_paralegal, HEAD + rows)
    first, second = Row.objects.filter(job=kept.job, flag="twin").order_by("number")
    for row in (first, second):
        url = f"/clients/import/{kept.pk}/rows/{row.number}/decide/"
        as_paralegal.post(url, {"choice": f"update-{somebody.pk}"})
        row.refresh_from_db()
    assert (first.target, first.flag) == (somebody.pk, "")
    assert (second.flag, second.reason) == (
        "error",
        f"Another row of the file changes client {somebody.pk} already.",
    )


def test_a_line_break_in_a_cell_becomes_a_space_where_it_is_mended(as_paralegal: Browser) -> None:
    text = 'external_source,external_source_id,first_name,last_name,address_line1\ns,1,A,B,"12 Main\nApt 4"\n'
    kept = mapped(as_paralegal, text)
    page = as_paralegal.get(f"/clients/import/{kept.pk}/")
    assert 'value="12 Main Apt 4"' in page.text


def test_matching_by_id_asks_where_a_row_without_one_has_a_known_external_id(
    sandbox: Sandbox, as_paralegal: Browser, known: Any
) -> None:
    somebody = next(one for one in map(known, range(2, 30)) if one.external_source_id and one.email)
    head = "id,external_source,external_source_id,first_name,last_name\n"
    text = f",{somebody.external_source},{somebody.external_source_id},Zed,Other\n"
    kept = mapped(as_paralegal, head + text + f"{somebody.pk},,,Will,\n", match="id")
    asked, given = Row.objects.filter(job=kept.job).order_by("number")
    assert (asked.flag, asked.target, asked.source["twins"]) == ("twin", None, [somebody.pk])
    assert given.target == somebody.pk


def test_a_client_with_another_hyphen_is_not_taken_for_what_was_sent() -> None:
    sent = {"external_source": "a", "external_source_id": "12-3", "first_name": "Ann"}
    told = {**sent, "first_name": "Bob"}
    assert editing.differing(sent, told) == []
    assert editing.differing(sent, {**told, "external_source_id": "1-23"}) == [
        "external_source_id",
        "first_name",
    ]


def test_a_file_that_is_started_while_it_is_checked_again_stays_the_one_that_was_started(
    sandbox: Sandbox, as_paralegal: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = mapped(as_paralegal, HEAD + "s,1,Ana,Soak,ana@example.com\n")
    first, remember = kept.job_id, mapping.remember

    def started_meanwhile(*arguments: Any) -> None:
        remember(*arguments)
        assert begin(as_paralegal, kept).status_code == 303

    monkeypatch.setattr(mapping, "remember", started_meanwhile)
    page = as_paralegal.get(f"/clients/import/{kept.pk}/columns/")
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    answer = as_paralegal.post(f"/clients/import/{kept.pk}/columns/", data)
    assert (answer.status_code, "started the import of this file" in text_of(answer)) == (422, True)
    kept.refresh_from_db()
    assert (kept.job_id, Job.objects.count()) == (first, 1)
