"""The patterns page: for people who are signed in, beside the sandbox only."""

from __future__ import annotations

from django.test import Client as Browser


def test_shows_every_part(as_auditor: Browser) -> None:
    answer = as_auditor.get("/patterns/")
    assert answer.status_code == 200
    for part in (
        b"btn-danger",
        b"selectbar",
        b"error-summary",
        b'class="diff"',
        b"savebar",
        b'class="empty"',
        b"budget",
    ):
        assert (part in answer.content) is (part != b"error-summary"), part


def test_needs_sign_in(db: None, client: Browser) -> None:
    answer = client.get("/patterns/")
    assert answer.status_code in (302, 303)
    assert answer["Location"] == "/sign-in/?next=%2Fpatterns%2F"


def test_a_bad_form_comes_back_with_what_was_typed(as_auditor: Browser) -> None:
    answer = as_auditor.post(
        "/patterns/", {"first_name": "", "email": "nope", "state": "MA"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 422
    assert answer.content.lstrip().startswith(b"<form")
    assert b'value="nope"' in answer.content
    assert b"2 fields need attention" in answer.content
    assert b'data-unsaved="dirty"' in answer.content


def test_a_good_form_is_said_in_a_toast(as_auditor: Browser) -> None:
    answer = as_auditor.post("/patterns/", {"first_name": "Ann", "state": "MA"}, follow=True)
    assert answer.redirect_chain == [("/patterns/", 303)]
    assert b"The sample was saved." in answer.content


def test_the_dialog_is_a_page_and_a_fragment(as_auditor: Browser) -> None:
    page = as_auditor.get("/patterns/?dialog=1").content
    assert b"<!doctype html>" in page
    assert b"<h1>Delete 120 clients?</h1>" in page
    fragment = as_auditor.get("/patterns/?dialog=1", headers={"HX-Request": "true"}).content
    assert b"<!doctype html>" not in fragment
    assert b'<h2 id="dialog-title">Delete 120 clients?</h2>' in fragment


def test_the_dialog_wants_the_number(as_auditor: Browser) -> None:
    assert b"Type 120 to confirm" in as_auditor.post("/patterns/?dialog=1", {"confirm": "12"}).content
    assert as_auditor.post("/patterns/?dialog=1", {"confirm": "120"}).status_code == 303
