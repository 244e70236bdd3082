"""The log tells case types and statuses by their names, wherever it shows a change of a list."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from caselists_ui.models import Label
from kayse_admin.accounts.models import User
from kayse_admin.audit.actions import Action
from tests.audit.factory import ROUNDUP, acting, performed
from tests.clients_ui.conftest import text_of

pytestmark = pytest.mark.django_db


def changed(who: User) -> str:
    begun = performed(
        acting(who),
        Action.CASE_LIST_UPDATE,
        ROUNDUP,
        before={"filter": {"case_type_ids": [25, 31], "status_ids": [4]}},
        after={"filter": {"case_type_ids": [25, 26], "status_ids": []}},
    )
    return f"/audit/{begun.operation}/"


@pytest.fixture
def labels() -> None:
    Label.objects.create(kind="case_type", number=25, name="Roundup")
    Label.objects.create(kind="case_type", number=26, name="Zantac")
    Label.objects.create(kind="status", number=4, name="Signed")


def test_on_the_page_of_an_operation_in_the_log_and_in_a_file(
    labels: None, as_auditor: Browser, people: dict[str, User]
) -> None:
    address = changed(people["manager"])
    for page in (address, "/audit/"):
        text = text_of(as_auditor.get(page))
        assert "Case types 31 (no label) Zantac" in text
        assert "Statuses Signed empty" in text
    file = b"".join(as_auditor.get("/audit/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    for words in (
        "Case types: 31 (no label) → Zantac",
        "Statuses: Signed → none",
    ):  # PostgreSQL sorts the keys
        assert words in file


def test_the_names_are_read_once_however_many_changes(
    labels: None, as_auditor: Browser, people: dict[str, User]
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert "Zantac" in text_of(as_auditor.get("/audit/"))
        return sum("caselists_ui_label" in query["sql"] for query in caught.captured_queries)

    changed(people["manager"])
    assert asked() == 1
    for _ in range(10):
        changed(people["manager"])
    assert asked() == 1


def test_what_has_no_such_numbers_reads_no_names(as_auditor: Browser, people: dict[str, User]) -> None:
    performed(
        acting(people["manager"]), Action.CASE_LIST_UPDATE, ROUNDUP, before={"name": "A"}, after={"name": "B"}
    )
    with CaptureQueriesContext(connection) as caught:
        as_auditor.get("/audit/")
    assert not [query for query in caught.captured_queries if "caselists_ui_label" in query["sql"]]
