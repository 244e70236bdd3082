"""Filters of the log that people keep under a name (`accounts.saved`)."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict

from kayse_admin.accounts import saved
from kayse_admin.accounts.roles import Capability
from kayse_admin.audit.forms import FilterForm


def _asked(request: HttpRequest) -> saved.Asked | None:
    form = FilterForm(request.GET)
    if not form.is_valid() or not form.chips():
        return None
    kept = QueryDict(mutable=True)
    kept.update({name: request.GET[name] for name, _, _ in form.chips()})
    words = "; ".join(f"{label}: {words}" for _, label, words in form.chips())
    return saved.Asked(kept.urlencode(), words)


ROOM = saved.Room("audit", "audit:index", _asked)


#: Keep the filter that stands in the address under a name; forget one of one's own.
save, forget = saved.views(ROOM, Capability.AUDIT_VIEW)
