"""Drafts of the builder: kept while somebody types, found again anywhere, gone when the list is saved."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from caselists_ui import drafts
from caselists_ui.models import CaseList, Draft, Version
from kayse_admin.accounts.models import User
from tests.caselists_ui.helpers import confirmed, form, no_operation, page_of, pk_of, told
from tests.caselists_ui.test_edit import made, opened, save
from tests.conftest import Sandbox, signed_in

pytestmark = pytest.mark.django_db
PREVIEW = "/case-lists/preview/"


def typed(browser: Browser, **values: Any) -> dict[str, Any]:
    """A form for a new list as it is typed in, sent as the summary's preview sends it."""
    sent = form(draft=str(uuid.uuid4()), **values)
    response = browser.post(PREVIEW, sent, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return sent


def test_typing_keeps_a_draft_that_is_found_anywhere(
    sandbox: Sandbox, as_manager: Browser, people: dict[str, User]
) -> None:
    told(as_manager)
    before = len(sandbox.requests(path="/v1/"))
    sent = typed(
        as_manager, name="Half a <b>list</b>", include_ids="1, 2, x", other_keys="{", case_types=["25"]
    )
    response = as_manager.post(PREVIEW, {**sent, "description": "Soon"}, headers={"HX-Request": "true"})
    assert "Draft kept" in page_of(response)
    assert Draft.objects.count() == 1, "each opened form has one draft"
    as_manager.logout()
    elsewhere = signed_in(people["manager"])
    url = f"/case-lists/drafts/{sent['draft']}/"
    for path in ("/case-lists/", "/case-lists/new/"):
        text = page_of(elsewhere.get(path))
        assert "Draft of “Half a &lt;b&gt;list&lt;/b&gt;” from" in text
        assert f'href="{url}"' in text
    page = elsewhere.get(url)
    values = {bound.name: bound.value() for bound in page.context["form"]}
    assert (values["name"], values["description"]) == ("Half a <b>list</b>", "Soon")
    assert (values["include_ids"], values["other_keys"], values["case_types"]) == ("1, 2, x", "{", ["25"])
    assert (values["draft"], values["operation"] == sent["operation"]) == (sent["draft"], False)
    assert "There is a problem" not in page_of(page)
    assert "field-error" not in page_of(page), "what is missing in a draft is no mistake yet"
    assert len(sandbox.requests(path="/v1/")) == before
    no_operation()


def test_a_saved_list_takes_its_draft_with_it(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    sent = typed(as_manager, name="A", case_types=["25"])
    other = typed(as_manager, name="B")
    sandbox.fault("status", method="POST", path="/v1/case_lists", status=400)
    assert as_manager.post("/case-lists/new/", sent).status_code == 422
    assert Draft.objects.count() == 2, "nothing was saved"
    sent["operation"] = str(uuid.uuid4())
    pk_of(as_manager.post("/case-lists/new/", sent))
    assert [str(draft.pk) for draft in Draft.objects.all()] == [other["draft"]]
    as_manager.post(PREVIEW, sent)
    assert Draft.objects.count() == 1, "a preview that arrives behind its save brings nothing back"


def test_a_draft_of_an_edit_says_that_the_list_was_changed(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    values = opened(as_manager, pk, name="B")
    as_manager.post(PREVIEW, {**values, "pk": pk})
    url = f"/case-lists/drafts/{values['draft']}/"
    assert "Draft of a change of “B” from" in page_of(as_manager.get("/case-lists/"))
    assert "Draft of a change of" in page_of(as_manager.get(f"/case-lists/{pk}/edit/"))
    assert "Draft of" not in page_of(as_manager.get("/case-lists/new/")), "it is about another list"
    text = page_of(as_manager.get(url))
    assert "Your draft from" in text
    assert "was changed since" not in text
    as_manager.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="7"))
    page = as_manager.get(url)
    assert "This list was changed since the draft was begun." in page_of(page)
    assert "no longer included" in page_of(page), "the page says what saving the draft loses"
    again = {b.name: b.value() for b in page.context["form"] if b.value() not in (None, "", False)}
    response = as_manager.post(f"/case-lists/{pk}/edit/", again)
    assert response.status_code == 303, page_of(response)
    assert CaseList.objects.get(pk=pk).name == "B"
    assert not Draft.objects.exists()


def test_a_draft_names_what_became_of_its_list_since(
    sandbox: Sandbox, as_manager: Browser, as_admin: Browser
) -> None:
    pk = made(as_manager)
    values = opened(as_manager, pk, name="Mine")
    as_manager.post(PREVIEW, {**values, "pk": pk})
    url = f"/case-lists/drafts/{values['draft']}/"
    as_admin.post(f"/case-lists/{pk}/attach/", confirmed(include_ids="7"))
    assert "Since then: 1 change of members. " in page_of(as_manager.get(url))
    for name in ("B", "C"):
        assert save(as_admin, pk, name=name).status_code == 303
    author = Version.objects.get(case_list=pk, number=3).author_name
    text = page_of(as_manager.get(url))
    assert re.search(
        rf"Since then: version 3 \({author}, [0-9:]+\), version 2 \({author}, [0-9:]+\)\. ", text
    )


def test_the_list_of_a_draft_may_be_gone(sandbox: Sandbox, as_manager: Browser) -> None:
    pk = made(as_manager)
    values = opened(as_manager, pk, name="B")
    as_manager.post(PREVIEW, {**values, "pk": pk})
    as_manager.post(f"/case-lists/{pk}/delete/", form())
    page = as_manager.get(f"/case-lists/drafts/{values['draft']}/")
    assert "is deleted. Saving it makes a new list." in page_of(page)
    assert 'action="/case-lists/new/"' in page_of(page)


def test_discarding(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    url = f"/case-lists/drafts/{typed(as_manager, name='A')['draft']}/discard/"
    assert as_manager.get(url).status_code == 405
    for _ in range(2):
        assert as_manager.post(url).status_code == 303
    assert not Draft.objects.exists()
    assert "Draft of" not in page_of(as_manager.get("/case-lists/"))


def test_an_empty_form_is_no_draft(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    sent = typed(as_manager, name="A")
    as_manager.post(PREVIEW, {**sent, "name": ""})
    assert not Draft.objects.exists()


def test_without_javascript_a_button_keeps_it(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    assert 'formaction="/case-lists/drafts/"' in page_of(as_manager.get("/case-lists/new/"))
    sent = form(draft=str(uuid.uuid4()), include_ids="5")
    response = as_manager.post("/case-lists/drafts/", sent, follow=True)
    assert "The draft is kept." in page_of(response)
    assert "Draft of “a list without a name”" in page_of(response)
    assert as_manager.get("/case-lists/drafts/").status_code == 405


def test_a_draft_is_its_owners(
    sandbox: Sandbox, as_manager: Browser, as_admin: Browser, people: dict[str, User]
) -> None:
    told(as_manager)
    sent = typed(as_manager, name="Mine")
    url = f"/case-lists/drafts/{sent['draft']}/"
    assert as_admin.get(url).status_code == 404
    as_admin.post(PREVIEW, {**sent, "name": "Theirs"})
    as_admin.post(f"{url}discard/")
    assert Draft.objects.get().name == "Mine"
    assert "Draft of" not in page_of(as_admin.get("/case-lists/"))
    assert Browser().get(url)["Location"].startswith("/sign-in/")
    assert signed_in(people["paralegal"]).get(url).status_code == 403
    assert signed_in(people["auditor"]).post(PREVIEW, sent).status_code == 403


def test_what_cannot_be_stored_is_left_out(sandbox: Sandbox, as_manager: Browser) -> None:
    told(as_manager)
    typed(as_manager, name="a\0b", description="x" * 5_001)
    assert Draft.objects.get().name == "ab"
    typed(as_manager, name="big", include_ids="1 " * 400_000)
    assert Draft.objects.count() == 1
    as_manager.post(PREVIEW, form(name="no draft id"))
    as_manager.post(PREVIEW, form(name="x", draft="nonsense"))
    assert Draft.objects.count() == 1


def test_old_drafts_and_too_many_go(
    sandbox: Sandbox, as_manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(as_manager)
    monkeypatch.setattr(drafts, "MOST", 2)
    for name in "ABC":
        typed(as_manager, name=name)
    assert sorted(draft.name for draft in Draft.objects.all()) == ["B", "C"]
    Draft.objects.filter(name="B").update(at=timezone.now() - timedelta(days=61))
    assert "“B”" not in page_of(as_manager.get("/case-lists/"))
    typed(as_manager, name="D")
    assert sorted(draft.name for draft in Draft.objects.all()) == ["C", "D"]
