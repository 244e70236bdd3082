"""The two addresses of single sign-on: the way to the provider and the way back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import requests
from allauth.socialaccount.providers.openid_connect import views
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kayse_admin.accounts.oidc import ASKED_AGAIN

View = Callable[[HttpRequest, str], HttpResponseBase]

logger = logging.getLogger("kayse_admin.accounts")


def in_words(view: View) -> View:
    """Answer 502 with a page when the provider is away, is none, or may not be called; allauth would answer 500."""

    def told(request: HttpRequest, provider_id: str) -> HttpResponseBase:
        try:
            return view(request, provider_id)
        except (requests.RequestException, KeyError, ValueError) as error:
            logger.error("the provider of single sign-on gave no usable answer", exc_info=error)
            return render(request, "socialaccount/authentication_error.html", status=502)

    return require_safe(told)


def _noting(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Note which request asks the provider to make the person sign in again: the answer to that one is a proof."""
    answer: HttpResponseBase = views.login(request, provider_id)
    sent = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    request.session.pop(ASKED_AGAIN, None)
    if sent.get("prompt") == ["login"] and "state" in sent:
        request.session[ASKED_AGAIN] = sent["state"][0]
    return answer


login = in_words(_noting)
callback = in_words(views.callback)
