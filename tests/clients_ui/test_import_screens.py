"""The screens of an import, from the file to the undo, against the running sandbox."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.imports import services
from clients_ui.imports.models import Import, Piece, RememberedMapping
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from kayse_admin.management.commands.housekeeping import forget_ended
from tests.clients_ui.conftest import text_of
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, recorded

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "external_source,external_source_id,first_name,last_name,email\n"


def file_of(*names: str, extra: str = "") -> str:
    return (
        HEAD
        + "".join(f"soak,S-{n},{name},Soak,{name.lower()}@example.com\n" for n, name in enumerate(names))
        + extra
    )


def send(browser: Browser, text: str | bytes, name: str = "partner.csv") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return browser.post("/clients/import/", {"file": SimpleUploadedFile(name, data)})


def mapped(browser: Browser, text: str, **choices: str) -> Import:
    """Send a file and take the columns as they are guessed; returns the checked import."""
    answer = send(browser, text)
    assert answer.status_code == 303, text_of(answer)
    page = browser.get(answer["Location"])
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    answer = browser.post(page.request["PATH_INFO"], {**data, **choices})
    assert answer.status_code == 303, text_of(answer)
    return Import.objects.latest("pk")


def begin(browser: Browser, kept: Import, **fields: str) -> Any:
    """Start it as its page would that was opened now."""
    shown = services.plan_of(Import.objects.get(pk=kept.pk))
    data = {"operation": str(uuid.uuid4()), "plan": shown, **fields}
    return browser.post(f"/clients/import/{kept.pk}/start/", data)


def test_from_the_file_to_the_undo(sandbox: Sandbox, as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, file_of("Ana", "Bo", extra="soak,S-9,Cy,Soak,no mail\n"))
    page = as_paralegal.get(f"/clients/import/{kept.pk}/")
    assert "2 will be created, 0 updated, 0 unchanged, 1 have errors, 0 may be duplicates" in text_of(page)
    assert "Line 4" in text_of(page)
    assert sandbox.requests() == [], "nothing is sent before the start"

    bad = Row.objects.get(job=kept.job, flag="error")
    fixed = as_paralegal.post(
        f"/clients/import/{kept.pk}/rows/{bad.number}/fix/", {"cell_4": "cy@example.com"}
    )
    assert fixed.status_code == 303
    assert "3 will be created" in text_of(as_paralegal.get(f"/clients/import/{kept.pk}/"))

    answer = begin(as_paralegal, kept, reason="partner list")
    job = Job.objects.get(pk=kept.job_id)
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert not Piece.objects.exists()
    runner.serve()
    assert exported(sandbox) == {"S-0": 1, "S-1": 1, "S-9": 1}
    assert len(sandbox.requests("POST")) == 1
    adds_up(job)
    recorded(job)
    assert Event.objects.filter(action="clients_import", reason="partner list").count() == 1

    page = as_paralegal.get(f"/jobs/{job.pk}/")
    assert "Undo" in text_of(page)
    undo = as_paralegal.get(f"/clients/import/jobs/{job.pk}/undo/")
    assert "3 clients that it created are deleted" in text_of(undo)
    answer = as_paralegal.post(f"/clients/import/jobs/{job.pk}/undo/", {"operation": str(uuid.uuid4())})
    assert answer.status_code == 303
    runner.serve()
    assert exported(sandbox) == {}
    assert Client.objects.filter(external_source="soak", gone_at=None).count() == 0


def test_requests_used_are_those_of_the_plan(
    sandbox: Sandbox, as_paralegal: Browser, settings: LazySettings, ana: Client
) -> None:
    """Whatever the vendor was asked in all, from the file to the results, is what the page said before the start."""
    settings.KAYSE_BULK_ROWS = 3
    names = [f"P{n}" for n in range(7)]
    update = (
        f"{ana.external_source},{ana.external_source_id},{ana.first_name},{ana.last_name},new@example.com\n"
    )
    kept = mapped(as_paralegal, file_of(*names, extra=update + "soak,S-8,Bad,Soak,no mail\n"))
    assert "8 rows, 3 requests, leaves" in text_of(as_paralegal.get(f"/clients/import/{kept.pk}/"))
    begin(as_paralegal, kept)
    runner.serve()
    job = Job.objects.get(pk=kept.job_id)
    assert "3 requests used" in text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert [one["path"] for one in sandbox.requests()] == ["/v1/clients/bulk"] * 3
    assert sum(Event.objects.filter(job=job.pk).values_list("requests", flat=True)) == 3
    adds_up(job)


def test_an_update_is_undone_unless_somebody_changed_it_since(
    sandbox: Sandbox, as_paralegal: Browser, known: Any
) -> None:
    first, second = known(2), known(3)
    was = sandbox.client(2)["city"]
    kept = mapped(as_paralegal, "id,city\n2,Waco\n3,Waco\n")
    begin(as_paralegal, kept)
    runner.serve()
    assert [sandbox.client(pk)["city"] for pk in (2, 3)] == ["Waco", "Waco"]
    Client.objects.filter(pk=second.pk).update(city="Dallas")

    url = f"/clients/import/jobs/{kept.job_id}/undo/"
    assert "1 gets back" in text_of(as_paralegal.get(url))
    assert "1 was changed since, as far as is known here, and stays as it is." in text_of(
        as_paralegal.get(url)
    )
    operation = str(uuid.uuid4())
    as_paralegal.post(url, {"operation": operation})
    as_paralegal.post(url, {"operation": operation})
    runner.serve()
    assert sandbox.client(2)["city"] == was
    assert sandbox.client(3)["city"] == "Waco"
    assert Job.objects.filter(undoes=kept.job_id).count() == 1
    assert first.pk == 2


def test_a_double_click_starts_one_job(sandbox: Sandbox, as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, file_of("Ana"))
    for _ in range(2):
        assert begin(as_paralegal, kept).status_code == 303
    runner.serve()
    assert exported(sandbox) == {"S-0": 1}


def test_whoever_starts_it_answers_for_it(
    sandbox: Sandbox, as_paralegal: Browser, as_admin: Browser, people: dict[str, User]
) -> None:
    """An administrator's file that a paralegal starts: the record, the right and the buttons are the paralegal's."""
    kept = mapped(as_admin, file_of("Ana"))
    assert begin(as_paralegal, kept).status_code == 303
    begin(as_admin, kept)
    runner.serve()
    job, person = Job.objects.get(pk=kept.job_id), people["paralegal"]
    assert (job.owner_id, job.owner_name) == (person.pk, "Paula Legal")
    sent = Event.objects.filter(job=job.pk).values_list("actor_id", flat=True)
    assert set(sent) == {person.pk}
    assert Client.objects.get(external_source="soak").changed_by == person.pk


def test_the_same_file_is_recognised(sandbox: Sandbox, as_paralegal: Browser) -> None:
    begin(as_paralegal, mapped(as_paralegal, file_of("Ana")))
    runner.serve()
    again = mapped(as_paralegal, file_of("Ana"))
    page = as_paralegal.get(f"/clients/import/{again.pk}/")
    assert "The same file was imported before" in text_of(page)
    assert "1 unchanged" in text_of(page), "and its clients are known by their external id"


def test_columns_are_remembered(as_paralegal: Browser) -> None:
    odd = "A,B,C,D\nsoak,S-1,Ana,Soak\n"
    choices = {"column_0": "external_source", "column_1": "external_source_id", "column_2": "first_name",
               "column_3": "last_name"}  # fmt: skip
    mapped(as_paralegal, odd, **choices)
    assert RememberedMapping.objects.count() == 1
    page = as_paralegal.get(send(as_paralegal, odd + "soak,S-2,Bo,Soak\n")["Location"])
    assert page.context["form"]["column_1"].value() == "external_source_id"


def test_from_when_empty_is_known_is_said(as_paralegal: Browser, known: Any) -> None:
    old = timezone.now() - timezone.timedelta(days=40)
    for pk, told_at in ((2, old), (3, timezone.now())):
        known(pk)
        Client.objects.filter(pk=pk).update(address_line2=None, told_at=told_at)
    text = "id,address_line2\n2,Apt 1\n3,Apt 1\n"
    kept = mapped(as_paralegal, text, policy_1="if_empty")
    page = as_paralegal.get(f"/clients/import/{kept.pk}/")
    assert "goes by what is known here; the oldest of it was told" in text_of(page)
    assert page.context["known_from"] == old.replace(microsecond=0)
    kept = mapped(as_paralegal, text, policy_1="always")
    assert "oldest of it" not in text_of(as_paralegal.get(f"/clients/import/{kept.pk}/"))


def test_what_cannot_be_read_is_named_by_its_line(sandbox: Sandbox, as_paralegal: Browser) -> None:
    """Row 19: the names of the others keep their accents, and a row with a broken byte is not sent as it is."""
    good = (HEAD + "soak,S-1,Ann,Lee,\n" * 7 + "soak,S-2,José,García,\n").encode()
    answer = send(as_paralegal, good + b"soak,S-3,Zo\x81,M\xc3\xbcller,\n")
    page = as_paralegal.get(answer["Location"])
    assert "UTF-8" in text_of(page)
    assert "García" in text_of(page), "whoever looks sees whether accents are right"
    form = page.context["form"]
    as_paralegal.post(answer["Location"], {name: form[name].value() or "" for name in form.fields})
    kept = Import.objects.get()
    bad = Row.objects.get(job=kept.job, line=10)
    assert (bad.flag, bad.reason) == (
        "error", "first_name: a character in it cannot be read; it is shown as “\ufffd”.",
    )  # fmt: skip
    url = f"/clients/import/{kept.pk}/rows/{bad.number}/fix/"
    assert as_paralegal.post(url, {"cell_3": "Müller"}).status_code == 422, "it cannot be read as before"
    assert as_paralegal.post(url, {"cell_2": "Zoë"}).status_code == 303
    begin(as_paralegal, kept)
    runner.serve()
    assert {one.name for one in Client.objects.all()} >= {"José García", "Zoë Müller"}


def test_pasted_rows(as_paralegal: Browser) -> None:
    answer = as_paralegal.post("/clients/import/", {"pasted": file_of("Ana").replace(",", "\t")})
    assert answer.status_code == 303
    assert Import.objects.get().delimiter == "\t"


def test_a_paste_over_the_limit_says_to_send_a_file(as_paralegal: Browser, settings: LazySettings) -> None:
    """The form says how much it takes, and so does the page of what was too much, with the way to do it."""
    assert "Up to 2.5 MB: send more as a file." in text_of(as_paralegal.get("/clients/import/"))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_024
    settings.UPLOAD_MOST_BYTES = 50 * 1_024 * 1_024
    page = as_paralegal.post("/clients/import/", {"pasted": file_of("Ana") + "x" * 2_000})
    assert (page.status_code, page["Content-Security-Policy"] != "") == (400, True)
    told = text_of(page)
    assert "What is typed or pasted into a form may have up to 1.0 KB in all." in told
    assert "Save the rows as a CSV file and send that: it may have up to 50.0 MB." in told
    assert 'href="/clients/import/"' in page.content.decode()
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("data", "name", "word"),
    [
        (b"PK\x03\x04" + b"\0" * 500, "clients.csv", "Save As"),
        (b"", "clients.csv", "empty"),
        (HEAD.encode(), "clients.csv", "no rows"),
        (b"a,a\n1,2\n", "clients.csv", "twice"),
    ],
)
def test_what_is_no_csv_is_refused(as_paralegal: Browser, data: bytes, name: str, word: str) -> None:
    page = send(as_paralegal, data, name)
    assert page.status_code == 422
    assert word in text_of(page)
    assert not Import.objects.exists()
    assert not Piece.objects.exists()


def test_a_file_over_the_limit(as_paralegal: Browser, settings: LazySettings, tmp_path: Path) -> None:
    settings.UPLOAD_MOST_BYTES = 100_000
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    page = send(as_paralegal, file_of("Ana") + "x" * 200_000)
    assert page.status_code == 413
    assert "larger" in text_of(page)
    assert not Piece.objects.exists()
    assert send(as_paralegal, file_of("Ana")).status_code == 303
    assert list(tmp_path.iterdir()) == [], "no file is left, refused or taken"


def test_too_many_rows(as_paralegal: Browser, settings: LazySettings) -> None:
    settings.IMPORT_MOST_ROWS = 2
    kept_url = send(as_paralegal, file_of("Ana", "Bo", "Cy"))["Location"]
    form = as_paralegal.get(kept_url).context["form"]
    page = as_paralegal.post(kept_url, {name: form[name].value() or "" for name in form.fields})
    assert page.status_code == 422
    assert "more than 2 rows" in text_of(page)
    assert not Row.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\nb.csv", "<b>x</b>.csv", "x" * 400 + ".csv", "‮vsc.csv"]
)
def test_odd_file_names(as_paralegal: Browser, name: str) -> None:
    assert send(as_paralegal, file_of("Ana"), name).status_code == 303
    kept = Import.objects.get()
    assert len(kept.file_name) <= 200
    assert "/" not in kept.file_name
    assert "<b>x" not in as_paralegal.get(f"/clients/import/{kept.pk}/columns/").content.decode()


def test_no_disk_space_is_said(as_paralegal: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 16: a full disk during the upload."""
    from django.core.files import uploadhandler

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploadhandler, "TemporaryUploadedFile", full)
    page = send(as_paralegal, file_of("Ana"))
    assert page.status_code == 422
    assert "no room" in text_of(page)
    assert not Import.objects.exists()


