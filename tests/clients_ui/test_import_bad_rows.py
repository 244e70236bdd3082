"""The file of the rows that cannot be taken: it comes back as it went out, with the choices that it was checked by."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from clients_ui.imports.models import Import
from clients_ui.models import Client
from kayse_admin.jobs.models import Row
from tests.clients_ui.conftest import text_of
from tests.clients_ui.test_import_screens import HEAD, begin, mapped
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def bad(browser: Browser, kept: Import) -> str:
    return b"".join(browser.get(f"/clients/import/{kept.pk}/bad.csv")).decode("utf-8-sig")  # type: ignore[arg-type]


def rows(kept: Import) -> list[Row]:
    return list(Row.objects.filter(job=kept.job).order_by("number"))


@pytest.mark.parametrize(
    "line",
    [
        "s,1,Ana,true",
        "s,1,Ana,Soak,a@example.com,Apt 4,Austin",
        's,1,"Ana" x,Soak,',
        's,1,"Ana,Soak,a@example.com',
    ],
)
def test_a_row_that_is_no_row_stays_none_and_loses_nothing(as_paralegal: Browser, line: str) -> None:
    kept = mapped(as_paralegal, f"{HEAD}{line}\ns,2,Bo,Soak,\n")

    again = mapped(as_paralegal, bad(as_paralegal, kept))
    (row,) = rows(again)
    assert row.flag == "error"
    assert "Ana" in "".join(row.source["cells"])
    assert row.source["cells"][0] == "2", "the line that it was on"
    once_more = mapped(as_paralegal, bad(as_paralegal, again))
    (row,) = rows(once_more)
    assert row.flag == "error"
    assert "Ana" in "".join(row.source["cells"])


def test_the_choices_of_the_columns_are_those_of_the_file(
    sandbox: Sandbox, as_paralegal: Browser, ana: Client
) -> None:
    Client.objects.filter(pk=ana.pk).update(city="Birmingham", city_key="birmingham")
    head = "Quelle,Nummer,Vorname,Stadt,Post\n"
    text = f"{head}{ana.external_source},{ana.external_source_id},{ana.first_name},Otherville,no mail\n"
    choices = {
        "column_0": "external_source", "column_1": "external_source_id", "column_2": "first_name",
        "column_3": "city", "column_4": "email", "policy_3": "if_empty", "mode": "update",
    }  # fmt: skip
    kept = mapped(as_paralegal, text, **choices)
    assert rows(kept)[0].flag == "error"
    again = mapped(as_paralegal, bad(as_paralegal, kept).replace("no mail", ""))
    (row,) = rows(again)
    assert (row.flag, row.target, row.body) == ("", ana.pk, {})
    assert again.options["mode"] == "update"


def test_bad_rows_of_bad_rows_can_be_imported(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, HEAD + "s,1,Ana,Soak,no mail\ns,2,Bo,Soak,no mail\n")
    again = mapped(as_paralegal, bad(as_paralegal, kept).replace("no mail", "ana@example.com", 1))
    data = bad(as_paralegal, again)
    assert data.splitlines()[0] == bad(as_paralegal, kept).splitlines()[0]
    last = mapped(as_paralegal, data.replace("no mail", "bo@example.com"))
    (row,) = rows(last)
    assert (row.flag, row.body["first_name"]) == ("", "Bo")


@pytest.mark.parametrize("cell", ["'-200", "-200", "''-200", "'x", "=1"])
def test_an_external_id_like_a_formula_stays_the_same(as_paralegal: Browser, cell: str) -> None:
    text = HEAD + f"s,{cell},Ana,Soak,{{}}\n"
    good = rows(mapped(as_paralegal, text.format("ana@example.com")))[0].body
    kept = mapped(as_paralegal, text.format("no mail"))
    again = mapped(as_paralegal, bad(as_paralegal, kept).replace("no mail", "ana@example.com"))
    assert rows(again)[0].body == good


def test_a_file_with_columns_of_these_names_can_be_imported_again(as_paralegal: Browser, known: Any) -> None:
    head = HEAD.replace("email", "email,line,reason")
    kept = mapped(as_paralegal, head + "s,1,Ana,Soak,no mail,7,because\n")
    again = mapped(as_paralegal, bad(as_paralegal, kept).replace("no mail", ""))
    assert rows(again)[0].flag == ""


def test_a_bad_row_is_called_by_its_name_alone(as_paralegal: Browser) -> None:
    kept = mapped(as_paralegal, "number," + HEAD + "123456789,s,1,Ana,Soak,no mail\n,s,2,Bo,Soak,\n")
    begin(as_paralegal, kept)
    page = text_of(as_paralegal.get(f"/jobs/{kept.job_id}/"))
    assert "Ana Soak line 2" in page
    assert "123456789" not in page
