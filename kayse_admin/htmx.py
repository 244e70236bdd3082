"""The only module that knows htmx headers: page or fragment, redirect, toast, event to the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render as render_template
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event
from django_htmx.http import push_url as set_push_url
from django_htmx.http import replace_url as set_replace_url
from django_htmx.middleware import HtmxDetails

from kayse_admin.direction import straight


class SeeOther(HttpResponseRedirect):
    """303: whatever the method was, what follows is a GET."""

    status_code = 303


def is_htmx(request: HttpRequest) -> bool:
    """True if htmx sent the request, whatever it wants back."""
    return bool(HtmxDetails(request))


def is_fragment(request: HttpRequest) -> bool:
    """True if the answer goes into a page that is there: from htmx, not boosted, not a history restore."""
    htmx = HtmxDetails(request)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def current_path(request: HttpRequest) -> str | None:
    """Path and query of the page around the fragment; None without htmx, or if it is not one of ours."""
    return HtmxDetails(request).current_url_abs_path


def render(
    request: HttpRequest,
    page_template: str,
    fragment_template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    push_url: str | None = None,
    replace_url: str | None = None,
) -> HttpResponse:
    """The page, or its fragment alone when htmx asks for it; both get the same context.

    The page includes the fragment by `{% include fragment %}`; `is_fragment` tells which of the two it is.
    `push_url` and `replace_url` are the canonical address for the browser's address bar (a new entry in its
    history, or the same one); they only matter to htmx.
    """
    fragment = is_fragment(request)
    template = fragment_template if fragment else page_template
    told = {**context, "fragment": fragment_template, "is_fragment": fragment}
    response = render_template(request, template, told, status=status)
    patch_vary_headers(response, ["HX-Request"])
    if fragment and push_url is not None:
        set_push_url(response, push_url)
    if fragment and replace_url is not None:
        set_replace_url(response, replace_url)
    return response


def redirect(request: HttpRequest, url: str) -> HttpResponseBase:
    """Send the browser to `url` as a new page: HX-Redirect under htmx, 303 without."""
    response: HttpResponseBase = HttpResponseClientRedirect(url) if is_htmx(request) else SeeOther(url)
    patch_vary_headers(response, ["HX-Request"])
    return response


def toast(
    target: HttpRequest | HttpResponse, message: str, link: str = "", link_text: str = ""
) -> HttpRequest | HttpResponse:
    """Say that something succeeded. Give the request if a redirect follows, else the fragment's response.

    Only for success: what failed, or may have failed, is said on the page, where it stays.
    """
    if isinstance(target, HttpResponse):
        return client_event(
            target, "toast", {"text": straight(message), "link": link, "link_text": link_text}
        )
    said = format_html('{} <a href="{}">{}</a>', message, link, link_text) if link else message
    messages.success(target, said)
    return target


def client_event(response: HttpResponse, name: str, detail: dict[str, Any] | None = None) -> HttpResponse:
    """Let the page hear the event `name` (HX-Trigger); other events of the response are kept."""
    return trigger_client_event(response, name, detail)
