"""The check of a large file by a worker: progress, restarts, what is wrong with it, and no request."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser
from django_tasks_db.models import DBTaskResult

from clients_ui.imports import background, checking, services
from clients_ui.imports.models import Import
from kayse_admin.accounts.models import User
from kayse_admin.jobs import ledger, lock, preparing, raw, runner, tasks
from kayse_admin.jobs.models import Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_screens import begin, file_of, mapped
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, new_client, started

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = [f"P{n}" for n in range(30)]


@pytest.fixture(autouse=True)
def large(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is a large one, in small batches."""
    settings.IMPORT_CHECK_AT_ONCE = 5
    monkeypatch.setattr(ledger, "BATCH", 10)
    monkeypatch.setattr(checking, "BATCH", 5)
    monkeypatch.setattr(preparing, "ASKED", 5)


def never() -> bool:
    return False


def url(kept: Import) -> str:
    return f"/clients/import/{kept.pk}/"


def test_a_worker_checks_and_the_page_asks(sandbox: Sandbox, as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, file_of(*NAMES, extra="soak,S-99,Bad,Soak,no mail\n"))
    assert Job.objects.get().state == Job.State.PREPARING
    assert "0 of about 32 rows checked" in text_of(as_paralegal.get(url(kept)))
    fragment = as_paralegal.get(url(kept), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in fragment.content.decode()
    assert "Being prepared" in text_of(as_paralegal.get("/clients/import/")), (
        "the history does not stumble over it"
    )
    assert as_paralegal.get(f"/jobs/{kept.job_id}/").status_code == 404, "it is no job yet that could be run"
    assert begin(as_paralegal, kept).status_code == 422
    assert Job.objects.get().state == Job.State.PREPARING, "nothing can be started before it is checked"

    assert tasks.is_queued()
    assert tasks.serve_jobs.func() == 0
    fragment = as_paralegal.get(url(kept), headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == url(kept), "the page that asked is told to load the result"
    assert "30 will be created, 0 updated, 0 unchanged, 1 has an error" in text_of(
        as_paralegal.get(url(kept))
    )
    assert sandbox.requests() == []
    begin(as_paralegal, kept)
    runner.serve()
    assert len(exported(sandbox)) == 30
    adds_up(Job.objects.get())


def test_what_a_dead_worker_left_is_begun_anew(
    as_paralegal: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = mapped(as_paralegal, file_of(*NAMES))
    insert, written = raw.insert, []

    def dies(*arguments: Any) -> None:
        written.append(1)
        if len(written) == 2:
            raise KeyboardInterrupt
        insert(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(raw, "insert", dies)
        with pytest.raises(KeyboardInterrupt):
            preparing.serve(never)
    assert Row.objects.count() == 10 == Job.objects.get().total, "progress is seen while it is made"
    assert "10 of about 31 rows" in text_of(as_paralegal.get(url(kept)))
    DBTaskResult.objects.update(status="RUNNING")  # as an errand stays whose worker died
    assert runner.sweep()
    assert preparing.serve(never) == 1
    assert list(Row.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 31))
    assert not preparing.waits()


def test_it_stops_for_the_end_of_the_worker_and_goes_on_in_another(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, file_of(*NAMES))
    asked = []

    def ending() -> bool:
        asked.append(1)
        return len(asked) > 4

    assert preparing.serve(ending) == 0
    assert 0 < Row.objects.count() < 30
    assert preparing.serve(never) == 1
    assert Row.objects.filter(job=kept.job).count() == 30


@pytest.mark.sqlite  # a session of PostgreSQL may take its own lock a second time
def test_nobody_does_it_twice(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, file_of(*NAMES))
    assert kept.job_id is not None
    with lock.sending(kept.job_id):
        assert not preparing.waits()
        assert preparing.serve(never) == 0
        assert Row.objects.count() == 0
    assert preparing.waits()


def test_other_columns_begin_another_check(as_paralegal: Browser) -> None:
    """Somebody changes the columns while a worker is at it."""
    kept = mapped(as_paralegal, file_of(*NAMES))
    first = kept.job_id
    again: list[Import] = []

    class Changed:
        def __call__(self) -> bool:
            if Row.objects.filter(job=first).exists() and not again:
                page = as_paralegal.get(f"{url(kept)}columns/")
                form = page.context["form"]
                data = {name: form[name].value() or "" for name in form.fields}
                assert (
                    as_paralegal.post(f"{url(kept)}columns/", {**data, "mode": "create"}).status_code == 303
                )
                again.append(Import.objects.get())
            return False

    preparing.serve(Changed())
    assert again
    assert not Job.objects.filter(pk=first).exists()
    preparing.serve(never)
    kept.refresh_from_db()
    assert kept.job_id != first
    assert kept.options["mode"] == "create"
    assert Row.objects.count() == 30 == Row.objects.filter(job=kept.job).count()


@pytest.mark.parametrize(
    ("extra", "words"), [("x" * 1_600_000, "no table of clients"), ("", "more than 20 rows")]
)
def test_a_file_that_cannot_be_checked_is_told(
    as_paralegal: Browser, settings: LazySettings, extra: str, words: str
) -> None:
    settings.IMPORT_MOST_ROWS = 1_000 if extra else 20
    kept = mapped(as_paralegal, file_of(*NAMES, extra=extra))
    assert preparing.serve(never) == 1
    page = as_paralegal.get(url(kept))
    assert words in text_of(page)
    assert "disabled" in page.content.decode()
    assert Row.objects.count() == 0
    assert begin(as_paralegal, kept).status_code == 422


def test_a_mistake_of_ours_keeps_no_other_job_waiting(
    sandbox: Sandbox, as_paralegal: Browser, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = mapped(as_paralegal, file_of(*NAMES))
    other = started(people["paralegal"], [new_client(1)])

    def stumbles(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(services, "fill", stumbles)
    assert tasks.serve_jobs.func() == 1
    other.refresh_from_db()
    assert other.state == Job.State.DONE
    assert preparing.FAILED in text_of(as_paralegal.get(url(kept)))
    assert not preparing.waits()


def test_who_asked_may_not_any_more(as_paralegal: Browser, people: dict[str, User]) -> None:
    kept = mapped(as_paralegal, file_of(*NAMES))
    people["paralegal"].groups.clear()
    assert preparing.serve(never) == 1
    assert "may not import any more" in Job.objects.get().note
    assert Row.objects.filter(job=kept.job).count() == 0


def test_a_small_file_is_checked_at_once(as_paralegal: Browser, settings: LazySettings) -> None:
    settings.IMPORT_CHECK_AT_ONCE = 31
    kept = mapped(as_paralegal, file_of(*NAMES))
    assert not background.is_long(kept)
    assert Job.objects.get().state == Job.State.DRAFT
    assert Row.objects.count() == 30


def test_lines_are_counted_whatever_ends_them(as_paralegal: Browser) -> None:
    assert mapped(as_paralegal, file_of(*NAMES).replace("\n", "\r")).lines == 31


def test_the_log_of_the_database_can_be_emptied_while_a_file_is_read(people: dict[str, User]) -> None:
    """On SQLite alone: else it grows with everything that the check of a large file writes."""
    if connection.vendor != "sqlite":
        return
    actor = ledger.owner(Job(owner_id=people["paralegal"].pk))
    assert actor is not None
    kept = services.keep(actor, "two.csv", [b"first_name\nAnn\n", b"Bea\nCleo\n"])
    found = services.records_of(kept)
    assert next(found).cells == ["first_name"]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(RESTART)")
        assert cursor.fetchone()[0] == 0
    assert [record.cells for record in found] == [["Ann"], ["Bea"], ["Cleo"]]


def test_a_file_is_discarded_while_it_is_checked(as_paralegal: Browser) -> None:
    """Before a worker has begun, and in the middle: nothing of it is left, and the worker does not stumble."""
    for rows in (0, 10):
        kept = mapped(as_paralegal, file_of(*NAMES))
        assert f'action="{url(kept)}discard/"' in as_paralegal.get(url(kept)).text

        class Discarded:
            """It is discarded as soon as so many rows are there."""

            def __call__(self, kept: Import = kept, rows: int = rows) -> bool:
                if Row.objects.count() >= rows and Import.objects.exists():
                    answer = as_paralegal.post(f"{url(kept)}discard/")
                    assert answer["Location"] == "/clients/import/"
                return False

        preparing.serve(Discarded())
        assert preparing.serve(never) == 0
        assert not Import.objects.exists()
        assert not Job.objects.exists()
        assert not Row.objects.exists()
