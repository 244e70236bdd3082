"""What a person keeps of the list of clients: its columns, and filters under a name."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clients_ui import columns
from clients_ui.listing import ROOM
from kayse_admin import htmx
from kayse_admin.accounts import preferences, saved
from kayse_admin.accounts.decorators import requires
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import actor_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CLIENTS_VIEW)
def choose_columns(request: HttpRequest) -> HttpResponseBase:
    """Which columns the list has for this person, and in which order. A dialog, and a page without JavaScript."""
    actor, query = actor_of(request), request.GET.urlencode()
    back = reverse("clients_ui:index") + (f"?{query}" if query else "")
    data = request.POST if request.method == "POST" else None
    form = columns.ColumnsForm(data, columns.chosen(actor))
    if data is not None and form.is_valid():
        preferences.write(actor.id or 0, columns.PREFERENCE, form.keys or None)
        return htmx.redirect(request, back)
    context = {
        "question": "Columns of the list",
        "text": "Only for you. The name always comes first; without any place the list has its usual columns.",
        "verb": "Show these columns",
        "action": f"{reverse('clients_ui:columns')}?{query}",
        "cancel_url": back,
        "form": form,
        "fills": True,
    }
    status = 422 if form.errors else 200
    return htmx.render(
        request, "components/dialog_page.html", "clients_ui/_columns.html", context, status=status
    )


#: Keep the search, the filters and the order that stand in the address under a name; forget one of one's own.
save, forget = saved.views(ROOM, Capability.CLIENTS_VIEW)
