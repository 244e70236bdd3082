"""The same file behind its undo: who was deleted is created anew where somebody says so, and never by itself."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from clients_ui.imports import checking
from clients_ui.imports.models import Import, RememberedMapping
from clients_ui.models import Client
from kayse_admin.jobs import ledger, runner
from kayse_admin.jobs.models import Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_screens import begin, mapped
from tests.conftest import Sandbox
from tests.jobs.helpers import outcomes

pytestmark = pytest.mark.django_db(transaction=True)

FILE = "external_source,external_source_id,first_name,last_name\n" + "".join(
    f"p,AGAIN-{n},Ann,Again{n}\n" for n in range(3)
)


def undone(browser: Browser) -> list[int]:
    """Import the file and undo that; the ids that are gone now."""
    kept = mapped(browser, FILE)
    begin(browser, kept)
    runner.serve()
    made = list(Row.objects.filter(job=kept.job_id).order_by("number").values_list("result", flat=True))
    browser.post(f"/clients/import/jobs/{kept.job_id}/undo/", {"operation": str(uuid.uuid4())})
    runner.serve()
    assert Client.objects.filter(pk__in=made, gone_at__isnull=False).count() == 3
    return [pk for pk in made if pk]


def test_it_says_why_not_and_how(sandbox: Sandbox, as_paralegal: Browser) -> None:
    undone(as_paralegal)
    kept = mapped(as_paralegal, FILE)
    page = as_paralegal.get(f"/clients/import/{kept.pk}/")
    assert "3 rows are of clients who were deleted at Kayse" in text_of(page)
    assert checking.LEFT in text_of(page)
    assert f'href="/clients/import/{kept.pk}/columns/"' in page.content.decode()


def test_they_are_created_anew_and_found_the_next_time(sandbox: Sandbox, as_paralegal: Browser) -> None:
    gone = undone(as_paralegal)
    Client.objects.filter(pk=gone[0]).update(voice_calls_opted_out=True)
    kept = mapped(as_paralegal, FILE, deleted="anew")
    assert kept.counts == {"rows": 3, "creates": 3, "again": 3}
    page = as_paralegal.get(f"/clients/import/{kept.pk}/")
    assert "3 of them were deleted at Kayse before and are created again, under new ids" in text_of(page)
    begin(as_paralegal, kept, again="on")
    runner.serve()
    assert outcomes(Job.objects.get(pk=kept.job_id)) == {"created": 3}
    rows = Row.objects.filter(job=kept.job_id).order_by("number")
    assert not {row.result for row in rows} & set(gone)
    assert [sandbox.client(row.result)["voice_calls_opted_out"] for row in rows if row.result] == [
        True,
        False,
        False,
    ], "an opt-out outlives its record"

    assert RememberedMapping.objects.get().options["deleted"] == "leave", "asked about each time"
    third = mapped(as_paralegal, FILE)
    assert third.counts == {"rows": 3, "unchanged": 3}, "who is there counts, not who was deleted"


def test_a_file_cannot_lift_the_opt_out_of_somebody_deleted(sandbox: Sandbox, as_paralegal: Browser) -> None:
    gone = undone(as_paralegal)
    Client.objects.filter(pk__in=gone).update(voice_calls_opted_out=True)
    head, *rows = FILE.splitlines()
    text = "\n".join([f"{head},voice_calls_opted_out", *(f"{row},no" for row in rows)])
    kept: Import = mapped(as_paralegal, text, deleted="anew")
    assert kept.counts == {"rows": 3, "errors": 3}
    assert ledger.tally(Job.objects.get(pk=kept.job_id)).requests == 0
