"""/audit/filters/: filters of the log that a person keeps under a name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from kayse_admin.accounts import saved
from kayse_admin.accounts.models import SavedFilter, User
from kayse_admin.audit.models import Event
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "/audit/filters/new/?result=unknown&q=garc%C3%ADa"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def kept(people: dict[str, User]) -> SavedFilter:
    return SavedFilter.objects.create(
        room="audit", person=people["auditor"], name="Unknown ones", query="result=unknown"
    )


def test_a_filter_is_kept_under_a_name_and_offered(as_auditor: Browser, people: dict[str, User]) -> None:
    assert "Text: garcía; Result: Outcome unknown" in text(as_auditor.get(URL))
    response = as_auditor.post(URL + "&before=7", {"name": "Unknown García"})
    assert response.status_code == 303
    assert response["Location"] == "/audit/?q=garc%C3%ADa&result=unknown"
    one = SavedFilter.objects.get()
    assert (one.person, one.name, one.query) == (
        people["auditor"],
        "Unknown García",
        "q=garc%C3%ADa&result=unknown",
    )
    html = text(as_auditor.get("/audit/"))
    assert 'href="/audit/?q=garc%C3%ADa&amp;result=unknown">Unknown García</a>' in html
    assert not Event.objects.exists()


def test_the_same_name_keeps_the_newer_filter(as_auditor: Browser, kept: SavedFilter) -> None:
    as_auditor.post("/audit/filters/new/?action=sign_in", {"name": kept.name})
    assert [one.query for one in SavedFilter.objects.all()] == ["action=sign_in"]


def test_filters_are_ones_own(as_admin: Browser, as_auditor: Browser, kept: SavedFilter) -> None:
    assert "Unknown ones" not in text(as_admin.get("/audit/"))
    assert as_admin.post(f"/audit/filters/{kept.pk}/forget/").status_code == 404
    assert as_auditor.post(f"/audit/filters/{kept.pk}/forget/").status_code == 303
    assert not SavedFilter.objects.exists()
    assert as_auditor.post(f"/audit/filters/{kept.pk}/forget/").status_code == 404


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Give it a name."),
        ("x" * 61, "at most 60 characters"),
        ("a\0b", "Null characters"),
        ("x" * 2_000_000, "60"),
    ],
    ids=["none", "long", "nul", "huge"],
)
def test_a_bad_name_is_told_at_its_field(as_auditor: Browser, name: str, message: str) -> None:
    response = as_auditor.post(URL, {"name": name})
    assert response.status_code == 422
    assert message in text(response)
    assert not SavedFilter.objects.exists()


def test_nobody_keeps_too_many(as_auditor: Browser, people: dict[str, User]) -> None:
    for number in range(saved.MOST):
        SavedFilter.objects.create(
            room="audit", person=people["auditor"], name=f"Filter {number}", query="result=unknown"
        )
    response = as_auditor.post(URL, {"name": "One more"})
    assert response.status_code == 422
    assert "You keep 20 filters already" in text(response)
    assert as_auditor.post(URL, {"name": "Filter 3"}).status_code == 303


def test_there_must_be_a_filter(as_auditor: Browser) -> None:
    for query in ("", "?before=7", "?result=nonsense", "?since=%00"):
        assert as_auditor.get(f"/audit/filters/new/{query}").status_code == 404


def test_who_may(people: dict[str, User], kept: SavedFilter) -> None:
    for name in ("paralegal", "manager", "nobody"):
        assert signed_in(people[name]).get(URL).status_code == 403
        assert signed_in(people[name]).post(f"/audit/filters/{kept.pk}/forget/").status_code == 403
    assert Browser().post(URL)["Location"].startswith("/sign-in/")
    assert signed_in(people["auditor"]).get(f"/audit/filters/{kept.pk}/forget/").status_code == 405
    assert signed_in(people["auditor"]).post("/audit/filters/9223372036854775808/forget/").status_code == 404
