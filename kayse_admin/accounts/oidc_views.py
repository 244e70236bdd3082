"""The two addresses of single sign-on: the way to the provider and the way back."""

from __future__ import annotations

import logging
from collections.abc import Callable

import requests
from allauth.socialaccount.providers.openid_connect import views
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

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


login = in_words(views.login)
callback = in_words(views.callback)
