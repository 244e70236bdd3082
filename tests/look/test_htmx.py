"""The htmx module: page or fragment, redirect, toast."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from kayse_admin import htmx


def a_request(**headers: str) -> HttpRequest:
    """A GET of /clients/?q=a with these headers."""
    return RequestFactory().get("/clients/?q=a", headers=headers)


def show(request: HttpRequest, **arguments: Any) -> HttpResponse:
    """Render the patterns' empty page through the module."""
    page, fragment = "components/toast.html", "components/empty.html"
    return htmx.render(request, page, fragment, {"icon_name": "users", "title": "Nobody"}, **arguments)


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_page_or_fragment(headers: dict[str, str], fragment: bool) -> None:
    request = a_request(**headers)
    assert htmx.is_fragment(request) is fragment
    answer = show(request, push_url="/clients/?q=a", replace_url="/clients/")
    assert (b"Nobody" in answer.content) is fragment
    assert answer["Vary"] == "HX-Request"
    assert ("HX-Push-Url" in answer) is fragment
    assert ("HX-Replace-Url" in answer) is fragment


def test_the_context_names_the_fragment_and_the_status_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def spy(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        seen.update(context, template=template)
        return HttpResponse(status=status)

    monkeypatch.setattr(htmx, "render_template", spy)
    assert show(a_request(), status=422).status_code == 422
    assert seen["fragment"] == "components/empty.html"
    assert seen["template"] == "components/toast.html"
    assert seen["is_fragment"] is False


def test_redirect() -> None:
    plain = htmx.redirect(a_request(), "/clients/7/")
    assert (plain.status_code, plain["Location"]) == (303, "/clients/7/")
    under_htmx = htmx.redirect(a_request(**{"HX-Request": "true"}), "/clients/7/")
    assert (under_htmx.status_code, under_htmx["HX-Redirect"]) == (200, "/clients/7/")
    assert "Location" not in under_htmx


def test_current_path_is_only_told_for_our_own_pages() -> None:
    ours = {"HX-Request": "true", "HX-Current-URL": "http://testserver/clients/?q=a"}
    assert htmx.current_path(a_request(**ours)) == "/clients/?q=a"
    assert htmx.current_path(a_request(**{**ours, "HX-Current-URL": "http://elsewhere.example/"})) is None
    assert htmx.current_path(a_request()) is None


def test_toast_of_a_fragment_is_an_event_beside_others() -> None:
    answer = HttpResponse()
    htmx.client_event(answer, "dialog-close")
    htmx.toast(answer, "Saved Zoë.", "/clients/7/", "Look")
    told = json.loads(answer["HX-Trigger"])
    assert told["toast"] == {"text": "Saved Zoë.", "link": "/clients/7/", "link_text": "Look"}
    assert "dialog-close" in told
    assert answer["HX-Trigger"].isascii()


def test_toast_before_a_redirect_is_a_message_without_markup_from_outside() -> None:
    request = a_request()
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    htmx.toast(request, "Saved <b>.", "/clients/7/", "<i>")
    htmx.toast(request, "Saved.")
    first, second = (str(message) for message in get_messages(request))
    assert first == 'Saved &lt;b&gt;. <a href="/clients/7/">&lt;i&gt;</a>'
    assert second == "Saved."
