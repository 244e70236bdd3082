"""Addresses of the audit log."""

from __future__ import annotations

from django.urls import path

from kayse_admin.audit import saved, views

app_name = "audit"

urlpatterns = [
    path("", views.index, name="index"),
    path("numbers/", views.in_numbers, name="numbers"),
    path("export.csv", views.export, {"kind": "csv"}, name="export"),
    path("export.ndjson", views.export, {"kind": "ndjson"}, name="export_ndjson"),
    path("in-full/export.csv", views.export_in_full, {"kind": "csv"}, name="export_in_full"),
    path("in-full/export.ndjson", views.export_in_full, {"kind": "ndjson"}, name="export_ndjson_in_full"),
    path("filters/new/", saved.save, name="save"),
    path("filters/<kid:pk>/forget/", saved.forget, name="forget"),
    path("<uuid:operation>/", views.operation, name="operation"),
    path("<uuid:operation>/reveal/", views.reveal, name="reveal"),
    path("<uuid:operation>/note/", views.note, name="note"),
    path("<uuid:operation>/resolve/", views.resolve, name="resolve"),
]
