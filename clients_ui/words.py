"""What the vendor's results mean to somebody in front of the screen, with the status of the page that says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clients_ui.fields import BY_NAME
from kayse_admin.kayse_api.outcomes import Failed, RateLimited, Rejected, Unknown
from kayse_admin.templatetags.ui import moment


@dataclass(frozen=True, slots=True)
class Problem:
    """What a banner says: kind (warn, bad), title, text; and the HTTP status of the page around it."""

    kind: str
    title: str
    text: str
    status: int


def problem(outcome: Failed, doing: str) -> Problem:
    """Why `doing` ("The client could not be saved") did not come about, and what can be done."""
    if isinstance(outcome, RateLimited):
        again = f"Requests are available again at {moment(outcome.until)}."
        return Problem("warn", f"{doing}: no requests left", f"{again} What you typed is still here.", 429)
    if isinstance(outcome, Rejected):
        said = f" Kayse says: “{outcome.message}”" if outcome.message else ""
        return Problem("bad", doing, f"{outcome.sentence}{said}", 404 if outcome.is_not_found else 422)
    if isinstance(outcome, Unknown):
        return Problem("warn", doing, outcome.sentence, 502)
    return Problem("warn", doing, outcome.sentence, 503)


def named_field(outcome: Rejected) -> str | None:
    """The field that the vendor's reason names, if it names exactly one."""
    found = {
        word for word in re.findall(r"[a-z_0-9]+", f"{outcome.message} {outcome.code}") if word in BY_NAME
    }
    return found.pop() if len(found) == 1 else None
