"""Characters that turn the direction of the text behind them, such as U+202E.

In a name they could show a page's own words reversed, or hide what a name is. They are kept as data, sent as they were
typed, and shown as a replacement character, so that everybody sees that something odd is there. The marks that names
written from right to left need (U+200E, U+200F) turn nothing and stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_TURN = "[\u202a-\u202e\u2066-\u2069]"
_TURNING = re.compile(_TURN)
#: What a control holds is data, and turns nothing outside of it.
_SHOWN = re.compile(f'(value="[^"]*"|<textarea[^>]*>.*?</textarea>)|{_TURN}', re.DOTALL)
_AS_BYTES = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")


def straight(text: str) -> str:
    """The text as it may be shown."""
    return _TURNING.sub("\ufffd", text)


def shown_straight(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let no page turn direction, wherever on it a name stands; what its controls hold is left as it is."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or not response.get("Content-Type", "").startswith(
            "text/html"
        ):
            return response
        if _AS_BYTES.search(response.content):
            html = response.content.decode(response.charset)
            response.content = _SHOWN.sub(lambda found: found[1] or "\ufffd", html)
        return response

    return middleware
