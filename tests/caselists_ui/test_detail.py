"""GET /case-lists/<pk>/ and the button that asks the vendor for the count."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from caselists_ui import labels
from caselists_ui.labels import Row
from caselists_ui.models import CaseList, Label, Reading
from kayse_admin.actors import Actor
from tests.caselists_ui.helpers import confirmed, form, page_of, pk_of, told
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def test_everything_that_is_known_costs_no_request(
    sandbox: Sandbox, as_manager: Browser, as_auditor: Browser, actor: Actor
) -> None:
    labels.write(actor, [Row(Label.Kind.CASE_TYPE, 25, "Mass Tort"), Row(Label.Kind.STATUS, 30, "Signed")])
    values = form(name="A", description="Words", case_types=["25"], statuses=["30"], include_ids="1 2")
    pk = pk_of(as_manager.post("/case-lists/new/", values))
    before = len(sandbox.requests(path="/v1/"))
    for browser in (as_manager, as_auditor):
        text = page_of(browser.get(f"/case-lists/{pk}/"))
        for words in (
            "<strong>Mass Tort</strong>",
            "<strong>Signed</strong>",
            "Hybrid",
            "Words",
            "1, 2",
            "as of",
            "Everyone on this list may be called.",
            "created",
            "Max Manager",
        ):
            assert words in text, words
    assert len(sandbox.requests(path="/v1/")) == before


def test_buttons_belong_to_those_who_may(
    sandbox: Sandbox, as_manager: Browser, as_auditor: Browser, as_paralegal: Browser
) -> None:
    told(as_manager)
    assert "/case-lists/1/attach/" in page_of(as_manager.get("/case-lists/1/"))
    for browser in (as_auditor, as_paralegal):
        text = page_of(browser.get("/case-lists/1/"))
        assert "/case-lists/1/attach/" not in text
        assert "/case-lists/1/delete/" not in text


def test_queries_do_not_grow_with_the_history(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = pk_of(as_manager.post("/case-lists/new/", form(name="A", case_types=["25"])))
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="1"))
    with CaptureQueriesContext(connection) as few:
        as_manager.get(f"/case-lists/{pk}/")
    for number in range(2, 8):
        as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids=str(number)))
    with CaptureQueriesContext(connection) as many:
        as_manager.get(f"/case-lists/{pk}/")
    assert len(many) <= len(few)


def test_the_count_is_asked_for_by_a_button(
    sandbox: Sandbox, as_auditor: Browser, as_manager: Browser
) -> None:
    told(as_manager)
    members = sandbox.members(1)
    sandbox.call("PATCH", "/case_lists/1/detach", {"include_ids": members[:1]})
    before = len(sandbox.requests("GET", "/v1/"))
    response = as_auditor.post("/case-lists/1/recount/", follow=True)
    assert len(sandbox.requests("GET", "/v1/")) == before + 1
    assert f"<strong>{len(members) - 1}</strong>" in page_of(response)
    assert f"{len(members)}, <span" in page_of(response), "the count before"
    assert "Moved outside" in page_of(response)
    assert "<polyline" in page_of(response)
    assert Reading.objects.filter(case_list=1).latest("id").moved_outside


def test_a_count_that_nobody_can_tell(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    sandbox.fault("status", method="GET", path="/v1/case_lists", status=400)
    response = as_manager.post("/case-lists/1/recount/")
    assert response.status_code == 503
    assert "The number of cases could not be read" in page_of(response)
    assert CaseList.objects.get(pk=1).case_count == 4


def test_what_is_no_list(sandbox: Sandbox, as_manager: Browser, as_nobody: Browser) -> None:
    for pk in ("0", "-1", str(2**63), "9" * 400, "1e3", "٣"):
        assert as_manager.get(f"/case-lists/{pk}/").status_code == 404
    assert as_manager.get("/case-lists/1/recount/").status_code == 405
    assert as_manager.post("/case-lists/1/").status_code == 405
    assert as_nobody.get("/case-lists/1/").status_code == 403
    assert Browser().get("/case-lists/1/")["Location"].startswith("/sign-in/")
    assert sandbox.requests(path="/v1/") == []


def test_unknown_keys_are_kept_and_shown(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    CaseList.objects.filter(pk=1).update(extra={"<b>color</b>": ["<i>red</i>"]})
    text = page_of(as_manager.get("/case-lists/1/"))
    assert "&lt;b&gt;color&lt;/b&gt;" in text
    assert "<i>red" not in text


def test_a_list_that_was_never_told_is_looked_for_once(sandbox: Sandbox, as_manager: Browser) -> None:
    """A link that somebody sent works before anybody has opened the index; an id that is none costs nothing more."""
    assert "Mass Tort Prospects" in page_of(as_manager.get("/case-lists/1/"))
    assert as_manager.get("/case-lists/2/").status_code == 200
    assert as_manager.get("/case-lists/999/").status_code == 404
    assert as_manager.get("/case-lists/998/attach/").status_code == 404
    assert len(sandbox.requests("GET", "/v1/case_lists")) == 1


@pytest.mark.parametrize(
    ("told_as", "words"),
    [
        ("public_api", "Through the API"),
        ("app", "In the Kayse app"),
        (None, "not told"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
    ],
)
def test_who_made_it_is_told_in_words(
    sandbox: Sandbox, as_manager: Browser, told_as: str | None, words: str
) -> None:
    told(as_manager)
    CaseList.objects.filter(pk=1).update(origin=told_as, update_origin=told_as)
    assert page_of(as_manager.get("/case-lists/1/")).count(f"<dd>{words}</dd>") == 2
    assert f"{words}</td>" in page_of(as_manager.get("/case-lists/"))