def test_bad_rows_come_back_with_their_reason_and_can_be_imported_again(
    sandbox: Sandbox, as_paralegal: Browser
) -> None:
    """Row 20 as well: a cell like a formula is neutralised in the file, and the original after the import."""
    kept = mapped(as_paralegal, file_of("Ana", extra="soak,S-9,=1+1,Soak,no mail\n"))
    data = b"".join(as_paralegal.get(f"/clients/import/{kept.pk}/bad.csv")).decode("utf-8-sig")  # type: ignore[arg-type]
    taken = Event.objects.get(action="client_export")
    assert (taken.target_kind, taken.target_id, taken.actor_name) == ("job", kept.job_id, "Paula Legal")
    assert "'=1+1" in data
    assert "email: " in data.splitlines()[1]
    again = mapped(as_paralegal, data.replace("no mail", "ok@example.com"))
    assert Row.objects.get(job=again.job).body["first_name"] == "=1+1"


def test_a_possible_duplicate_waits_for_a_decision(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    text = file_of("Ana") + f"soak,S-5,Eve,Soak,{ana.email}\n"
    kept = mapped(as_paralegal, text)
    twin = Row.objects.get(job=kept.job, flag="twin")
    page = as_paralegal.get(f"/clients/import/{kept.pk}/?show=twin")
    assert f"ID {ana.pk}" in text_of(page)
    as_paralegal.post(f"/clients/import/{kept.pk}/rows/{twin.number}/decide/", {"choice": "create"})
    twin.refresh_from_db()
    assert (twin.flag, twin.outcome, twin.target) == ("", "", None)
    assert "2 will be created" in text_of(as_paralegal.get(f"/clients/import/{kept.pk}/"))


@pytest.mark.parametrize("chosen", ["first", "second", "create"])
def test_a_row_that_fits_two_clients(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client, chosen: str
) -> None:
    """A person says which; CLEAR in the file still clears, and a second one is made only if they want it."""
    body = {name: getattr(ana, name) for name in ("external_source", "external_source_id", "first_name")}
    second = sandbox.call("POST", "/clients", {**body, "last_name": "Twin", "city": "Reno"})["id"]
    as_paralegal.post("/clients/open/", {"pk": second})
    assert Client.objects.filter(pk=second, external_key=ana.external_key).exists()
    head = "external_source,external_source_id,first_name,last_name,city,postal_code\n"
    row = f"{ana.external_source},{ana.external_source_id},{ana.first_name},{ana.last_name},CLEAR,73301\n"
    kept = mapped(as_paralegal, head + row)
    page = text_of(as_paralegal.get(f"/clients/import/{kept.pk}/?show=twin"))
    assert "0 will be created, 0 updated, 0 unchanged, 0 have errors, 1 may be duplicates" in page
    assert f"It is {ana.pk}: update" in page
    assert f"It is {second}: update" in page
    choice = {"first": f"update-{ana.pk}", "second": f"update-{second}", "create": "create"}[chosen]
    url = f"/clients/import/{kept.pk}/rows/1/decide/"
    assert as_paralegal.post(url, {"choice": "update-3"}).status_code == 303, (
        "who was not offered is not taken"
    )
    assert Row.objects.get(job=kept.job).flag == "twin"
    as_paralegal.post(url, {"choice": choice})
    begin(as_paralegal, kept)
    runner.serve()
    done = Row.objects.get(job=kept.job)
    assert done.outcome == ("created" if chosen == "create" else "updated")
    target = {"first": ana.pk, "second": second, "create": done.result}[chosen]
    assert sandbox.client(target or 0)["postal_code"] == "73301"
    assert not sandbox.client(target or 0)["city"]
    adds_up(Job.objects.get(pk=kept.job_id))


def test_a_file_is_discarded_by_whoever_sent_it(
    sandbox: Sandbox, as_paralegal: Browser, as_admin: Browser
) -> None:
    theirs, mine, done = (
        mapped(as_admin, file_of("Ana")),
        *(mapped(as_paralegal, file_of("Bo")) for _ in "12"),
    )
    begin(as_paralegal, done, again="on")
    for kept, status in ((theirs, 403), (mine, 303), (done, 303)):
        assert as_paralegal.post(f"/clients/import/{kept.pk}/discard/").status_code == status
    assert set(Import.objects.all()) == {theirs, done}, "what was started stays for ever"
    assert set(Row.objects.values_list("job", flat=True)) == {theirs.job_id, done.job_id}
    assert set(Piece.objects.values_list("file", flat=True)) == {theirs.pk}
    url = f"/clients/import/{theirs.pk}/"
    assert f"{url}discard/" not in as_paralegal.get(url).content.decode()
    assert f"{url}discard/" in as_admin.get(url).content.decode()


def test_what_nobody_starts_is_forgotten(sandbox: Sandbox, as_paralegal: Browser) -> None:
    unmapped = Import.objects.get(pk=int(send(as_paralegal, file_of("Ana"))["Location"].split("/")[3]))
    checked, done, fresh = (mapped(as_paralegal, file_of(name)) for name in ("Bo", "Cy", "Di"))
    begin(as_paralegal, done)
    Import.objects.exclude(pk=fresh.pk).update(at=timezone.now() - timezone.timedelta(days=8))
    forget_ended()
    assert set(Import.objects.all()) == {done, fresh}
    assert set(Piece.objects.values_list("file", flat=True)) == {fresh.pk}
    assert not Job.objects.filter(pk=checked.job_id).exists()
    assert unmapped.job_id is None


def test_who_may(as_manager: Browser, as_auditor: Browser, as_nobody: Browser, as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, file_of("Ana"))
    for browser in (as_manager, as_auditor, as_nobody):
        for url in ("/clients/import/", f"/clients/import/{kept.pk}/", "/clients/import/template.csv"):
            assert browser.get(url).status_code == 403
        assert begin(browser, kept).status_code == 403
    assert Job.objects.get().state == "draft"


def test_taking_back_opt_outs_needs_an_administrator_and_a_reason(
    sandbox: Sandbox, as_admin: Browser, as_paralegal: Browser, ana: Client
) -> None:
    Client.objects.filter(pk=ana.pk).update(voice_calls_opted_out=True)
    text = f"id,opt-out\n{ana.pk},no\n"
    refused = mapped(as_paralegal, text)
    assert "1 have errors" in text_of(as_paralegal.get(f"/clients/import/{refused.pk}/"))
    kept = mapped(as_admin, text)
    assert "1 opt-out will be taken back" in text_of(as_admin.get(f"/clients/import/{kept.pk}/"))
    assert begin(as_admin, kept).status_code == 422
    assert begin(as_admin, kept, reason="Asked for it in writing").status_code == 303
    runner.serve()
    assert sandbox.client(ana.pk)["voice_calls_opted_out"] is False
