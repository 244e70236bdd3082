"""Mending the rows of a checked file page by page: where the person is afterwards, and what another tab sees."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Browser

from clients_ui.imports import background
from clients_ui.imports.models import Import
from clients_ui.models import Client
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Job, Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_screens import HEAD, begin, mapped
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
BAD = "".join(f"s,{n},Bad,Row {n},no mail\n" for n in range(1, 26))


def links(page: Any, word: str = "import/") -> set[str]:
    """Where the links of a page lead."""
    return set(re.findall(rf'href="([^"]*{word}[^"]*|\?[^"]*)"', page.text.replace("&amp;", "&")))


def row_url(kept: Import, number: int, what: str = "fix") -> str:
    return f"/clients/import/{kept.pk}/rows/{number}/{what}/"


def test_links_lead_somewhere_wherever_the_page_is_answered(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, HEAD + BAD)
    url = f"/clients/import/{kept.pk}/"
    pages = [
        as_paralegal.get(url),
        as_paralegal.post(row_url(kept, 1), {"cell_4": "still no mail"}),
        begin(as_paralegal, kept),
    ]
    assert [page.status_code for page in pages] == [200, 422, 422]
    for page in pages:
        found = links(page, rf"{url}\?")
        assert found >= {f"{url}?show=error", f"{url}?show=twin", f"{url}?show=error&from=21"}
        assert [as_paralegal.get(link).status_code for link in found] == [200] * len(found)


def test_who_mends_a_row_of_a_later_page_stays_there(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, HEAD + BAD)
    url = f"/clients/import/{kept.pk}/"
    page = as_paralegal.get(f"{url}?show=error&from=21")
    assert [one["row"].number for one in page.context["rows"]] == [21, 22, 23, 24, 25]
    assert f"{url}?show=error&from=1" in links(page)
    action = f"{row_url(kept, 22)}?show=error&from=21"
    assert f'action="{action.replace("&", "&amp;")}"' in page.text

    failed = as_paralegal.post(action, {"cell_4": "still no mail"})
    assert failed.status_code == 422
    assert [one["row"].number for one in failed.context["rows"]] == [21, 22, 23, 24, 25]
    assert re.findall(r'id="(c[^"]*)"[^>]* autofocus', failed.text) == ["c22-4"]
    assert as_paralegal.post(action, {"cell_4": "ok@example.com"})["Location"] == (
        f"{url}?show=error&from=21#row-23"
    )
    last = as_paralegal.post(f"{row_url(kept, 25)}?show=error&from=21", {"cell_4": "o2@example.com"})
    assert last["Location"] == f"{url}?show=error&from=21#bad"


def test_a_page_begins_at_a_row_so_that_mended_ones_make_nobody_skip_others(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, HEAD + BAD)
    more = "?show=error&from=21"
    for number in (1, 2, 3):
        as_paralegal.post(row_url(kept, number), {"cell_4": f"r{number}@example.com"})
    page = as_paralegal.get(f"/clients/import/{kept.pk}/{more}")
    assert [one["row"].number for one in page.context["rows"]] == [21, 22, 23, 24, 25]
    assert page.context["previous"] == 4


def test_under_htmx_one_row_and_the_counts_are_answered(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, HEAD + BAD)
    url = f"{row_url(kept, 22)}?show=error&from=21"
    failed = as_paralegal.post(url, {"cell_4": "still no mail"}, headers=HTMX)
    assert (failed.status_code, failed.text.count('class="card')) == (422, 1)
    assert re.findall(r'id="(c[^"]*)"[^>]* autofocus', failed.text) == ["c22-4"]
    mended = as_paralegal.post(url, {"cell_4": "ok@example.com"}, headers=HTMX)
    assert mended.status_code == 200
    assert "Will be created." in mended.text
    assert 'id="row-22" tabindex="-1" autofocus' in mended.text
    assert "1 will be created" in text_of(mended)
    assert "24 with errors" in text_of(mended)
    assert mended.text.count('hx-swap-oob="true"') == 3
    assert begin(as_paralegal, kept, plan=mended.context["shown_plan"]).status_code == 303, (
        "what the page shows now can be started"
    )


def test_a_mended_row_that_may_be_a_duplicate_is_asked_about_at_once(
    as_paralegal: Browser, ana: Client
) -> None:
    kept = mapped(as_paralegal, HEAD + BAD)
    answer = as_paralegal.post(row_url(kept, 3), {"cell_4": ana.email}, headers=HTMX)
    assert f"It is {ana.pk}: update" in text_of(answer)
    answer = as_paralegal.post(row_url(kept, 4), {"cell_4": ana.email})
    assert answer["Location"] == f"/clients/import/{kept.pk}/?show=twin&from=4#row-4"
    decided = as_paralegal.post(row_url(kept, 3, "decide"), {"choice": "skip"}, headers=HTMX)
    assert "Left out." in text_of(decided)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_second_tab_decides_the_same_row(
    as_paralegal: Browser, ana: Client, headers: dict[str, str]
) -> None:
    kept = mapped(as_paralegal, HEAD + f"s,1,Eve,Soak,{ana.email}\n")
    for choice in ("skip", "create"):
        answer = as_paralegal.post(row_url(kept, 1, "decide"), {"choice": choice}, headers=headers)
        assert answer.status_code == (200 if headers else 303)
    row = Row.objects.get(job=kept.job)
    assert (row.outcome, row.reason) == ("unchanged", "Left out."), "the first word counts"
    assert as_paralegal.post(row_url(kept, 9, "decide"), {"choice": "skip"}).status_code == 404


def test_a_tab_that_shows_a_check_which_is_made_anew(
    as_paralegal: Browser, ana: Client, settings: LazySettings
) -> None:
    kept = mapped(as_paralegal, HEAD + BAD + f"s,99,Eve,Soak,{ana.email}\ns,98,Al,Soak,\n")
    page = f"/clients/import/{kept.pk}/"
    shown = as_paralegal.get(page).context["shown_plan"]
    settings.IMPORT_CHECK_AT_ONCE = 1
    mapped_again = as_paralegal.get(f"{page}columns/").context["form"]
    data = {name: mapped_again[name].value() or "" for name in mapped_again.fields}
    assert as_paralegal.post(f"{page}columns/", data).status_code == 303
    assert Import.objects.get().job.state == Job.State.PREPARING  # type: ignore[union-attr]

    answer = begin(as_paralegal, kept, plan=shown)
    assert answer.status_code == 422
    assert "somebody has changed it meanwhile" in text_of(answer)
    assert "Checking every row" in text_of(answer)
    for what, fields in (("fix", {"cell_4": "ok@example.com"}), ("decide", {"choice": "skip"})):
        assert as_paralegal.post(row_url(kept, 26, what), fields)["Location"] == page

    job = Import.objects.get().job
    assert job is not None
    background.check(job, lambda: True)
    answer = begin(as_paralegal, kept, plan=shown)
    assert (answer.status_code, "somebody has changed it meanwhile" in text_of(answer)) == (422, True)


def test_a_row_of_a_file_that_somebody_has_started(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, HEAD + "s,0,Good,Row,\n" + BAD)
    begin(as_paralegal, kept)
    for headers, status in (({}, 303), (HTMX, 200)):
        answer = as_paralegal.post(row_url(kept, 2), {"cell_4": "ok@example.com"}, headers=headers)
        assert answer.status_code == status
        assert (
            answer.headers.get("HX-Redirect", answer.headers.get("Location")) == f"/clients/import/{kept.pk}/"
        )
    assert Row.objects.filter(job=kept.job, flag="error").count() == 25


def test_the_job_of_an_import_offers_the_bad_rows(
    sandbox: Sandbox, as_paralegal: Browser, as_manager: Browser, ana: Client
) -> None:
    kept = mapped(as_paralegal, HEAD + "s,0,Good,Row,\n" + BAD + f"s,99,Eve,Soak,{ana.email}\n")
    begin(as_paralegal, kept)
    page, link = f"/jobs/{kept.job_id}/", f"/clients/import/{kept.pk}/bad.csv"
    for _ in ("before", "after"):
        assert f'<a href="{link}">Bad rows as they came (26)</a>' in as_paralegal.get(page).text
        assert link not in as_manager.get(page).text
        runner.serve()
    assert len(b"".join(as_paralegal.get(link)).splitlines()) == 27  # type: ignore[arg-type]
    Row.objects.filter(job=kept.job).exclude(flag="").delete()
    assert link not in as_paralegal.get(page).text
