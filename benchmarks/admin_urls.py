"""The dashboard's addresses, and Django's admin over the tables of clients and of audit events."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from clients_ui.models import Client
from kayse_admin.audit.models import Event
from kayse_admin.urls import urlpatterns as ours


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The list as somebody would set it up in an afternoon."""

    list_display = (
        "first_name",
        "last_name",
        "mobile",
        "email",
        "city",
        "state",
        "external_source",
        "told_at",
    )
    search_fields = (
        "first_name",
        "last_name",
        "email",
        "mobile",
        "external_source_id",
        "city",
        "state",
        "postal_code",
    )
    ordering = ("last_name", "first_name", "id")
    list_per_page = 25


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A log as somebody would set it up in an afternoon: newest first, searched, filtered at its side."""

    list_display = ("at", "actor_name", "action", "target_kind", "target_label", "result", "requests")
    list_filter = ("stage", "action", "result", "target_kind")
    search_fields = ("target_label", "actor_name", "reason", "detail")
    ordering = ("-at",)
    list_per_page = 25


urlpatterns = [*ours, path("admin/", admin.site.urls)]
